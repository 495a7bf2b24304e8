import type { SpeechConfig } from 'microsoft-cognitiveservices-speech-sdk';
import {
  AutoDetectSourceLanguageConfig,
  LanguageIdMode,
  OutputFormat,
  ProfanityOption,
  PropertyId,
} from 'microsoft-cognitiveservices-speech-sdk';
import { BYTES_PER_MS, dbfsOf, FrameCutter, rmsOf } from '../../../shared/audio/pcm.ts';
import type { Cancel, Clock } from '../../../shared/clock.ts';
import { DependencyError } from '../../../shared/errors.ts';
import type { Logger } from '../../../shared/log.ts';
import type { Usage } from '../../../shared/records/usage.ts';
import type { OnUsed, OpenRecogniser, PhraseDetails, Recogniser, RecogniserEvents } from '../../contract/speech.ts';
import { type SpeechService, SpeechServiceError, speechConfigFor } from '../sdk/speech-service.ts';
import { AudioBacklog, QUIET_DBFS } from './audio-backlog.ts';
import { RecognitionSession } from './recognition-session.ts';

/** Smaller writes only cost time: each is a message to the service. */
const BLOCK_MS = 100;
/** Silence after which the service ends a phrase. */
const SEGMENTATION_SILENCE_MS = 400;
/** A block above this may hold words, so the service should have something to say about it. */
const AUDIBLE_DBFS = -45;
/** After so much silence, in which the service has ended its phrase, more of it waits for one message in place of three. */
const SILENCE_MS = 1_000;
const HELD_BLOCKS = 3;

export interface AzureRecogniserOptions {
  readonly service: SpeechService;
  readonly clock: Clock;
  readonly log: Logger;
  /** Between 0 and 1, for the jitter of restarts. */
  readonly random: () => number;
  /** Such as `en-US`. */
  readonly language: string;
  /** What may be spoken, where the service shall find out for each phrase which it is; up to ten. `language` is among them. */
  readonly languages?: readonly string[] | undefined;
  /** Asks for the confidence of each phrase and the times of its words, which costs the service nothing and us some bytes. */
  readonly detailed?: boolean | undefined;
  /** Told how much audio the service is sent: all of it is paid for, and what is sent again, again. */
  readonly onUsed?: OnUsed | undefined;
  /** How much audio without final words is kept for a restart; older audio is given up, which is logged. */
  readonly replayMs?: number;
  readonly connectTimeoutMs?: number;
  /** Audible sound that may go by without a sign from the service. Doubles, up to 60 s, while restarts do not help. */
  readonly noSignMs?: number;
  /** After this long without a phrase (the SDK keeps all audio since the last one) the connection is renewed. */
  readonly renewMs?: number;
  /** After this long the connection is renewed in the next pause: the SDK keeps some memory for every block it has sent. */
  readonly maxSessionMs?: number;
  readonly restartMinMs?: number;
  readonly restartMaxMs?: number;
  /** How long a closed connection is waited for before the next is opened. */
  readonly closeTimeoutMs?: number;
}

const azureRecogniserDefaults = {
  replayMs: 15_000,
  connectTimeoutMs: 5_000,
  noSignMs: 5_000,
  renewMs: 60_000,
  maxSessionMs: 600_000,
  restartMinMs: 100,
  restartMaxMs: 5_000,
  closeTimeoutMs: 500,
  languages: undefined,
  detailed: undefined,
  onUsed: undefined,
} as const satisfies Partial<AzureRecogniserOptions>;

/** Refusals (wrong key, unknown address) in a row after which the recogniser gives up. */
const MAX_REFUSALS = 3;
/** A session that worked this long was no failed attempt. */
const HEALTHY_MS = 5_000;

/** `connecting`: no sign from the service yet. `ending`: the old session is closing. `resting`: before the next one. */
type Phase =
  | { readonly name: 'connecting' | 'listening'; readonly session: RecognitionSession; readonly sinceMs: number }
  | { readonly name: 'ending' | 'resting' | 'failed' | 'closed' };

/**
 * Azure speech recognition that stays up. Whatever ends a session (a dropped socket, a cancellation, a service that
 * says nothing to audible speech), another is opened after a growing, jittered pause, and hears again all audio whose
 * words were not final. There is never more than one session. A service that is away is tried again for as long as the
 * recogniser is open, every five seconds in the end, with a `recovering` each time; only a refused key or address ends
 * in `failed`. `ready` means that the service has answered, which it does once it gets audio.
 */
export class AzureRecogniser implements Recogniser {
  readonly #options: Required<AzureRecogniserOptions>;
  readonly #events: RecogniserEvents;
  readonly #cutter = new FrameCutter(BLOCK_MS * BYTES_PER_MS);
  readonly #backlog: AudioBacklog;
  #phase: Phase = { name: 'resting' };
  #cancelTimer: Cancel = () => undefined;
  /** A planned change of sessions is nobody's business. */
  #announced: 'nothing' | 'ready' | 'recovering' = 'nothing';
  #attempts = 0;
  #refusals = 0;
  #droppedBytes = 0;
  #signPatienceMs: number;
  #unansweredMs = 0;
  #sincePhraseMs = 0;
  #sessionMs = 0;
  #phraseOpen = false;
  #silentMs = 0;
  /** Silence that the session has not been given yet. The backlog has it, too. */
  #held: Uint8Array[] = [];
  /** Of the present session. */
  #heardPhrases = false;

  constructor(options: AzureRecogniserOptions, events: RecogniserEvents) {
    this.#options = { ...azureRecogniserDefaults, ...options };
    this.#events = events;
    this.#backlog = new AudioBacklog(this.#options.replayMs * BYTES_PER_MS);
    this.#signPatienceMs = this.#options.noSignMs;
    this.#open();
  }

  write(pcm: Uint8Array): void {
    if (this.#phase.name === 'closed' || this.#phase.name === 'failed') return;
    this.#cutter.write(pcm, (block) => this.#take(block));
  }

  restart(): void {
    // Any other phase is on its way to a new session already.
    if (this.#phase.name === 'listening') this.#reopen(this.#phase.session, 0);
  }

  close(): void {
    this.#leave('closed');
    this.#backlog.clear();
  }

  #take(block: Uint8Array): void {
    const dbfs = dbfsOf(rmsOf(block));
    this.#droppedBytes += this.#backlog.append(block, dbfs);
    if (this.#phase.name !== 'connecting' && this.#phase.name !== 'listening') return;
    this.#send(this.#phase.session, block, dbfs);
    this.#sincePhraseMs += BLOCK_MS;
    this.#sessionMs += BLOCK_MS;
    // Before its first sign the service owes an answer to any audio; later only to what may be speech.
    if (this.#phase.name === 'connecting' || dbfs > AUDIBLE_DBFS) this.#unansweredMs += BLOCK_MS;

    if (this.#unansweredMs > this.#signPatienceMs) {
      this.#signPatienceMs = Math.min(this.#signPatienceMs * 2, 60_000);
      const message = `Azure Speech has said nothing to ${this.#unansweredMs} ms of audio.`;
      this.#lost(new DependencyError('recogniser.silent', message));
    } else if (this.#isWornOut && !this.#phraseOpen) {
      this.#reopen(this.#phase.session, 0);
    }
  }

  /** What may be heard is sent at once; so is silence in which the service still has to find the end of a phrase. */
  #send(session: RecognitionSession, block: Uint8Array, dbfs: number): void {
    this.#silentMs = dbfs <= QUIET_DBFS ? this.#silentMs + BLOCK_MS : 0;
    this.#held.push(block);
    const mayWait = this.#silentMs > SILENCE_MS && !this.#phraseOpen && this.#phase.name === 'listening';
    if (mayWait && this.#held.length < HELD_BLOCKS) return;
    session.write(this.#held.length === 1 ? block : Buffer.concat(this.#held));
    this.#held = [];
  }

  get #isWornOut(): boolean {
    return this.#sincePhraseMs > this.#options.renewMs || this.#sessionMs > this.#options.maxSessionMs;
  }

  #open(): void {
    const { startByte, audio } = this.#backlog.replay();
    const baseMs = startByte / BYTES_PER_MS;
    const session: RecognitionSession = new RecognitionSession(this.#config(), {
      onSent: (bytes) => this.#options.onUsed?.(usageOf(bytes)),
      onSign: () => this.#heardSign(session),
      onPartial: (text, offsetMs, endMs) => this.#heardPartial(text, baseMs + offsetMs, baseMs + endMs),
      onPhrase: (text, offsetMs, endMs, details) => this.#heardPhrase(text, baseMs, { offsetMs, endMs }, details),
      onTurnEnd: () => this.#turnEnded(session),
      onEnd: (error) => this.#lost(error),
    });
    this.#phase = { name: 'connecting', session, sinceMs: this.#options.clock.now() };
    this.#unansweredMs = 0;
    this.#sincePhraseMs = 0;
    this.#sessionMs = 0;
    this.#phraseOpen = false;
    this.#heardPhrases = false;
    this.#held = [];
    for (const block of audio) session.write(block);
    this.#after(this.#options.connectTimeoutMs, () => {
      if (!session.isConnected) {
        this.#lost(new DependencyError('recogniser.no-connection', 'Azure Speech did not answer in time.'));
      }
    });
  }

  #heardSign(session: RecognitionSession): void {
    this.#unansweredMs = 0;
    if (this.#phase.name !== 'connecting') return;
    this.#cancelTimer();
    this.#refusals = 0;
    this.#phase = { name: 'listening', session, sinceMs: this.#options.clock.now() };
    if (this.#droppedBytes > 0) {
      const lostMs = Math.round(this.#droppedBytes / BYTES_PER_MS);
      this.#options.log.warn(
        { lostMs },
        'the outage was longer than the audio that is kept: some was never recognised',
      );
    }
    this.#droppedBytes = 0;
    if (this.#announced === 'ready') return;
    this.#announced = 'ready';
    this.#tell(() => this.#events.onState('ready'));
  }

  #heardPartial(text: string, offsetMs: number, endMs: number): void {
    this.#works();
    this.#phraseOpen = true;
    this.#tell(() => this.#events.onPartial(text, offsetMs, endMs));
  }

  #heardPhrase(
    text: string,
    baseMs: number,
    span: { readonly offsetMs: number; readonly endMs: number },
    { words, ...details }: PhraseDetails,
  ): void {
    const [offsetMs, endMs] = [baseMs + span.offsetMs, baseMs + span.endMs];
    const placed = words && { words: words.map((word) => ({ ...word, offsetMs: baseMs + word.offsetMs })) };
    this.#works();
    this.#phraseOpen = false;
    this.#heardPhrases = true;
    this.#sincePhraseMs = 0;
    this.#backlog.discardBefore(Math.floor(endMs * BYTES_PER_MS));
    this.#tell(() => {
      if (text) this.#events.onFinal(text, offsetMs, endMs, { ...details, ...placed });
      else this.#events.onNoWords(offsetMs, endMs);
    });
  }

  #turnEnded(session: RecognitionSession): void {
    if (this.#heardPhrases) this.#reopen(session, 0);
    else this.#lost(new SpeechServiceError('recogniser.lost', undefined));
  }

  /** The service does what it is there for: earlier trouble no longer counts. */
  #works(): void {
    this.#attempts = 0;
    this.#signPatienceMs = this.#options.noSignMs;
  }

  #lost(error: DependencyError): void {
    if (this.#phase.name !== 'connecting' && this.#phase.name !== 'listening') return;
    const { session } = this.#phase;
    const isRefusal = error instanceof SpeechServiceError && error.isRefusal;
    this.#refusals = isRefusal ? this.#refusals + 1 : 0;
    if (this.#refusals >= MAX_REFUSALS) {
      this.#leave('failed');
      this.#options.log.error({ err: error }, 'speech recognition was refused');
      this.#tell(() => this.#events.onState('failed', error));
      return;
    }
    if (this.#phase.name === 'listening' && this.#options.clock.now() - this.#phase.sinceMs > HEALTHY_MS) {
      this.#attempts = 0;
    }
    const delayMs = this.#restartDelayMs();
    this.#attempts += 1;
    this.#options.log.warn({ err: error, attempt: this.#attempts, delayMs }, 'speech recognition is being restarted');
    this.#reopen(session, delayMs);
    this.#announced = 'recovering';
    this.#tell(() => this.#events.onState('recovering', error));
  }

  #restartDelayMs(): number {
    const { restartMinMs, restartMaxMs, random } = this.#options;
    const longest = Math.min(restartMinMs * 2 ** this.#attempts, restartMaxMs);
    return Math.round(longest * (0.5 + random() / 2));
  }

  /** Waits for the old session's end, with a limit, and then for the pause, before it opens a new one. */
  #reopen(session: RecognitionSession, delayMs: number): void {
    const ending: Phase = { name: 'ending' };
    this.#phase = ending;
    const rest = () => {
      if (this.#phase !== ending) return;
      this.#phase = { name: 'resting' };
      this.#after(delayMs, () => this.#open());
    };
    this.#after(this.#options.closeTimeoutMs, rest);
    void session.close().then(rest);
  }

  /** Sets the one timer that a phase has. */
  #after(delayMs: number, task: () => void): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#options.clock.after(delayMs, task);
  }

  #leave(name: 'failed' | 'closed'): void {
    if (this.#phase.name === 'closed') return;
    this.#cancelTimer();
    if (this.#phase.name === 'connecting' || this.#phase.name === 'listening') void this.#phase.session.close();
    this.#phase = { name };
  }

  #config(): SpeechConfig {
    const config = speechConfigFor(this.#options.service);
    const { language, languages = [], detailed } = this.#options;
    config.speechRecognitionLanguage = language;
    if (languages.length > 1) identifyLanguages(config, languages);
    if (detailed) askForDetails(config);
    // Masked words are lost words: names and streets among them.
    config.setProfanity(ProfanityOption.Raw);
    config.setProperty(PropertyId.Speech_SegmentationSilenceTimeoutMs, String(SEGMENTATION_SILENCE_MS));
    return config;
  }

  #tell(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      this.#options.log.error({ err: error }, 'a recogniser listener threw');
    }
  }
}

const usageOf = (bytes: number): Usage => ({
  service: 'speech-recognition',
  used: { audio_seconds: bytes / BYTES_PER_MS / 1000 },
});

/** As `SpeechRecognizer.FromConfig` does it. Continuous: callers change their language, and two of them may speak two. */
function identifyLanguages(config: SpeechConfig, languages: readonly string[]): void {
  const detection = AutoDetectSourceLanguageConfig.fromLanguages([...languages]);
  detection.mode = LanguageIdMode.Continuous;
  for (const id of [
    PropertyId.SpeechServiceConnection_AutoDetectSourceLanguages,
    PropertyId.SpeechServiceConnection_LanguageIdMode,
    PropertyId.SpeechServiceConnection_RecognitionEndpointVersion,
  ]) {
    config.setProperty(id, detection.properties.getProperty(id));
  }
}

function askForDetails(config: SpeechConfig): void {
  config.outputFormat = OutputFormat.Detailed;
  config.requestWordLevelTimestamps();
}

/** Opens recognisers for one service and language, as the engine wants them. */
export const openAzureRecogniser =
  (options: AzureRecogniserOptions): OpenRecogniser =>
  (events) =>
    new AzureRecogniser(options, events);
