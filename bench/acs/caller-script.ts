/** What a caller does next, decided from what the line sounds like. Times in milliseconds. */
export type CallerState =
  /** Says nothing until `untilMs`, or until the agent has fallen silent if it is audible then. */
  | { readonly name: 'pausing'; readonly untilMs: number }
  | { readonly name: 'saying'; readonly what: 'turn' | 'interruption' }
  /** The answer to what was said must be audible by then. */
  | { readonly name: 'waiting'; readonly byMs: number }
  /** Hears the agent, and cuts in at `interruptAtMs` where it means to. */
  | { readonly name: 'listening'; readonly interruptAtMs: number };

/**
 * How many of the answers a caller cuts off, how long it lets the agent speak before, and how long it is from the end of an
 * answer to the caller's next turn: at least and at most.
 */
export const HABITS = {
  /** Talk that is denser than a real call's: an interruption every six seconds or so. */
  lively: { interrupts: 0.8, interruptAfterMs: [1000, 3500], pauseMs: [400, 1500] },
  /** Talk as on real lines: most answers are heard to their end, one in five is cut short. */
  ordinary: { interrupts: 0.2, interruptAfterMs: [1000, 6000], pauseMs: [800, 3000] },
} as const;
export type CallerHabits = (typeof HABITS)[keyof typeof HABITS];

export type CallerEvent = 'said' | 'answer-audible' | 'tick';
export type CallerAct = 'say-turn' | 'say-interruption' | 'give-up-waiting';

export interface CallerContext {
  readonly nowMs: number;
  /** For how long the agent has not been heard; 0 while it is. */
  readonly agentQuietMs: number;
  readonly random: () => number;
}

const PATIENCE_MS = 10_000;
/** The caller takes a glitch of the line for no end of the answer. */
const MUST_BE_OVER_MS = 700;

/** One step of the caller. */
export function step(
  state: CallerState,
  event: CallerEvent,
  { nowMs, agentQuietMs, random }: CallerContext,
  habits: CallerHabits,
): { readonly state: CallerState; readonly act?: CallerAct } {
  const between = ([least, most]: readonly [number, number]) => least + (most - least) * random();
  const pausing = (): CallerState => ({ name: 'pausing', untilMs: nowMs + between(habits.pauseMs) });
  switch (state.name) {
    case 'pausing':
      if (agentQuietMs === 0) return { state: pausing() };
      if (nowMs < state.untilMs) return { state };
      return { state: { name: 'saying', what: 'turn' }, act: 'say-turn' };
    case 'saying':
      return { state: event === 'said' ? { name: 'waiting', byMs: nowMs + PATIENCE_MS } : state };
    case 'waiting':
      if (event === 'answer-audible') {
        const cutsIn = random() < habits.interrupts;
        const afterMs = between(habits.interruptAfterMs);
        return { state: { name: 'listening', interruptAtMs: cutsIn ? nowMs + afterMs : Number.POSITIVE_INFINITY } };
      }
      return nowMs < state.byMs ? { state } : { state: pausing(), act: 'give-up-waiting' };
    case 'listening':
      if (agentQuietMs > MUST_BE_OVER_MS) return { state: pausing() };
      if (nowMs < state.interruptAtMs || agentQuietMs > 0) return { state };
      return { state: { name: 'saying', what: 'interruption' }, act: 'say-interruption' };
  }
}
