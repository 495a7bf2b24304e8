/** How a conversation takes turns. All times in milliseconds. */
export interface TurnPolicy {
  /** Probability of speech in a frame at and above which it counts towards an onset. */
  readonly speechProbability: number;
  /** Probability below which a frame counts towards a pause. Between the two nothing changes. */
  readonly silenceProbability: number;
  /** Speech must last so long to be an onset: it opens the caller's turn, and stops the agent. */
  readonly onsetMs: number;
  /** Silence must last so long to be a pause. The hold below counts from where the pause began. */
  readonly pauseMs: number;
  /** The caller's turn is over when a pause has lasted so long and the words are settled. */
  readonly holdMs: number;
  /** A partial that has not changed for so long counts as settled; the recogniser's final need not be waited for. */
  readonly stablePartialMs: number;
  /** How long after the caller's last speech words are waited for when there are none. Then it was a noise. */
  readonly wordsWaitMs: number;
  /** How long when there are some, but they lack the latest speech or still change. Then what there is must do. */
  readonly lateWordsWaitMs: number;
  /** Speech without a pause is cut into a turn after so long (music on the line, a radio). */
  readonly maxCallerTurnMs: number;
  /** A turn of the agent that makes no progress for so long (no token, tool result or frame) is a fault and is ended. */
  readonly stallMs: number;
  /** How far ahead of the caller's ear frames are sent. All of it is lost, not heard, when the caller cuts in. */
  readonly playoutLeadMs: number;
  /** Synthesised audio kept ready; the synthesiser waits beyond it. */
  readonly maxBufferedMs: number;
  /** Said when a turn failed before anything of it was heard. */
  readonly apology: string;
  /** Said first when a conversation is taken up again after its line or its host was lost. */
  readonly resumption: string;
}

export const DEFAULT_TURN_POLICY = {
  speechProbability: 0.5,
  silenceProbability: 0.35,
  onsetMs: 96,
  pauseMs: 160,
  holdMs: 500,
  stablePartialMs: 250,
  wordsWaitMs: 2500,
  lateWordsWaitMs: 6000,
  maxCallerTurnMs: 60_000,
  stallMs: 15_000,
  playoutLeadMs: 120,
  maxBufferedMs: 10_000,
  apology: 'Sorry, something went wrong on my side. Could you say that again?',
  resumption: 'Sorry, we were cut off for a moment. Please go on.',
} as const satisfies TurnPolicy;
