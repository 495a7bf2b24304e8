import { BYTES_PER_MS, dbfsOf, FrameCutter, rmsOf } from '../../../shared/audio/pcm.ts';
import type { Cancel, Clock } from '../../../shared/clock.ts';
import type { ErrorCode } from '../../../shared/error-codes.ts';
import { DependencyError } from '../../../shared/errors.ts';
import type { Logger } from '../../../shared/log.ts';
import type { Entered, Provider, Providers } from '../../../shared/providers/provider.ts';
import type { Usage } from '../../../shared/records/usage.ts';
import type { OnServed } from '../../contract/recorder.ts';
import type { OnUsed, OpenRecogniser, PhraseDetails, Recogniser, RecogniserEvents } from '../../contract/speech.ts';
import { type SpeechService, SpeechServiceError } from '../sdk/speech-service.ts';
import { AudioBacklog, QUIET_DBFS } from './audio-backlog.ts';
import { type HeardLanguage, recognitionConfig } from './recognition-config.ts';
import { RecognitionSession } from './recognition-session.ts';

/** Smaller writes only cost time: each is a message to the service. */
const BLOCK_MS = 100;
/** A block above this may hold words, so the service should have something to say about it. */
const AUDIBLE_DBFS = -45;
/** Of sound, without a sign from the service: more than a cough. */
const WORTH_LEAVING_MS = 600;
/** After so much silence, in which the service has ended its phrase, more of it waits for one message in place of three. */
const SILENCE_MS = 1_000;
const HELD_BLOCKS = 3;

export interface AzureRecogniserOptions extends HeardLanguage {
  /** Where it may listen, the first one as long as that works. */
  readonly services: Providers<SpeechService>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Between 0 and 1, for the jitter of restarts. */
  readonly random: () => number;
  /** Told how much audio the service is sent: all of it is paid for, and what is sent again, again. */
  readonly onUsed?: OnUsed | undefined;
  /** Told of each session with the service that failed, and of an outage in which none is opened. */
  readonly onServed?: OnServed | undefined;
  /** How much audio without final words is kept for a restart; older audio is given up, which is logged. */
  readonly replayMs?: number;
  readonly connectTimeoutMs?: number;
  /**
   * The same, and how long a sign may take once there was sound, where another service may be asked instead. Doubles while
   * that does not help.
   */
  readonly switchMs?: number;
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
  switchMs: 2_000,
  noSignMs: 5_000,
  renewMs: 60_000,
  maxSessionMs: 600_000,
  restartMinMs: 100,
  restartMaxMs: 5_000,
  closeTimeoutMs: 500,
  languages: undefined,
  detailed: undefined,
  onUsed: undefined,
  onServed: undefined,
} as const satisfies Partial<AzureRecogniserOptions>;

/** Refusals (wrong key, unknown address) of each service in a row after which the recogniser gives up. */
const MAX_REFUSALS = 3;
/** So much later than the breaker says whoever was kept out asks again, at most: not all at once. */
const ASK_AGAIN_MS = 250;
/** A session that worked this long was no failed attempt. */
const HEALTHY_MS = 5_000;

/** `connecting`: no sign from the service yet. `ending`: the old session is closing. `resting`: before the next one. */
type Phase =
  | (Entered<SpeechService> & {
      readonly name: 'connecting' | 'listening';
      readonly session: RecognitionSession;
      readonly sinceMs: number;
    })
  | { readonly name: 'ending' | 'resting' | 'failed' | 'closed' };

/**
 * Azure speech recognition that stays up. Whatever ends a session (a dropped socket, a cancellation, a service that
 * says nothing to audible speech), another is opened after a growing, jittered pause, and hears again all audio whose
 * words were not final. There is never more than one session. A service that is away is tried again for as long as the
 * recogniser is open, every five seconds in the end, with a `recovering` each time; only a refused key or address ends
 * in `failed`. Where there is another service, that is opened at once. `ready` means that the service has answered,
 * which it does once it gets audio.
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
  /** Since there was sound that the service has not answered. */
  #awaitedMs = 0;
  #sincePhraseMs = 0;
  #sessionMs = 0;
  #phraseOpen = false;
  #silentMs = 0;
  /** Silence that the session has not been given yet. The backlog has it, too. */
  #held: Uint8Array[] = [];
  /** Of the present session. */
  #heardPhrases = false;
  /** The service that was left, and why, until the next one has answered. */
  #left: { readonly provider: Provider<SpeechService>; readonly code: ErrorCode } | undefined;

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
    if (this.#phase.name !== 'listening') return;
    const { provider, session } = this.#phase;
    this.#left = { provider, code: 'recogniser.deaf' };
    this.#tellFailed(provider, 'recogniser.deaf');
    this.#reopen(session, 0);
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

    if (this.#unansweredMs > 0) this.#awaitedMs += BLOCK_MS;
    const isLate = this.#unansweredMs > WORTH_LEAVING_MS && this.#awaitedMs > this.#switchMs;
    const mayLeave = isLate && this.#options.services.hasOther(this.#phase.provider);
    if (mayLeave || this.#unansweredMs > this.#signPatienceMs) {
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

  /** One round through all services is quick; noise without words shall not lead through them again and again. */
  get #switchMs(): number {
    const { switchMs, noSignMs } = this.#options;
    return switchMs * Math.max(1, this.#signPatienceMs / noSignMs);
  }

  get #isWornOut(): boolean {
    return this.#sincePhraseMs > this.#options.renewMs || this.#sessionMs > this.#options.maxSessionMs;
  }

  #open(): void {
    const { services, connectTimeoutMs, clock } = this.#options;
    const left = this.#left;
    const entered = (left && services.enter(new Set([left.provider]))) ?? services.enter();
    if (!entered) {
      this.#after(services.waitMs + ASK_AGAIN_MS * this.#options.random(), () => this.#open());
      if (this.#announced !== 'recovering') this.#tellFailed(services.all[0], 'recogniser.away');
      const message = 'Azure Speech has failed too often, and is not asked now.';
      this.#recovers(new DependencyError('recogniser.away', message));
      return;
    }
    if (left && left.provider !== entered.provider) services.switched(left.provider, entered.provider, left.code);
    const { startByte, audio } = this.#backlog.replay();
    const baseMs = startByte / BYTES_PER_MS;
    const session: RecognitionSession = new RecognitionSession(
      recognitionConfig(entered.provider.service, this.#options),
      {
        onSent: (bytes) => this.#options.onUsed?.(usageOf(bytes)),
        onSign: () => this.#heardSign(session),
        onPartial: (text, offsetMs, endMs) => this.#heardPartial(text, baseMs + offsetMs, baseMs + endMs),
        onPhrase: (text, offsetMs, endMs, details) => this.#heardPhrase(text, baseMs, { offsetMs, endMs }, details),
        onTurnEnd: () => this.#turnEnded(session),
        onEnd: (error) => this.#lost(error),
      },
    );
    this.#phase = { ...entered, name: 'connecting', session, sinceMs: clock.now() };
    this.#unansweredMs = 0;
    this.#awaitedMs = 0;
    this.#sincePhraseMs = 0;
    this.#sessionMs = 0;
    this.#phraseOpen = false;
    this.#heardPhrases = false;
    this.#held = [];
    for (const block of audio) session.write(block);
    const mayLeave = services.hasOther(entered.provider);
    this.#after(mayLeave ? Math.min(this.#switchMs, connectTimeoutMs) : connectTimeoutMs, () => {
      if (!session.isConnected) {
        this.#lost(new DependencyError('recogniser.no-connection', 'Azure Speech did not answer in time.'));
      }
    });
  }

  #heardSign(session: RecognitionSession): void {
    this.#unansweredMs = 0;
    this.#awaitedMs = 0;
    if (this.#phase.name !== 'connecting') return;
    this.#cancelTimer();
    this.#refusals = 0;
    this.#left = undefined;
    this.#phase.attempt.worked();
    this.#phase = { ...this.#phase, name: 'listening', session, sinceMs: this.#options.clock.now() };
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
    const { session, provider, attempt } = this.#phase;
    const told = error instanceof SpeechServiceError ? error : { reason: error.code, httpStatus: undefined };
    const { reason, httpStatus } = told;
    attempt.failed(reason);
    this.#tellFailed(provider, reason, httpStatus);
    const { services } = this.#options;
    const isRefusal = error instanceof SpeechServiceError && error.isRefusal;
    this.#refusals = isRefusal ? this.#refusals + 1 : 0;
    if (this.#refusals >= MAX_REFUSALS * services.all.length) {
      this.#leave('failed');
      this.#options.log.error({ err: error }, 'speech recognition was refused');
      this.#tell(() => this.#events.onState('failed', error));
      return;
    }
    if (this.#phase.name === 'listening' && this.#options.clock.now() - this.#phase.sinceMs > HEALTHY_MS) {
      this.#attempts = 0;
    }
    this.#left = { provider, code: reason };
    // Whoever has failed them all waits.
    const isOneLeft = this.#attempts < services.all.length - 1 && services.hasOther(provider);
    const delayMs = isOneLeft ? 0 : this.#restartDelayMs();
    this.#attempts += 1;
    this.#options.log.warn({ err: error, attempt: this.#attempts, delayMs }, 'speech recognition is being restarted');
    this.#reopen(session, delayMs, delayMs > 0);
    this.#announced = 'nothing';
    this.#recovers(error);
  }

  /** From when the session was asked for, or from when the service owed an answer. */
  #tellFailed({ name: provider }: Provider<SpeechService>, error: ErrorCode, status?: number): void {
    const endedAtMs = this.#options.clock.now();
    const startedAtMs = this.#phase.name === 'connecting' ? this.#phase.sinceMs : endedAtMs - this.#awaitedMs;
    this.#options.onServed?.({ service: 'speech-recognition', provider, startedAtMs, endedAtMs, error, status });
  }

  #recovers(error: DependencyError): void {
    if (this.#announced === 'recovering') return;
    this.#announced = 'recovering';
    this.#tell(() => this.#events.onState('recovering', error));
  }

  #restartDelayMs(): number {
    const { restartMinMs, restartMaxMs, random } = this.#options;
    const longest = Math.min(restartMinMs * 2 ** this.#attempts, restartMaxMs);
    return Math.round(longest * (0.5 + random() / 2));
  }

  /**
   * Waits for the old session's end, with a limit, and then for the pause, before it opens a new one.
   * @param waits false where the new one is with another service, so that no two hear the same
   */
  #reopen(session: RecognitionSession, delayMs: number, waits = true): void {
    const ending: Phase = { name: 'ending' };
    if ('attempt' in this.#phase) this.#phase.attempt.dropped();
    this.#phase = ending;
    const rest = () => {
      if (this.#phase !== ending) return;
      this.#phase = { name: 'resting' };
      this.#after(delayMs, () => this.#open());
    };
    this.#after(waits ? this.#options.closeTimeoutMs : 0, rest);
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
    if ('attempt' in this.#phase) {
      this.#phase.attempt.dropped();
      void this.#phase.session.close();
    }
    this.#phase = { name };
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

/** Opens recognisers for one language, as the engine wants them. */
export const openAzureRecogniser =
  (options: AzureRecogniserOptions): OpenRecogniser =>
  (events) =>
    new AzureRecogniser(options, events);
