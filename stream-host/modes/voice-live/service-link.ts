import type { AudioRate } from '../../../shared/audio/pcm.ts';
import { bytesPerMsAt } from '../../../shared/audio/pcm.ts';
import { Resampler } from '../../../shared/audio/resample.ts';
import type { Cancel, Clock } from '../../../shared/clock.ts';
import type { ErrorCode } from '../../../shared/error-codes.ts';
import { DependencyError } from '../../../shared/errors.ts';
import type { Logger } from '../../../shared/log.ts';
import type {
  OpenRealtime,
  RealtimeBrief,
  RealtimeEvents,
  RealtimeSession,
  RealtimeUsage,
} from '../../contract/realtime.ts';
import { CallerTape } from './caller-tape.ts';
import { type LinkEffect, type LinkEvent, type LinkState, linkAfter, openingLink } from './link-state.ts';
import type { ResponseTiming } from './voice-live-options.ts';

/** What the session that serves tells, and how it stands with it. */
export interface LinkEvents extends Omit<RealtimeEvents, 'onReady' | 'onClosed'> {
  /**
   * A session serves from now on that knows nothing of the call. `outageMs`: for how long there was none, in a call that
   * had one; undefined for a call's first, and for one that took over between two turns.
   */
  onServing(session: RealtimeSession, outageMs: number | undefined): void;
  /** The next session waits for a moment between two turns. */
  onNextReady(): void;
  /** The session that served is no more. Another one follows, or `onGone`. */
  onDropped(): void;
  /** A session failed. */
  onFailure(error: DependencyError): void;
  /** There will be no more sessions. */
  onGone(): void;
}

export interface ServiceLinkOptions {
  readonly open: OpenRealtime;
  readonly brief: () => RealtimeBrief;
  readonly rateHz: AudioRate;
  readonly clock: Clock;
  /** Between 0 and 1, for the jitter of pauses. */
  readonly random: () => number;
  readonly log: Logger;
  readonly events: LinkEvents;
  /** Told of each answer what it used and how it went; `undefined`: the service did not say what it used. */
  readonly onUsed?: ((usage: RealtimeUsage | undefined, timing: ResponseTiming) => void) | undefined;
  /** Told of each session that failed outside of an answer; of one in an answer, the answer tells. */
  readonly onFailed?: ((timing: ResponseTiming) => void) | undefined;
}

/** A session, and where the caller's audio lies in it. */
interface Held {
  readonly session: RealtimeSession;
  readonly up: Resampler;
  readonly down: Resampler;
  /** Answers that it is giving: when each began, and was first heard. */
  readonly answering: Map<string, { readonly startedAtMs: number; firstAtMs?: number }>;
  /** Where in the call its audio begins; undefined before it had any. */
  startMs: number | undefined;
  readonly openedAtMs: number;
  isReady: boolean;
}

/** A word begins before a service says so. */
const LEAD_IN_MS = 400;
/** What a session is told again it has heard after so long. */
const HEARD_WITHIN_MS = 5000;
/** A caller waits, and the service has told nothing for so long: it is taken for dead. */
const SILENT_MS = 8000;

/** One call's way to its service, over as many sessions as it takes. Keeps what the caller says while there is none. */
export class ServiceLink {
  readonly #options: ServiceLinkOptions;
  readonly #tape: CallerTape;
  #state: LinkState;
  #serving: Held | undefined;
  #next: Held | undefined;
  /** Up to where in the call the sessions so far have taken down what the caller said. */
  #takenDownMs = 0;
  #lastEventMs: number;
  /** What a call costs. */
  readonly #usage = { responses: 0, inputTokens: 0, cachedTokens: 0, outputTokens: 0 };
  #cancelTimer: Cancel = () => {};
  #closed = false;

  constructor(options: ServiceLinkOptions) {
    const nowMs = options.clock.now();
    this.#options = options;
    this.#tape = new CallerTape(bytesPerMsAt(options.rateHz));
    this.#tape.keepFrom(0);
    this.#state = openingLink(nowMs);
    this.#lastEventMs = nowMs;
  }

  /** The session that serves, if there is one. */
  get session(): RealtimeSession | undefined {
    return this.#serving?.session;
  }

  /** Somebody has waited long: a service that has told nothing meanwhile is taken for dead. */
  doubt(): void {
    const silentMs = Math.round(this.#options.clock.now() - this.#lastEventMs);
    if (silentMs < SILENT_MS) return;
    const message = `The speech-to-speech service has told nothing for ${silentMs} ms.`;
    this.replace(new DependencyError('realtime.silent', message));
  }

  /** Opens the first session. */
  open(): void {
    this.#apply({ type: 'open' });
    this.#arm();
  }

  /** The caller's audio, PCM16 mono at the call's rate. */
  audio(pcm: Uint8Array): void {
    if (this.#closed) return;
    const startMs = this.#tape.endMs;
    this.#tape.write(pcm);
    if (this.#serving) this.#send(this.#serving, pcm, startMs);
  }

  /**
   * What the caller says from there on, a place in the session's audio, is not taken down yet.
   * @returns when he began
   */
  utteranceBegan(audioMs: number): number {
    const beganAtMs = (this.#serving?.startMs ?? 0) + audioMs;
    this.#tape.keepFrom(beganAtMs - LEAD_IN_MS);
    return this.#options.clock.now() - (this.#tape.endMs - beganAtMs);
  }

  /**
   * All that the caller has said up to there, a place in the session's audio, is words by now.
   * @param isAll nobody says anything else at the moment
   */
  takenDown(audioMs: number | undefined, isAll: boolean): void {
    const startMs = this.#serving?.startMs ?? 0;
    if (audioMs !== undefined) this.#takenDownMs = Math.max(this.#takenDownMs, startMs + audioMs);
    else if (isAll) this.#takenDownMs = this.#tape.endMs;
    if (isAll) this.#tape.keepFrom(Number.POSITIVE_INFINITY);
  }

  /** What the caller has said and no session has made words of, as far as it is kept. */
  untaken(): readonly Uint8Array[] {
    return this.#tape.from(this.#takenDownMs);
  }

  /** Tells the session that serves what is untaken. */
  replay(): void {
    const serving = this.#serving;
    if (!serving) return;
    const pieces = this.untaken();
    let startMs = this.#tape.endMs - pieces.reduce((sum, pcm) => sum + this.#msOf(pcm), 0);
    // Until the session has said what it is.
    this.#tape.keepFrom(startMs, HEARD_WITHIN_MS);
    for (const pcm of pieces) {
      this.#send(serving, pcm, startMs);
      startMs += this.#msOf(pcm);
    }
  }

  /** Nobody speaks and nothing is owed: a good moment to go over to the next session. */
  quiet(): void {
    this.#handle({ type: 'quiet' });
  }

  /** The session says nothing any more: another one may. */
  replace(error: DependencyError): void {
    if (!this.#serving) return;
    this.#options.events.onFailure(error);
    this.#failed(this.#serving, error.code, this.#lastEventMs);
    this.#handle({ type: 'lost', final: false });
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelTimer();
    this.#leave(this.#serving);
    this.#leave(this.#next);
    this.#options.log.info(this.#usage, 'what the speech-to-speech service counted');
  }

  #count(usage: RealtimeUsage): void {
    this.#usage.responses += 1;
    this.#usage.inputTokens += usage.inputTokens;
    this.#usage.cachedTokens += usage.cachedTokens;
    this.#usage.outputTokens += usage.outputTokens;
  }

  #handle(event: LinkEvent): void {
    if (this.#closed) return;
    const { clock, random } = this.#options;
    const { state, effects } = linkAfter(this.#state, event, clock.now(), random());
    this.#state = state;
    this.#arm();
    for (const effect of effects) {
      if (this.#closed) return;
      this.#apply(effect);
    }
  }

  #arm(): void {
    this.#cancelTimer();
    const { clock } = this.#options;
    const deadlineMs = 'deadlineMs' in this.#state ? this.#state.deadlineMs : Number.POSITIVE_INFINITY;
    if (deadlineMs === Number.POSITIVE_INFINITY) return;
    this.#cancelTimer = clock.after(deadlineMs - clock.now(), () => {
      if (this.#next?.isReady === false) this.#failed(this.#next, 'realtime.silent');
      this.#handle({ type: 'deadline' });
    });
  }

  #apply(effect: LinkEffect): void {
    const { events, clock } = this.#options;
    switch (effect.type) {
      case 'open':
        this.#next = this.#open();
        return;
      case 'serve': {
        this.#serving = this.#next;
        this.#next = undefined;
        this.#lastEventMs = clock.now();
        const outageMs = effect.lostAtMs === undefined ? undefined : clock.now() - effect.lostAtMs;
        if (this.#serving) events.onServing(this.#serving.session, outageMs);
        return;
      }
      case 'drop': {
        const dropped = this.#serving;
        if (!dropped) return;
        this.#leave(dropped);
        events.onDropped();
        this.#serving = undefined;
        // From here on nobody takes anything down.
        this.#tape.keepAll();
        return;
      }
      case 'drop-next':
        this.#leave(this.#next);
        this.#next = undefined;
        return;
      case 'give-up':
        events.onGone();
    }
  }

  #open(): Held {
    const { open, brief, rateHz, log, events, clock } = this.#options;
    /** Tells only of the session that serves. */
    const told = <Args extends unknown[]>(tell: (...args: Args) => void) => {
      return (...args: Args): void => {
        if (this.#closed || held !== this.#serving) return;
        this.#lastEventMs = clock.now();
        tell(...args);
      };
    };
    const session = open(
      {
        log,
        brief: brief(),
        rateHz: rateHz === 16_000 ? 16_000 : 24_000,
        // A cough is to the service a caller, too: whether it was one, and whether an answer is wanted, is decided here.
        createResponse: false,
        interruptResponse: false,
      },
      {
        onReady: () => {
          if (held !== this.#next) return;
          held.isReady = true;
          this.#handle({ type: 'ready', expiresAtMs: this.#expiryOf(held) });
          if (held === this.#next) events.onNextReady();
        },
        onClosed: (error, final) => this.#onClosed(held, error, final),
        onSpeechStarted: told(events.onSpeechStarted),
        onSpeechStopped: told(events.onSpeechStopped),
        onCommitted: told(events.onCommitted),
        onCallerWords: told(events.onCallerWords),
        onCallerWordsFailed: told(events.onCallerWordsFailed),
        onResponseStarted: told((responseId, requestId) => {
          held.answering.set(responseId, { startedAtMs: clock.now() });
          events.onResponseStarted(responseId, requestId);
        }),
        onResponseDropped: told(events.onResponseDropped),
        onAudio: told((responseId, itemId, pcm) => {
          const answer = held.answering.get(responseId);
          if (answer) answer.firstAtMs ??= clock.now();
          events.onAudio(responseId, itemId, held.down.write(pcm));
        }),
        onText: told(events.onText),
        onToolRequest: told(events.onToolRequest),
        onServiceTool: told(events.onServiceTool),
        onResponseEnded: told((responseId, status, reason, usage) => {
          if (usage) this.#count(usage);
          const answer = held.answering.get(responseId);
          held.answering.delete(responseId);
          const endedAtMs = clock.now();
          const failed = status === 'failed' && { error: 'realtime.response_failed' };
          this.#options.onUsed?.(usage, {
            ...(answer ?? { startedAtMs: endedAtMs }),
            endedAtMs,
            finishReason: status,
            ...failed,
          });
          events.onResponseEnded(responseId, status, reason, usage);
        }),
        onWarning: told(events.onWarning),
        onProblem: told(events.onProblem),
      },
    );
    const held: Held = {
      session,
      up: new Resampler(rateHz, session.rateHz),
      down: new Resampler(session.rateHz, rateHz),
      answering: new Map(),
      startMs: undefined,
      openedAtMs: clock.now(),
      isReady: false,
    };
    return held;
  }

  /** A session is of no use any more. @param sinceMs when it was last, where it was ready once */
  #failed(held: Held, error: ErrorCode, sinceMs = this.#options.clock.now()): void {
    if (held.answering.size > 0) this.#tellBroken(held, error);
    else {
      const startedAtMs = held.isReady ? sinceMs : held.openedAtMs;
      this.#options.onFailed?.({ startedAtMs, endedAtMs: this.#options.clock.now(), error });
    }
  }

  #leave(held: Held | undefined): void {
    held?.session.close();
    this.#tellBroken(held);
  }

  /** Nobody is told any more what the answers under way have used. */
  #tellBroken(held: Held | undefined, error?: ErrorCode): void {
    const endedAtMs = this.#options.clock.now();
    for (const answer of held?.answering.values() ?? []) {
      this.#options.onUsed?.(undefined, { ...answer, endedAtMs, finishReason: 'broken_off', error });
    }
    held?.answering.clear();
  }

  #onClosed(held: Held, error: DependencyError, final: boolean): void {
    if (this.#closed || (held !== this.#serving && held !== this.#next)) return;
    const hasServing = this.#serving !== undefined;
    this.#options.events.onFailure(error);
    this.#failed(held, error.code);
    if (held === this.#next && hasServing) {
      this.#next = undefined;
      this.#handle({ type: 'next-lost' });
    } else {
      this.#handle({ type: 'lost', final });
    }
  }

  #send(held: Held, pcm: Uint8Array, startMs: number): void {
    held.startMs ??= startMs;
    held.session.audio(held.up.write(pcm));
  }

  #msOf(pcm: Uint8Array): number {
    return pcm.length / bytesPerMsAt(this.#options.rateHz);
  }

  #expiryOf({ session }: Held): number {
    const { clock } = this.#options;
    const { expiresAtMs } = session;
    return expiresAtMs === undefined ? Number.POSITIVE_INFINITY : clock.now() + (expiresAtMs - clock.wallMs());
  }
}
