import type { Clock } from '../../../../shared/clock.ts';
import type { Fields } from '../../../realtime/fields.ts';
import type { ScriptedLine } from '../../../realtime/testing/scripted-service.ts';

/** How what a service says comes to us. */
interface Wire {
  readonly clock: Clock;
  /** So much later, infinite: not at all until it is less; in its order, whatever becomes of that. */
  readonly lateMs: number;
  /** As no JSON any more. */
  readonly isGarbled: boolean;
}

/** How often it is seen whether what is late may come. */
const LOOK_MS = 50;

/** The line of a service whose wire is bad at times. */
export function badLine(line: ScriptedLine, wire: Wire): ScriptedLine {
  const { clock } = wire;
  const held: { readonly events: readonly Fields[]; readonly saidMs: number }[] = [];
  const hand = (events: readonly Fields[]): void => {
    if (wire.isGarbled) for (const event of events) line.sayText(`?${JSON.stringify(event)}`);
    else line.say(...events);
  };
  const look = (): void => {
    for (let next = held[0]; next; next = held[0]) {
      const waitMs = next.saidMs + wire.lateMs - clock.now();
      if (waitMs > 0) {
        clock.after(Math.min(waitMs, LOOK_MS), look);
        return;
      }
      held.shift();
      hand(next.events);
    }
  };
  return {
    ...line,
    say: (...events) => {
      if (wire.lateMs === 0 && held.length === 0) hand(events);
      else if (held.push({ events, saidMs: clock.now() }) === 1) look();
    },
  };
}
