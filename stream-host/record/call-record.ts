import type { Cancel, Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { PriceTable } from '../../shared/records/price-table.ts';
import { usageBefore } from '../../shared/records/read-record.ts';
import type { RecordPart, RecordStore } from '../../shared/records/record-store.ts';
import type { Usage } from '../../shared/records/usage.ts';
import { UsageTotals } from '../../shared/records/usage-totals.ts';
import type { Session, SessionEvent } from '../../shared/sessions/session.ts';
import { within } from '../../shared/within.ts';
import type { CallSummary, SessionEventSource } from '../contract/events.ts';
import type { InputSink } from '../contract/inputs.ts';
import type { ModeLine } from '../contract/line.ts';
import type { OnServed, Recorder, ServedRequest } from '../contract/recorder.ts';
import { eventFields, type Fields } from './event-line.ts';
import { LINE_CHANNELS, LineAudio } from './line-audio.ts';
import { numberMask, type RecordPrivacy, withoutWords } from './privacy.ts';
import type { RecordBudget } from './record-budget.ts';
import { RecordWriter, type RecordWriterOptions } from './record-writer.ts';

export interface CallRecordOptions {
  /** Without it nothing is written; what was used is counted all the same. */
  readonly store: RecordStore | undefined;
  readonly prices: PriceTable | undefined;
  readonly privacy: RecordPrivacy;
  readonly budget: RecordBudget;
  readonly session: Session;
  /** Of the mode that begins, Hz: the rate of the audio kept. */
  readonly rateHz: number;
  /** What else the head says: versions, who holds the call. */
  readonly head: Fields;
  /** What others wrote of the session into Redis, from after that event on. */
  readonly eventsAfter: (eventId: string | undefined) => Promise<readonly SessionEvent[]>;
  /** Told of what the record lacks, as it is lost. */
  readonly onLost?: RecordWriterOptions['onLost'];
  /** Told how each request to a service went. The record itself has no use for it. */
  readonly onServed?: OnServed | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What a recogniser was given is told ten times a second, and written as often as this. */
const HEARD_EVERY_MS = 60_000;
/** Redis keeps the last thousand events of a session: they are fetched before they are forgotten. */
const FETCH_EVERY_MS = 60_000;
/** Of those the record has its own account. */
const OF_THE_SESSION = /^(?:caller|agent|wait|turn|tool|transcript)\.|^(?:fault|conversation\.ended)$/;
/** A page of them. */
const FETCHED = 500;
const MOST_PAGES = 4;

/**
 * The record of one call as it happens: a subscriber of its events, a tap on its line, and a {@link Recorder} for
 * whoever uses something that is paid for. It makes nobody wait and throws nothing.
 */
export class CallRecord implements Recorder, InputSink {
  readonly #options: CallRecordOptions;
  readonly #writer: RecordWriter | undefined;
  readonly #audio: LineAudio | undefined;
  /** Hides telephone numbers in a text. Whoever writes inputs does so itself, as each of their lines has the sum of what it says. */
  readonly mask: (text: string) => string;
  readonly #totals = new UsageTotals();
  readonly #beganMs: number;
  readonly #beganWallMs: number;
  #part: RecordPart | undefined;
  /** Seconds of audio for a recogniser that are not written yet. */
  #heard: { seconds: number; readonly sinceMs: number } | undefined;
  #lastEventId: string | undefined;
  #cancelFetch: Cancel = () => {};
  /** One after the other: two at once would write the same. */
  #fetched: Promise<void> = Promise.resolve();
  #closed = false;
  #ending: Promise<void> | undefined;

  constructor(options: CallRecordOptions) {
    const { session, store, privacy, clock, budget, log, rateHz, onLost } = options;
    this.#options = options;
    this.#beganMs = clock.now();
    this.#beganWallMs = clock.wallMs();
    this.mask = privacy.numbers ? (text) => text : numberMask([session.from, session.to]);
    if (store === undefined) return;
    const begin = async () => {
      this.#part = await store.begin(session.id);
      return this.#part;
    };
    const format = { rateHz, channels: LINE_CHANNELS };
    const lostLine = (lost: object) => this.#lineOf('event', { event: 'recordLost', ...lost }, clock.now());
    const writer = new RecordWriter({ begin, format, budget, clock, log, lostLine, onLost });
    this.#writer = writer;
    this.#write('head', this.#head());
    if (privacy.audio) {
      this.#audio = new LineAudio({
        clock,
        rateHz,
        onAudio: (pcm) => writer.audio(pcm),
        onSilence: (bytes) => writer.silence(bytes),
      });
      this.#write('event', { event: 'audioBegan', rate_hz: rateHz, channels: ['caller', 'agent'] });
    }
    this.#fetchLater();
  }

  /** Records a session's events until it is over. */
  follow(events: SessionEventSource): void {
    if (this.#writer === undefined) return;
    events.onAny((event) => {
      const fields = eventFields(event);
      if (fields !== undefined) this.#write('event', fields, event.atMs);
    });
  }

  /** The line as the mode shall have it. */
  line(line: ModeLine): ModeLine {
    const audio = this.#audio;
    if (audio === undefined) return line;
    return {
      sendAudio: (frames) => {
        const taken = line.sendAudio(frames);
        audio.sent(frames, taken);
        return taken;
      },
      stopAudio: (cause) => {
        line.stopAudio(cause);
        audio.stopped();
      },
      modeIs: (rateHz) => {
        line.modeIs(rateHz);
        audio.rateIs(rateHz);
      },
    };
  }

  /** The caller's audio at the mode's rate. */
  heard(pcm: Uint8Array, from: string | undefined): void {
    this.#audio?.heard(pcm, from);
  }

  /** Where what reaches the mode goes; undefined where it is not kept, and need not be told. */
  get inputs(): InputSink | undefined {
    return this.#writer !== undefined && this.keepsWords ? this : undefined;
  }

  /** Without words a call cannot be played again, and inputs are little else. */
  get keepsWords(): boolean {
    return this.#options.privacy.words;
  }

  input(kind: string, fields: Fields): void {
    if (this.keepsWords) this.#write('input', { kind, ...fields });
  }

  used(usage: Usage): void {
    if (this.#closed) return;
    this.#totals.add(usage);
    const seconds = usage.used.audio_seconds;
    if (usage.service !== 'speech-recognition' || typeof seconds !== 'number') {
      this.#write('usage', { ...usage });
      return;
    }
    const nowMs = this.#options.clock.now();
    this.#heard ??= { seconds: 0, sinceMs: nowMs };
    this.#heard.seconds += seconds;
    if (nowMs - this.#heard.sinceMs >= HEARD_EVERY_MS) this.#writeHeard();
  }

  served(request: ServedRequest): void {
    this.#options.onServed?.(request);
  }

  /** What the call has come to here, by now. */
  get summary(): CallSummary {
    const totals = this.#totals.all;
    return { totals, cost: this.#options.prices?.cost(totals) };
  }

  /**
   * The last word, with the totals. Idempotent; never rejects.
   * @param reason one of `END_REASONS`
   */
  close(reason: string | Promise<string>, waitMs: number): Promise<void> {
    this.#ending ??= this.#close(reason, waitMs);
    return this.#ending;
  }

  async #close(reason: string | Promise<string>, waitMs: number): Promise<void> {
    if (this.#closed) return;
    this.#cancelFetch();
    this.#audio?.close();
    // Answers that the end broke off say what they used a moment later.
    await new Promise<void>((resolve) => setImmediate(resolve));
    // A store that is away must not keep whoever waits for the session.
    if (this.#writer !== undefined) {
      await within(this.#options.clock, waitMs, this.#end(reason, this.#writer), () => undefined);
    }
    this.#closed = true;
    await this.#writer?.close(waitMs);
  }

  /** The call is somebody else's to record now. Idempotent. */
  abandon(): void {
    this.#closed = true;
    this.#cancelFetch();
    this.#writer?.abandon();
  }

  async #end(reason: string | Promise<string>, writer: RecordWriter): Promise<void> {
    const { session, clock, store } = this.#options;
    const lineMs = clock.now() - this.#beganMs;
    // It may be told a moment after the line was closed.
    const endReason = await reason;
    await this.#fetch();
    if (session.channel === 'phone') {
      this.used({ service: 'line', model: session.direction, used: { line_seconds: lineMs / 1000 } });
    }
    this.#writeHeard();
    let isWhole = true;
    if (store !== undefined && this.#part !== undefined && this.#part.number > 1) {
      isWhole = await this.#addEarlier(store, this.#part.number);
    }
    const { totals, cost } = this.summary;
    this.#write('end', {
      end_reason: endReason,
      line_ms: Math.round(lineMs),
      totals,
      cost: cost ?? null,
      lost: writer.lost,
      ...(!isWhole && { totals_of: 'this part alone' }),
    });
  }

  /** Another host had the call before. False where what it used could not be read. */
  async #addEarlier(store: RecordStore, before: number): Promise<boolean> {
    try {
      for await (const usage of usageBefore(store, this.#options.session.id, before)) this.#totals.add(usage);
      return true;
    } catch (error) {
      this.#options.log.warn({ reason: messageOf(error) }, 'what a call used on another host could not be read');
      return false;
    }
  }

  #head(): Fields {
    const { session, privacy, head, clock } = this.#options;
    const { id, version: _, context, createdAt, connectedAt, endedAt: __, endReason: ___, turns, ...facts } = session;
    return {
      format: 1,
      session_id: id,
      channel: facts.channel,
      direction: facts.direction,
      call_connection_id: facts.callConnectionId,
      server_call_id: facts.serverCallId,
      correlation_id: facts.correlationId,
      from: facts.from,
      to: facts.to,
      agent: facts.agent,
      mode: facts.mode,
      ...head,
      created_at_ms: createdAt,
      connected_at_ms: connectedAt,
      turns: turns ?? 0,
      clock_ms: clock.now(),
      kept: privacy,
      context,
    };
  }

  #writeHeard(): void {
    const heard = this.#heard;
    if (heard === undefined) return;
    this.#heard = undefined;
    const audio_seconds = Math.round(heard.seconds * 1000) / 1000;
    this.#write('usage', { service: 'speech-recognition', used: { audio_seconds } });
  }

  #fetchLater(): void {
    this.#cancelFetch = this.#options.clock.after(FETCH_EVERY_MS, () => {
      void this.#fetch().then(() => {
        if (!this.#closed && !this.#ending) this.#fetchLater();
      });
    });
  }

  /** What was written of the call that is no event of its session: what the carrier told, and what was asked by the API. */
  #fetch(): Promise<void> {
    this.#fetched = this.#fetched.then(() => this.#fetchNow());
    return this.#fetched;
  }

  async #fetchNow(): Promise<void> {
    try {
      for (let page = 0; page < MOST_PAGES; page++) {
        const events = await this.#options.eventsAfter(this.#lastEventId);
        for (const { id, at, type, source, data } of events) {
          this.#lastEventId = id;
          if (!OF_THE_SESSION.test(type)) this.#writeAt('event', { event: type, source, data }, at);
        }
        if (events.length < FETCHED) return;
      }
    } catch (error) {
      this.#options.log.warn({ reason: messageOf(error) }, 'the events of the functions are not in the record yet');
    }
  }

  #write(line: string, fields: Fields, atMs = this.#options.clock.now()): void {
    if (this.#closed) return;
    this.#writer?.line(this.#lineOf(line, fields, atMs), line === 'input');
  }

  #writeAt(line: string, fields: Fields, wallMs: number): void {
    this.#write(line, fields, this.#beganMs + wallMs - this.#beganWallMs);
  }

  /** @param atMs on the session's clock; the line has it since 1970, by one and the same measure for the whole part */
  #lineOf(line: string, fields: Fields, atMs: number): string {
    const at_ms = Math.round((this.#beganWallMs + atMs - this.#beganMs) * 1000) / 1000;
    const shown = this.#options.privacy.words ? fields : withoutWords(fields);
    return jsonOf({ at_ms, line, ...shown }, line === 'input' ? (text) => text : this.mask);
  }
}

/** A tool may answer with something that cannot be written; the record goes on. */
function jsonOf(fields: Fields, mask: (text: string) => string): string {
  try {
    return JSON.stringify(fields, (_, value: unknown) => (typeof value === 'string' ? mask(value) : value));
  } catch (error) {
    return JSON.stringify({
      at_ms: fields.at_ms,
      line: fields.line,
      event: fields.event,
      unwritable: messageOf(error),
    });
  }
}
