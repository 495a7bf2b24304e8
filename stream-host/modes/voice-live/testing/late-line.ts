import type { Clock } from '../../../../shared/clock.ts';
import type { Fields } from '../../../realtime/fields.ts';
import type { ScriptedLine } from '../../../realtime/testing/scripted-service.ts';

/** How often it is seen whether what is late may come. */
const LOOK_MS = 50;

/** What a service says comes so much later, infinite: not at all until it is less; in its order, whatever becomes of that. */
export function lateLine(line: ScriptedLine, clock: Clock, lateMs: () => number): ScriptedLine {
  const held: { readonly events: readonly Fields[]; readonly saidMs: number }[] = [];
  const look = (): void => {
    for (let next = held[0]; next; next = held[0]) {
      const waitMs = next.saidMs + lateMs() - clock.now();
      if (waitMs > 0) {
        clock.after(Math.min(waitMs, LOOK_MS), look);
        return;
      }
      held.shift();
      line.say(...next.events);
    }
  };
  return {
    ...line,
    say: (...events) => {
      if (lateMs() === 0 && held.length === 0) line.say(...events);
      else if (held.push({ events, saidMs: clock.now() }) === 1) look();
    },
  };
}
