import { ConfigError } from '../../../shared/errors.ts';

/** When a sound is speech, and when speech is over. */
export interface OnsetPolicy {
  /** Probability of speech in a frame at and above which it counts towards an onset. */
  readonly speechProbability: number;
  /** Probability below which a frame counts towards a pause. Between the two nothing changes. */
  readonly silenceProbability: number;
  /**
   * So much clear speech is an onset: it opens the caller's turn, and silences the agent. Less clear speech must last
   * longer, by how much less clear it is.
   */
  readonly onsetMs: number;
  /** So much clear speech on a line that has misled us lately; half of it where the sound comes out of silence. */
  readonly doubtfulOnsetMs: number;
  /** Silence must last so long to be a pause. */
  readonly pauseMs: number;
  /** Each false stop makes the line's sounds more doubtful; it is forgiven after so long. 0: never doubted. */
  readonly doubtMs: number;
  /** The agent's own voice coming back over the line does not interrupt it. */
  readonly echoGuard: boolean;
}

/** What happens when the caller makes a sound while the agent speaks. */
export interface InterruptionPolicy {
  /** The agent falls silent at once but goes on if it was no interruption: a cough, an "mhm", its own echo. */
  readonly tentative: boolean;
  /** After so much silence without a word the agent goes on where it stopped. */
  readonly resumeMs: number;
  /** A sound without a word being recognised in it keeps the agent silent for so long at most, lasting or not. */
  readonly wordlessMs: number;
  /** And for so long while it is one voice beyond doubt: the recogniser may be slow, or the first word long. */
  readonly clearWordlessMs: number;
  /** Acknowledgements ("mhm", "okay") do not take the floor. */
  readonly backchannels: boolean;
  /** But they do when less than this of the agent's turn is left: then they answer it. */
  readonly backchannelTailMs: number;
}

/** When the caller's turn is over. */
export interface EndpointingPolicy {
  /** The pause that ends a turn which sounds finished. */
  readonly minHoldMs: number;
  /** The pause that ends a turn about which nothing is known. */
  readonly holdMs: number;
  /** The pause that ends a turn which sounds unfinished ("my number is, um"). */
  readonly maxHoldMs: number;
  /** What decides between them. `off`: always `holdMs`. */
  readonly judgement: 'off' | 'text';
  /** Callers who pause long within their turns are given longer. */
  readonly adaptToCaller: boolean;
  /** A partial that has not changed for so long counts as settled; the recogniser's final need not be waited for. */
  readonly stablePartialMs: number;
  /** How long after the caller's last speech words are waited for when there are none. Then it was a noise. */
  readonly wordsWaitMs: number;
  /** How long when there are some, but they lack the latest speech or still change. Then what there is must do. */
  readonly lateWordsWaitMs: number;
  /** Sound goes on, but for so long nothing of it was recognised after some words: the words were the turn. */
  readonly wordlessSpeechMs: number;
  /** Speech without a pause is cut into a turn after so long (music on the line, a radio). */
  readonly maxCallerTurnMs: number;
}

/** Answers that are begun before it is certain that the caller has finished, and thrown away if not. */
export interface DraftPolicy {
  /** `text` asks the model early, `speech` synthesises the first words too. Nothing of a draft is ever heard. */
  readonly mode: 'off' | 'text' | 'speech';
  /** How many drafts one turn of the caller may cost. */
  readonly maxPerTurn: number;
}

/** When the agent turns to a caller who says nothing; what it says then are its phrases. */
export interface AwayPolicy {
  /** Silence after the agent was heard to its end, until it asks. 0: it never asks. */
  readonly afterMs: number;
}

export interface PlayoutPolicy {
  /** How far ahead of the caller's ear frames are sent. All of it is lost, not heard, when the caller cuts in. */
  readonly leadMs: number;
  /** Synthesised audio kept ready; the synthesiser waits beyond it. */
  readonly maxBufferedMs: number;
}

/** What a caller who waits for the agent hears. */
export interface WaitingPolicy {
  /** So long after the caller has finished, or has heard the last thing, the wait is filled. The promise is 3 s. */
  readonly fillAfterMs: number;
  /** So often with a few words; then the wait is explained, then given up. */
  readonly maxFillers: number;
  /** What follows once the wait was given up: the agent listens on, or hangs up. */
  readonly afterGivingUp: 'listen' | 'hang-up';
}

export interface RecoveryPolicy {
  /** An answer that comes within this time after its wait was given up is still spoken; then it is dropped. */
  readonly stallMs: number;
}

/** How a conversation takes turns. All times in milliseconds. */
export interface TurnPolicy {
  readonly onset: OnsetPolicy;
  readonly interruption: InterruptionPolicy;
  readonly endpointing: EndpointingPolicy;
  readonly drafts: DraftPolicy;
  readonly away: AwayPolicy;
  readonly playout: PlayoutPolicy;
  readonly waiting: WaitingPolicy;
  readonly recovery: RecoveryPolicy;
}

/** What an agent wants otherwise than the defaults. */
export type TurnPolicyChanges = { readonly [Group in keyof TurnPolicy]?: Partial<TurnPolicy[Group]> };

/** Chosen by what docs/tuning.md tells of. */
export const DEFAULT_TURN_POLICY = {
  onset: {
    speechProbability: 0.4,
    silenceProbability: 0.35,
    onsetMs: 20,
    doubtfulOnsetMs: 128,
    pauseMs: 160,
    doubtMs: 30_000,
    echoGuard: true,
  },
  interruption: {
    tentative: true,
    resumeMs: 350,
    wordlessMs: 680,
    clearWordlessMs: 1500,
    backchannels: true,
    backchannelTailMs: 1000,
  },
  endpointing: {
    minHoldMs: 250,
    holdMs: 500,
    maxHoldMs: 1800,
    judgement: 'text',
    adaptToCaller: true,
    stablePartialMs: 120,
    wordsWaitMs: 2500,
    lateWordsWaitMs: 6000,
    wordlessSpeechMs: 2500,
    maxCallerTurnMs: 60_000,
  },
  drafts: { mode: 'speech', maxPerTurn: 3 },
  away: { afterMs: 15_000 },
  playout: { leadMs: 400, maxBufferedMs: 10_000 },
  waiting: { fillAfterMs: 2600, maxFillers: 3, afterGivingUp: 'listen' },
  recovery: { stallMs: 15_000 },
} as const satisfies TurnPolicy;

/**
 * The defaults with an agent's changes.
 * @throws {ConfigError} that names the two fields, when they contradict each other
 */
export function turnPolicy(changes: TurnPolicyChanges = {}): TurnPolicy {
  const policy: TurnPolicy = {
    onset: { ...DEFAULT_TURN_POLICY.onset, ...changes.onset },
    interruption: { ...DEFAULT_TURN_POLICY.interruption, ...changes.interruption },
    endpointing: { ...DEFAULT_TURN_POLICY.endpointing, ...changes.endpointing },
    drafts: { ...DEFAULT_TURN_POLICY.drafts, ...changes.drafts },
    away: { ...DEFAULT_TURN_POLICY.away, ...changes.away },
    playout: { ...DEFAULT_TURN_POLICY.playout, ...changes.playout },
    waiting: { ...DEFAULT_TURN_POLICY.waiting, ...changes.waiting },
    recovery: { ...DEFAULT_TURN_POLICY.recovery, ...changes.recovery },
  };
  const { onset, endpointing } = policy;
  // Without a length an onset would be in every frame, of silence too, and the agent could never speak.
  mustRise('onset', { zero: 0, onsetMs: onset.onsetMs, doubtfulOnsetMs: onset.doubtfulOnsetMs });
  mustRise('onset', { silenceProbability: onset.silenceProbability, speechProbability: onset.speechProbability });
  mustRise('interruption', {
    wordlessMs: policy.interruption.wordlessMs,
    clearWordlessMs: policy.interruption.clearWordlessMs,
  });
  mustRise('endpointing', {
    'onset.pauseMs': onset.pauseMs,
    minHoldMs: endpointing.minHoldMs,
    holdMs: endpointing.holdMs,
    maxHoldMs: endpointing.maxHoldMs,
    lateWordsWaitMs: endpointing.lateWordsWaitMs,
  });
  return policy;
}

function mustRise(group: string, fields: Readonly<Record<string, number>>): void {
  const entries = Object.entries(fields);
  for (const [at, [name, value]] of entries.entries()) {
    const [before, least] = entries[at - 1] ?? [name, Number.NEGATIVE_INFINITY];
    const tooSmall = before === 'zero' ? value <= least : value < least;
    if (tooSmall) {
      const [own, other] = [asWritten(name), asWritten(before)];
      throw new ConfigError(`turns.${group}.${own} is ${value}, but must not be less than ${other} (${least}).`);
    }
  }
}

/** As an agent's definition names it. */
const asWritten = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
