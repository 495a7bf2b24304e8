import { BYTES_PER_MS } from '../../../shared/audio/pcm.ts';
import type { Cancel } from '../../../shared/clock.ts';
import type { OpenRecogniser, OpenVoiceActivity, Recogniser, VoiceActivity } from '../../contract/speech.ts';
import { CallerWords, type Hearing } from './caller-words.ts';
import type { Ear, EarNeeds, OpenEar } from './ear.ts';
import { EchoGuard } from './echo/echo-guard.ts';
import { echoesOf } from './echo/echoed-words.ts';
import { SoundTrail } from './sound-trail.ts';
import { type AskOrigin, type HeardSound, SpeechDetector, type VoiceOrigin } from './speech-detector.ts';

/** What a caller is heard with. */
export interface HearingPorts {
  readonly openVoiceActivity: OpenVoiceActivity;
  readonly openRecogniser: OpenRecogniser;
  /** What is made of the samples. Without it, by the engine's own means. */
  readonly senses?: Senses | undefined;
}

/** All that the ear finds out from samples by itself. A record of a call holds its answers in place of the sound. */
export interface Senses {
  openTrail(): Trail;
  openEchoGuard(): EchoSense;
}

export type Trail = Pick<SoundTrail, 'write' | 'levelAt' | 'brightnessAt' | 'periodicityAt' | 'endOfSound'>;
export type EchoSense = Pick<EchoGuard, 'played' | 'stopped' | 'heard' | 'judge' | 'path'>;

/** What the engine hears with by itself. */
export const OWN_SENSES: Senses = { openTrail: () => new SoundTrail(), openEchoGuard: () => new EchoGuard() };

/** An ear that hears the caller's audio. */
export const listenWith =
  (ports: HearingPorts): OpenEar =>
  (needs) =>
    new CallerLine({ ...ports, ...needs });

type CallerLineOptions = HearingPorts & EarNeeds;

/** How long a failed voice-activity detector is left before another is opened. */
const REOPEN_DETECTOR_MS = 1000;
const REOPEN_RECOGNISER_MS = 10_000;
/** So many turns of clear speech, to which it has said nothing at all, make a recogniser suspect. */
const DEAF_AFTER_TURNS = 3;
/** Words come so late after their sound at most, as a rule. */
const SOMEONE_SPOKE_MS = 2000;
/** So long after the agent's last sound it may still come back. */
const ECHO_TAIL_MS = 700;
/** How loud a caller's vowels are until one has been heard: lines are set to speech of -26 dB (ITU-T P.56). */
const USUAL_CALLER_DB = -22;
/**
 * Who is so much less loud than the caller, even where it is clearly one voice, is farther away and somebody else. What is
 * less clear must be louder for it, but never louder than a caller at their softest.
 */
const FARTHER_DB = 16;
const PER_UNCLEARNESS_DB = 45;
const SOFTEST_DB = 5;

/**
 * Everything that listens to the caller: voice activity, recogniser, and the guard against the agent's own echo. Each may
 * fail and is opened again; the conversation goes on with what is left.
 */
export class CallerLine implements Ear {
  readonly words: CallerWords;
  readonly #options: CallerLineOptions;
  readonly #trail: Trail;
  readonly #detector: SpeechDetector;
  readonly #echoGuard: EchoSense | undefined;
  #voiceActivity: VoiceActivity | undefined;
  #recogniser: Recogniser | undefined;
  #cancelDetectorReopen: Cancel = () => {};
  #cancelRecogniserReopen: Cancel = () => {};
  /** How much of the caller's audio has come, and up to where in it there was speech. */
  #receivedMs = 0;
  #spokenUntilMs = Number.NEGATIVE_INFINITY;
  #seenUntilMs = 0;
  #onsetMs = Number.POSITIVE_INFINITY;
  #agentHeardUntilMs = Number.NEGATIVE_INFINITY;
  #turnsUnheard = 0;
  /** How loud the caller was at the loudest when last understood. */
  #callerDb = USUAL_CALLER_DB;
  #closed = false;

  constructor(options: CallerLineOptions) {
    const { policy, senses = OWN_SENSES } = options;
    this.#options = options;
    this.#trail = senses.openTrail();
    this.#detector = new SpeechDetector(policy.onset, this.#trail);
    this.#echoGuard = policy.onset.echoGuard ? senses.openEchoGuard() : undefined;
    this.words = new CallerWords(policy.endpointing.stablePartialMs);
  }

  /** The caller makes sounds now. */
  get speaking(): boolean {
    return this.#detector.speaking;
  }

  /** When the caller's newest speech came. */
  get lastSpeechMs(): number {
    return this.#detector.lastSpeechMs;
  }

  get voiceIsLikely(): boolean {
    return this.#detector.isVoice || this.#detector.isClear;
  }

  get utteranceMs(): number {
    return this.#detector.lastSpeechMs - this.#onsetMs;
  }

  /**
   * What the caller makes now, or made last, are not just sounds: it is one voice. On a line with the agent's echo in it
   * the guard has vouched that it is not the agent's, and what it says takes longer to tell from what the agent said.
   */
  get voiceIsClear(): boolean {
    return this.#echoGuard?.path.kind === 'echo' ? this.#detector.isVoice : this.#detector.isClear;
  }

  /** What the caller makes now, or made last, is the hum of a listener. Over the agent's echo nobody can tell. */
  get voiceHums(): boolean {
    return this.#echoGuard?.path.kind !== 'echo' && this.#detector.isHum;
  }

  /** When the line last sounded like speech, whoever's and however short. */
  get lastVoiceMs(): number {
    return this.#detector.lastVoiceMs;
  }

  /**
   * For how long nothing on the line has sounded like speech. Over the agent's echo a pause is none: whose the sounds
   * are, and whose the words, takes longer to tell.
   */
  get voicelessMs(): number {
    return this.#echoGuard?.path.kind === 'echo' ? 0 : this.#seenUntilMs - this.#detector.lastVoiceMs;
  }

  /** When the newest audio came that the detector has judged. */
  get seenUntilMs(): number {
    return this.#seenUntilMs;
  }

  /** Where in the caller's audio the newest speech lies. */
  get spokenUntilMs(): number {
    return this.#spokenUntilMs;
  }

  open(): void {
    this.#openRecogniser();
    this.#openDetector();
  }

  /** Takes the caller's audio: PCM16 mono 16 kHz, any length. */
  write(pcm: Uint8Array): void {
    if (this.#closed) return;
    this.#receivedMs += pcm.length / BYTES_PER_MS;
    const nowMs = this.#options.clock.now();
    this.#trail.write(pcm, nowMs);
    this.#echoGuard?.heard(pcm, nowMs);
    this.#voiceActivity?.write(pcm);
    this.#recogniser?.write(pcm);
  }

  /** Some of the agent's voice is on its way to the caller's ear. */
  agentSends(pcm: Uint8Array, playsAtMs: number): void {
    this.#agentHeardUntilMs = playsAtMs + pcm.length / BYTES_PER_MS;
    this.#echoGuard?.played(pcm, playsAtMs);
  }

  agentSilenced(atMs: number): void {
    this.#agentHeardUntilMs = Math.min(this.#agentHeardUntilMs, atMs);
    this.#echoGuard?.stopped(atMs);
  }

  /** The sound that the agent fell silent for was no interruption, or was one. */
  misled(): void {
    this.#detector.misled(this.#options.clock.now());
  }

  /** Words that the agent has just said, and no voice beside it, or none that is certainly not its own. */
  mayEcho(text: string): boolean {
    if (!this.#echoGuard || this.#seenUntilMs > this.#agentHeardUntilMs + ECHO_TAIL_MS) return false;
    const someoneSpoke = this.#seenUntilMs - this.#detector.lastSpeechMs < SOMEONE_SPOKE_MS;
    if (someoneSpoke && this.#echoGuard.path.kind === 'none') return false;
    return echoesOf(text, this.#options.agentsWords(), true);
  }

  /** The sound that goes on is not the caller's. */
  ignoreSound(): void {
    this.#detector.ignoreSound();
  }

  confirmed(): void {
    this.#detector.confirmed();
  }

  /**
   * A voice beyond doubt of which the recogniser has found neither words nor that there were none, again and again: it
   * has gone deaf without saying so. Coughs and noise prove nothing.
   */
  noWords(): void {
    if (!this.voiceIsClear || this.words.cover(this.#spokenUntilMs)) return;
    this.#turnsUnheard += 1;
    if (this.#turnsUnheard < DEAF_AFTER_TURNS) return;
    this.#turnsUnheard = 0;
    this.#options.events.onFault('recogniser.deaf', undefined);
    this.#recogniser?.restart();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelDetectorReopen();
    this.#cancelRecogniserReopen();
    this.#voiceActivity?.close();
    this.#recogniser?.close();
  }

  #openRecogniser(): void {
    const openedAtMs = this.#receivedMs;
    this.#recogniser = this.#options.openRecogniser({
      onPartial: (text, offsetMs, endMs) =>
        this.#onWords(text, { offsetMs: openedAtMs + offsetMs, endMs: openedAtMs + endMs, final: false }),
      onFinal: (text, offsetMs, endMs) =>
        this.#onWords(text, { offsetMs: openedAtMs + offsetMs, endMs: openedAtMs + endMs, final: true }),
      onNoWords: (offsetMs, endMs) => {
        this.words.heardNothing(openedAtMs + offsetMs, openedAtMs + endMs);
        if (!this.#closed) this.#options.events.onWords();
      },
      onState: (state, error) => this.#onRecogniserState(state, error),
    });
  }

  #onWords(text: string, hearing: Hearing): void {
    if (this.#closed) return;
    this.#turnsUnheard = 0;
    if (this.#isEcho(text, hearing)) {
      this.words.heardNothing(hearing.offsetMs, hearing.endMs);
      this.#options.events.onWords();
    } else {
      const { loudDb } = this.#detector;
      // Who was loud may be softer the next time.
      if (hearing.final && loudDb !== undefined) this.#callerDb = Math.min(loudDb, (loudDb + USUAL_CALLER_DB) / 2);
      this.#options.events.onWords(this.words.heard(text, hearing, this.#options.clock.now()));
    }
  }

  /** The agent's own words, come back while nobody else was heard. */
  #isEcho(text: string, { offsetMs, final }: Hearing): boolean {
    if (!this.#echoGuard) return false;
    const beganMs = this.#options.clock.now() - (this.#receivedMs - offsetMs);
    const callerWasHeard = this.#spokenUntilMs > offsetMs;
    if (callerWasHeard || beganMs > this.#agentHeardUntilMs + ECHO_TAIL_MS) return false;
    return echoesOf(text, this.#options.agentsWords(), final || this.#echoGuard.path.kind === 'echo');
  }

  /** One that gave up is replaced: a call must not stay deaf because a key was being changed. */
  #onRecogniserState(state: 'ready' | 'recovering' | 'failed', error: Error | undefined): void {
    if (state === 'ready' || this.#closed) return;
    this.#options.events.onFault(`recogniser.${state}`, error);
    if (state === 'recovering') return;
    this.#recogniser?.close();
    this.#cancelRecogniserReopen = this.#options.clock.after(REOPEN_RECOGNISER_MS, () => this.#openRecogniser());
  }

  #openDetector(): void {
    this.#voiceActivity = this.#options.openVoiceActivity({
      onFrame: (probability, atMs) => this.#onFrame(probability, atMs),
      onFailure: (error) => this.#onDetectorFailure(error),
    });
  }

  #onFrame(probability: number, atMs: number): void {
    if (this.#closed) return;
    this.#seenUntilMs = atMs;
    const levelDb = this.#trail.levelAt(atMs);
    const edge = this.#detector.frame({ probability, levelDb, atMs }, this.#origin);
    if (this.#detector.lastSpeechMs === atMs) {
      this.#spokenUntilMs = this.#receivedMs - (this.#options.clock.now() - atMs);
    }
    if (edge?.type === 'started') {
      this.#onsetMs = edge.onsetMs;
      this.words.speechStarted();
      this.#options.events.onSpeechStarted();
    } else if (edge?.type === 'ended') {
      this.#options.events.onSpeechEnded(edge.lastSpeechMs);
    }
  }

  readonly #origin: AskOrigin = (windowMs, atMs, sound): VoiceOrigin => {
    if (atMs <= this.#agentHeardUntilMs && this.#isOthers(sound)) return 'others';
    if (!this.#echoGuard || atMs > this.#agentHeardUntilMs + ECHO_TAIL_MS) return 'caller';
    const origin = this.#echoGuard.judge(windowMs);
    // There is no reason to wait for certainty where no echo has been found so far, or none but a last echo can come.
    const mayWait = this.#echoGuard.path.kind !== 'none' && atMs <= this.#agentHeardUntilMs;
    return origin === 'unsure' && !mayWait ? 'caller' : origin;
  };

  /** Somebody farther away than the caller, or many. Their sound does not stop the agent; words still may. */
  #isOthers({ peakDb, clarity }: HeardSound): boolean {
    return peakDb < this.#callerDb - Math.max(SOFTEST_DB, FARTHER_DB - PER_UNCLEARNESS_DB * (1 - clarity));
  }

  /** Deaf to voice the conversation still goes on by the recogniser's words, until a new detector is there. */
  #onDetectorFailure(error: Error): void {
    this.#options.events.onFault('voice-activity.failed', error);
    this.#voiceActivity?.close();
    this.#voiceActivity = undefined;
    const wasSpeaking = this.#detector.speaking;
    this.#spokenUntilMs = Number.NEGATIVE_INFINITY;
    this.#detector.reset();
    if (wasSpeaking) this.#options.events.onSpeechEnded(this.#options.clock.now());
    if (this.#closed) return;
    this.#cancelDetectorReopen = this.#options.clock.after(REOPEN_DETECTOR_MS, () => this.#openDetector());
  }
}
