import { type Cue, cuesIn } from './cues.ts';
import type { Tone } from './tone-detector.ts';
import type { Judgement, Verdict } from './verdict.ts';

/** What is known of a line so far. Times are milliseconds of its audio. */
export interface Evidence {
  readonly nowMs: number;
  /** Undefined while nothing was heard. */
  readonly firstSoundMs: number | undefined;
  readonly soundMs: number;
  /** For how long nothing has been heard now. */
  readonly silentMs: number;
  /** The longest silence between two sounds. */
  readonly longestGapMs: number;
  /** All that has been said, as far as it is recognised. */
  readonly text: string;
  /** Those that have ended, the first one first. */
  readonly tones: readonly Tone[];
  /** How long the last sound is that has no words, and may be a telephone that rings. Without it, it is none. */
  readonly wordlessMs?: number;
}

/** The verdict must be there 4 s after the first sound; some of that goes to frames and timers. */
const DECIDED_WITHIN_MS = 3900;
/** Who says so much, or less, and then waits, has answered the telephone. */
const LONGEST_HELLO_MS = 2800;
/** A machine pauses between two sentences, but hardly longer than this. */
const HUMAN_WAITS_MS = 1300;
/** Who has asked something and pauses waits for an answer; so does who is silent as the time runs out. */
const ASKER_WAITS_MS = 600;
/** Of a pause that has ended, so much more must have been: machines pause between two sentences. */
const TURN_MS = 300;
/** So much speech before a beep was a recording: "Leave a message." (Nobody beeps who has only said hello.) */
const SPOKEN_BEFORE_BEEP_MS = 900;
/** Who has said something formal and speaks on for so long is a recording. */
const SPEECH_MS = 9000;
/** Who has said less and is silent for so long waits for us. A machine would have beeped. */
const LISTENS_MS = 3000;
/** Nobody says anything. */
const SILENCE_MS = 10_000;
/** Of special information tones (ITU-T E.180): 950, 1,400 and 1,800 Hz, each 330 ms, one after the other. */
const SIT_HZ = [950, 1400, 1800] as const;
const SIT_WITHIN_HZ = 60;
/** A busy signal or a congested network: the same tone again and again. */
const CADENCE = 3;
/** With less besides the tones nobody has spoken. */
const LEAST_SPEECH_MS = 500;
/** Where telephones ring, a longer sound without words is one: "Please hold." */
const LONGEST_BEEP_MS = 900;
/** A tone that fades is heard for so much longer. */
const TONE_TAIL_MS = 200;

/**
 * Judges who has answered. A machine is only called one for what it says, or for its beep after it has spoken: that
 * somebody speaks long proves nothing, as a shop may answer with a whole sentence, and to hang up on people is the worse
 * mistake. Nothing is waited for on a human's account.
 * @param cues those of the text: it is judged with every other frame, and has new words twice a second
 * @returns undefined while it cannot be told, which is no longer than 4 s after the first sound
 */
export function judgeLine(evidence: Evidence, cues = cuesIn(evidence.text)): Judgement | undefined {
  const { nowMs, firstSoundMs, soundMs, silentMs, tones, wordlessMs = 0 } = evidence;
  if (isNetworkTone(tones, soundMs)) return { verdict: 'unavailable', reason: 'network-tone' };
  if (firstSoundMs === undefined) return nowMs >= SILENCE_MS ? { verdict: 'unsure', reason: 'silence' } : undefined;
  const told = toldBy(cues);
  if (told) return told;
  const speechMs = soundMs - toneMs(tones);
  if (hasBeeped(evidence)) return { verdict: 'voicemail', reason: 'beep' };
  const asks = cues.has('person');
  const isRecorded = cues.has('recorded') && !asks;
  const hasSpoken = speechMs > 0 && wordlessMs === 0;
  const waits = asks
    ? silentMs >= ASKER_WAITS_MS
    : !isRecorded && silentMs >= HUMAN_WAITS_MS && speechMs <= LONGEST_HELLO_MS;
  if (hasSpoken && waits) return { verdict: 'human', reason: asks ? 'phrase' : 'rhythm' };
  if (nowMs - firstSoundMs < DECIDED_WITHIN_MS) return undefined;
  if (isRecorded) return { verdict: 'voicemail', reason: 'phrase' };
  if (asks) return { verdict: 'human', reason: 'phrase' };
  // Whoever has paused has let the agent speak, and answers it now.
  const paused = Math.max(silentMs, isRecorded || cues.has('formal') ? 0 : evidence.longestGapMs - TURN_MS);
  if (hasSpoken && paused >= ASKER_WAITS_MS) return { verdict: 'human', reason: 'rhythm' };
  return { verdict: 'unsure', reason: 'time' };
}

/** What becomes clear only later of a line that nobody was sure about, or that was taken for another machine, or for a person. */
export function judgeAgain(evidence: Evidence, before: Verdict, cues = cuesIn(evidence.text)): Judgement | undefined {
  // Words that come late: it was a menu that paused behind its welcome.
  if (before === 'human') return cues.has('keys') ? { verdict: 'menu', reason: 'phrase' } : undefined;
  const told = toldBy(cues);
  if (told) return told;
  if (before !== 'unsure') return undefined;
  if (hasBeeped(evidence)) return { verdict: 'voicemail', reason: 'beep' };
  const { soundMs, silentMs, tones, wordlessMs = 0 } = evidence;
  const asks = cues.has('person');
  if (asks && silentMs >= ASKER_WAITS_MS) return { verdict: 'human', reason: 'phrase' };
  const waits = silentMs >= LISTENS_MS && soundMs - toneMs(tones) < SPEECH_MS;
  if (waits && wordlessMs === 0) return { verdict: 'human', reason: 'rhythm' };
  const isFormal = !asks && (cues.has('formal') || cues.has('recorded'));
  return isFormal && soundMs - toneMs(tones) >= SPEECH_MS ? { verdict: 'voicemail', reason: 'phrase' } : undefined;
}

function toldBy(cues: ReadonlySet<Cue>): Judgement | undefined {
  for (const verdict of ['voicemail', 'unavailable', 'menu'] as const) {
    if (cues.has(verdict) || (verdict === 'menu' && cues.has('keys'))) return { verdict, reason: 'phrase' };
  }
  return undefined;
}

const toneMs = (tones: readonly Tone[]): number => tones.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);

/** A tone after a speech, and nothing after it. */
function hasBeeped(evidence: Evidence): boolean {
  const { tones, soundMs, silentMs, firstSoundMs = 0, wordlessMs = 0 } = evidence;
  const last = lastTone(evidence);
  const mayRing = wordlessMs > LONGEST_BEEP_MS || (wordlessMs > 0 && silentMs < TONE_TAIL_MS);
  if (!last || mayRing) return false;
  const isLater = last.startMs - firstSoundMs >= SPOKEN_BEFORE_BEEP_MS;
  return isLater && soundMs - toneMs(tones) >= SPOKEN_BEFORE_BEEP_MS;
}

/** The last that was heard, where it was a tone. */
export function lastTone({ tones, nowMs, silentMs }: Evidence): Tone | undefined {
  const last = tones.at(-1);
  return last && last.endMs + TONE_TAIL_MS >= nowMs - silentMs ? last : undefined;
}

function isNetworkTone(tones: readonly Tone[], soundMs: number): boolean {
  const last = tones.slice(-SIT_HZ.length);
  const [first] = last;
  if (!first || last.length < SIT_HZ.length) return false;
  if (last.every(({ hz }, i) => Math.abs(hz - (SIT_HZ[i] ?? 0)) <= SIT_WITHIN_HZ)) return true;
  const isEven = last.every(({ hz }) => Math.abs(hz - first.hz) <= SIT_WITHIN_HZ);
  return isEven && tones.length >= CADENCE && soundMs - toneMs(tones) < LEAST_SPEECH_MS;
}
