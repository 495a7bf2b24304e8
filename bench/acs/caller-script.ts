/** What a caller does next, decided from what the line sounds like. Times in milliseconds. */
export type CallerState =
  /** Says nothing until `untilMs`, or until the agent has fallen silent if it is audible then. */
  | { readonly name: 'pausing'; readonly untilMs: number }
  | { readonly name: 'saying'; readonly what: 'turn' | 'interruption' }
  /** The answer to what was said must be audible by then. */
  | { readonly name: 'waiting'; readonly byMs: number }
  /** Hears the agent, and cuts in at `interruptAtMs` where it means to. */
  | { readonly name: 'listening'; readonly interruptAtMs: number };

export interface CallerHabits {
  /** How many of the answers a caller cuts off. */
  readonly interrupts: number;
  /** How long it lets the agent speak before. */
  readonly interruptAfterMs: readonly [least: number, most: number];
  /** From the end of an answer to the caller's next turn. */
  readonly pauseMs: readonly [least: number, most: number];
  readonly patienceMs: number;
}

/** Talk that is denser than a real call's: an interruption every six seconds or so. */
export const LIVELY = {
  interrupts: 0.8,
  interruptAfterMs: [1000, 3500],
  pauseMs: [400, 1500],
  patienceMs: 10_000,
} as const satisfies CallerHabits;

/** Talk as on real lines: most answers are heard to their end, one in five is cut short. */
export const ORDINARY = {
  interrupts: 0.2,
  interruptAfterMs: [1000, 6000],
  pauseMs: [800, 3000],
  patienceMs: 10_000,
} as const satisfies CallerHabits;

export const HABITS = { lively: LIVELY, ordinary: ORDINARY } as const;

export type CallerEvent = 'said' | 'answer-audible' | 'tick';

export type CallerAct = 'say-turn' | 'say-interruption' | 'give-up-waiting';

export interface CallerContext {
  readonly nowMs: number;
  /** For how long the agent has not been heard; 0 while it is. */
  readonly agentQuietMs: number;
  readonly random: () => number;
}

const MUST_BE_OVER_MS = 700;

/** One step of the caller. */
export function step(
  state: CallerState,
  event: CallerEvent,
  { nowMs, agentQuietMs, random }: CallerContext,
  habits: CallerHabits,
): { readonly state: CallerState; readonly act?: CallerAct } {
  const between = ([least, most]: readonly [number, number]) => least + (most - least) * random();
  switch (state.name) {
    case 'pausing':
      if (agentQuietMs === 0) return { state: { name: 'pausing', untilMs: nowMs + between(habits.pauseMs) } };
      if (nowMs < state.untilMs) return { state };
      return { state: { name: 'saying', what: 'turn' }, act: 'say-turn' };
    case 'saying':
      if (event !== 'said') return { state };
      return { state: { name: 'waiting', byMs: nowMs + habits.patienceMs } };
    case 'waiting':
      if (event === 'answer-audible') {
        const cutsIn = random() < habits.interrupts;
        const afterMs = between(habits.interruptAfterMs);
        return { state: { name: 'listening', interruptAtMs: cutsIn ? nowMs + afterMs : Number.POSITIVE_INFINITY } };
      }
      if (nowMs < state.byMs) return { state };
      return { state: { name: 'pausing', untilMs: nowMs + between(habits.pauseMs) }, act: 'give-up-waiting' };
    case 'listening':
      // The caller takes a glitch of the line for no end of the answer.
      if (agentQuietMs > MUST_BE_OVER_MS)
        return { state: { name: 'pausing', untilMs: nowMs + between(habits.pauseMs) } };
      if (nowMs < state.interruptAtMs || agentQuietMs > 0) return { state };
      return { state: { name: 'saying', what: 'interruption' }, act: 'say-interruption' };
  }
}
