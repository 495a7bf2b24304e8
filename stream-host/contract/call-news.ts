import type { ToolItem } from '../../shared/sessions/history.ts';

/** Something that has happened in the call, or come of what was done with it, as the agent is told of it. */
export interface CallNews {
  /** What the agent knows from now on: it stands in the history as the result of a tool. */
  readonly item?: ToolItem | undefined;
  /** What it says of it: nothing, what its model makes of it, or a line word for word. */
  readonly speech: 'none' | 'own-words' | { readonly line: string };
  /** What it is about. What was to be said of the same before, and is not said yet, is not said any more. */
  readonly topic?: string | undefined;
  /** What was said of it was heard to its end, or was cut off or failed. Told once; never where nothing is said. */
  readonly onSpoken?: ((heard: boolean) => void) | undefined;
  /** It is said to whoever else is in the call, while the caller does not hear the agent, and never to him. */
  readonly aside?: boolean | undefined;
}

/**
 * Whom a mode attends to. `waiting`: the caller is there and waits for something to come of the call, and is not asked
 * whether he is. `nobody`: he is on hold, does not hear the agent and is not heard, and what the line brings is not his.
 * Then nothing is said but what is said aside; what he has not heard of a turn is no history, and is owed to him.
 */
export type Attention = 'caller' | 'waiting' | 'nobody';
