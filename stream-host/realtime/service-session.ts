import type { Cancel, Clock } from '../../shared/clock.ts';
import type { HistoryItem } from '../../shared/sessions/history.ts';
import type {
  RealtimeEvents,
  RealtimeOptions,
  RealtimeProblem,
  RealtimeResponseRequest,
  RealtimeSession,
} from '../contract/realtime.ts';
import type { Dialect } from './dialect.ts';
import type { Fields } from './fields.ts';
import { OutgoingAudio } from './outgoing-audio.ts';
import {
  endOfProblem,
  endOfTransport,
  isName,
  problemOf,
  rejected,
  type SessionEnd,
  silentFor,
  unreadable,
} from './realtime-errors.ts';
import type { OpenTransport, RealtimeTransport } from './realtime-transport.ts';
import { ResponseQueue } from './response-queue.ts';
import { callerItem, restoredItems, toolResultItem } from './restored-items.ts';
import { type EventOf, readServerEvent } from './server-event.ts';
import { SessionCounts } from './session-counts.ts';
import { differences } from './session-echo.ts';
import { SessionReader } from './session-reader.ts';

export interface ServiceSessionOptions extends RealtimeOptions {
  readonly dialect: Dialect;
  readonly openTransport: OpenTransport;
  readonly clock: Clock;
  readonly newId: () => string;
}

/** From the connection's beginning until the service has taken the session. */
const OPEN_MS = 5_000;
/** While an answer is under way, or asked for, the service is never silent for so long, but for tools of its own. */
const SILENT_MS = 20_000;
const TOOLS_SILENT_MS = 60_000;
/** What the network has not taken yet, beyond which audio waits: a second and a half at 16 kHz. */
const MAX_BUFFERED_BYTES = 64 * 1024;
/** A complaint explains the end of a connection that comes so soon after it. */
const EXPLAINS_MS = 5_000;
/** Before it is ready a session is given an earlier dialogue, and perhaps some words. */
const MAX_EARLY = 500;

/** Our own ids, by which errors and items are known again. An item's may have 32 characters. */
const SESSION_UPDATE = 'parley-session';
const TRUNCATION = 'parley-truncate';
const CANCELLATION = 'parley-cancel';
const ITEM = 'parley-item-';

/** A `response.cancel` came when the response had just ended by itself. */
const saysNothingToCancel = ({ code, message }: RealtimeProblem): boolean =>
  /^response_cancel_(not_active|no_active_response)$/.test(code) || /no active response/i.test(message);

/** For the log. Instructions may hold what is known of a caller, and addresses a key. */
const shown = (value: unknown): unknown =>
  value === undefined || typeof value === 'number' || typeof value === 'boolean' || isName(value) ? value : '…';

/** One session with a service, in the dialect of that service. */
export class ServiceSession implements RealtimeSession {
  readonly rateHz: 16_000 | 24_000;
  readonly speaksVerbatim: boolean;
  readonly #options: ServiceSessionOptions;
  readonly #events: RealtimeEvents;
  readonly #asked: Fields;
  readonly #transport: RealtimeTransport;
  readonly #counts = new SessionCounts();
  readonly #queue: ResponseQueue;
  readonly #reader: SessionReader;
  readonly #audio: OutgoingAudio;
  #expiresAtMs: number | undefined;
  #early: string[] = [];
  #ready = false;
  #over = false;
  /** Items of ours: those sent, and those that the service has put into the conversation. */
  #itemsSent = 0;
  #itemsAdded = 0;
  #lastMessageAtMs: number;
  #awaitedSinceMs = 0;
  readonly #openedAtMs: number;
  #lastProblem: { readonly problem: RealtimeProblem; readonly atMs: number } | undefined;
  #cancelOpening: Cancel;
  #cancelSilence: Cancel | undefined;

  constructor(options: ServiceSessionOptions, events: RealtimeEvents) {
    const { dialect, clock, newId } = options;
    this.#options = options;
    this.#events = events;
    this.rateHz = dialect.rateHz(options.rateHz);
    this.speaksVerbatim = dialect.speaksVerbatim;
    this.#asked = dialect.session(options);
    this.#openedAtMs = clock.now();
    this.#lastMessageAtMs = this.#openedAtMs;
    this.#audio = new OutgoingAudio({
      rateHz: this.rateHz,
      hasRoom: () => this.#ready && !this.#over && this.#transport.bufferedBytes < MAX_BUFFERED_BYTES,
      // By hand: base64 needs no escaping, and there are many of these.
      send: (base64) => this.#transport.send(`{"type":"input_audio_buffer.append","audio":"${base64}"}`),
    });
    this.#queue = new ResponseQueue({
      clock,
      newId,
      isBusy: () => this.#reader.isBusy,
      send: (request, id) => {
        this.#watchSilence();
        this.#send({ type: 'response.create', event_id: id, ...dialect.response(request, id) });
      },
      onDropped: (id, problem) => this.#tell((to) => to.onResponseDropped(id, problem)),
    });
    this.#reader = new SessionReader({
      clock,
      rateHz: this.rateHz,
      counts: this.#counts,
      queue: this.#queue,
      afterServiceToolsMs: dialect.afterServiceToolsMs,
      itemsAdded: () => this.#itemsAdded,
      droppedAudioMs: () => this.#audio.droppedMs,
      askOn: () => this.#queue.addOwn(this.#itemsSent),
      cancelResponse: (id) => this.#sendCancel(id),
      watchSilence: () => this.#watchSilence(),
      tell: (what) => this.#tell(what),
    });
    this.#cancelOpening = clock.after(OPEN_MS, () => this.#end(silentFor(dialect.serviceName, OPEN_MS, 'session')));
    this.#transport = options.openTransport({
      onMessage: (text) => this.#onMessage(text),
      onEnd: (end) => this.#end(endOfTransport(dialect.serviceName, end, this.#recentProblem())),
    });
  }

  get expiresAtMs(): number | undefined {
    return this.#expiresAtMs;
  }

  audio(pcm: Uint8Array): void {
    if (!this.#over) this.#audio.write(pcm);
  }

  typed(text: string): void {
    this.#addItem(callerItem(text));
  }

  restore(history: readonly HistoryItem[]): void {
    for (const item of restoredItems(history, this.#options.dialect.agentTextType)) this.#addItem(item);
  }

  respond(request: RealtimeResponseRequest = {}): string {
    if (this.#over) return this.#options.newId();
    return this.#queue.add(request, this.#itemsSent);
  }

  cancel(): void {
    if (this.#over) return;
    this.#queue.drop();
    this.#reader.cancel();
  }

  truncate(itemId: string, audioEndMs: number): void {
    if (this.#over) return;
    const cutMs = this.#reader.cutMs(itemId, audioEndMs);
    if (cutMs === undefined) {
      this.#counts.needless += 1;
      return;
    }
    this.#reader.endItem(itemId);
    this.#send({
      type: 'conversation.item.truncate',
      event_id: TRUNCATION,
      item_id: itemId,
      content_index: 0,
      audio_end_ms: cutMs,
    });
  }

  toolResult(callId: string, output: string): void {
    this.#addItem(toolResultItem(callId, output));
  }

  close(): void {
    if (this.#over) return;
    this.#finish();
    this.#transport.close();
  }

  /** Their ids are ours, so that the service's word of them can be told from others. */
  #addItem(item: Fields): void {
    if (this.#over) return;
    this.#itemsSent += 1;
    const id = `${ITEM}${this.#itemsSent}`;
    this.#send({ type: 'conversation.item.create', event_id: id, item: { id, ...item } });
  }

  #sendCancel(responseId: string): void {
    this.#send({ type: 'response.cancel', event_id: CANCELLATION, response_id: responseId });
  }

  #send(message: Fields): void {
    if (this.#over) return;
    const text = JSON.stringify(message);
    if (this.#ready) this.#transport.send(text);
    else if (this.#early.length < MAX_EARLY) this.#early.push(text);
    else this.#counts.unsent += 1;
  }

  #onMessage(text: string): void {
    if (this.#over) return;
    this.#lastMessageAtMs = this.#options.clock.now();
    const read = readServerEvent(text, this.#options.dialect.eventNames);
    if (read.type === 'unknown') {
      if (this.#counts.unknown(read.name)) this.#options.log.debug({ event: read.name }, 'an event that is not known');
    } else if (read.type === 'unreadable') {
      this.#end(unreadable(this.#options.dialect.serviceName));
    } else if (read.type === 'malformed') {
      this.#counts.malformed += 1;
      const { name, where } = read;
      if (this.#counts.malformed === 1) this.#options.log.warn({ event: name, where }, 'an event cannot be read');
    } else if (read.type === 'event') {
      const { event } = read;
      if (event.kind === 'sessionCreated') this.#onCreated(event);
      else if (event.kind === 'sessionUpdated') this.#onUpdated(event);
      else if (event.kind === 'error') this.#onError(event);
      else if (event.kind === 'itemAdded') this.#onItem(event.item.id);
      else if (event.kind === 'warning') this.#onWarning(problemOf(event.warning ?? event));
      else this.#reader.read(event);
    }
  }

  #onCreated({ session }: EventOf<'sessionCreated'>): void {
    this.#noteExpiry(session.expires_at);
    if (this.#ready) return;
    // Not by #send, which waits until the session is ready.
    this.#transport.send(JSON.stringify({ type: 'session.update', event_id: SESSION_UPDATE, session: this.#asked }));
  }

  #onUpdated({ session }: EventOf<'sessionUpdated'>): void {
    this.#noteExpiry(session.expires_at);
    if (this.#ready) return;
    const { dialect, log } = this.#options;
    const otherwise = differences(this.#asked, session);
    const audio = otherwise.find(({ field, got }) => got !== undefined && dialect.audioFields.includes(field));
    if (audio) {
      this.#end(rejected(dialect.serviceName, `its ${audio.field} is ${shown(audio.got)}, and not ${audio.asked}`));
      return;
    }
    this.#cancelOpening();
    this.#ready = true;
    const readyMs = Math.round(this.#options.clock.now() - this.#openedAtMs);
    log.info({ service: dialect.serviceName, readyMs }, 'a realtime session is ready');
    for (const text of this.#early.splice(0)) this.#transport.send(text);
    this.#tell((to) => to.onReady());
    for (const { field, asked, got } of otherwise) {
      log.warn(
        { field, asked: shown(asked), got: shown(got) },
        'the service has a field of the session otherwise than it was asked',
      );
      const message = `The session has ${field} otherwise than it was asked.`;
      this.#tell((to) => to.onWarning({ code: 'not_as_asked', param: field, message }));
    }
    if (this.#over) return;
    this.#queue.open();
    this.#audio.flush();
  }

  #onError({ error }: EventOf<'error'>): void {
    const problem = problemOf(error);
    const about = error.event_id ?? undefined;
    if (saysNothingToCancel(problem)) {
      this.#counts.benign += 1;
      return;
    }
    this.#lastProblem = { problem, atMs: this.#options.clock.now() };
    const { code, param } = problem;
    this.#options.log.warn({ code, param, about }, 'the service complains');
    if (this.#queue.refused(about, problem)) return;
    // One that it did not take will not come into the conversation either.
    if (about?.startsWith(ITEM)) this.#itemsAdded += 1;
    if (!this.#ready) this.#refuseSession(problem, about, error.type ?? '');
    else this.#tell((to) => to.onProblem(problem));
  }

  /** Before it is ready a session is what was asked, or it is not wanted. */
  #refuseSession(problem: RealtimeProblem, about: string | undefined, type: string): void {
    const { serviceName } = this.#options.dialect;
    const isOurs = about === SESSION_UPDATE || /invalid_request/.test(type);
    const meaning = endOfProblem(serviceName, problem);
    if (!isOurs || meaning.error.code !== 'realtime.failed') this.#end(meaning);
    else this.#end(rejected(serviceName, `code ${problem.code}, field ${problem.param ?? 'unknown'}`));
  }

  #onWarning(warning: RealtimeProblem): void {
    this.#options.log.warn({ code: warning.code, param: warning.param }, 'the service warns');
    this.#tell((to) => to.onWarning(warning));
  }

  #onItem(id: string): void {
    if (id.startsWith(ITEM)) this.#itemsAdded += 1;
  }

  /** Seconds since 1970. */
  #noteExpiry(expiresAt: number | null | undefined): void {
    if (expiresAt) this.#expiresAtMs = expiresAt * 1000;
  }

  #recentProblem(): RealtimeProblem | undefined {
    const last = this.#lastProblem;
    return last && this.#options.clock.now() - last.atMs <= EXPLAINS_MS ? last.problem : undefined;
  }

  /** Ends a session whose service has begun an answer, or was asked for one, and says nothing any more. */
  #watchSilence(): void {
    const { clock } = this.#options;
    this.#awaitedSinceMs = clock.now();
    if (!this.#over) this.#cancelSilence ??= clock.after(SILENT_MS, () => this.#checkSilence());
  }

  #checkSilence(): void {
    this.#cancelSilence = undefined;
    if (!this.#reader.isBusy && !this.#queue.isAwaiting) return;
    const { clock, dialect } = this.#options;
    const silentMs = clock.now() - Math.max(this.#awaitedSinceMs, this.#lastMessageAtMs);
    const leftMs = (this.#reader.awaitsServiceTools ? TOOLS_SILENT_MS : SILENT_MS) - silentMs;
    if (leftMs <= 0) this.#end(silentFor(dialect.serviceName, Math.round(silentMs), 'event'));
    else this.#cancelSilence = clock.after(leftMs, () => this.#checkSilence());
  }

  #end({ error, final }: SessionEnd): void {
    if (this.#over) return;
    this.#finish();
    this.#transport.close();
    try {
      this.#events.onClosed(error, final);
    } catch (err) {
      this.#options.log.error({ err }, 'a listener of a realtime session failed');
    }
  }

  #finish(): void {
    this.#over = true;
    this.#early = [];
    this.#cancelOpening();
    this.#cancelSilence?.();
    this.#queue.close();
    this.#reader.close();
    const counts = this.#counts.told(this.#audio.droppedMs);
    if (Object.keys(counts).length > 0) this.#options.log.info(counts, 'counted in a realtime session');
  }

  /** A listener may close the session, and what it throws is nobody's business here. */
  #tell(what: (to: RealtimeEvents) => void): void {
    if (this.#over) return;
    try {
      what(this.#events);
    } catch (err) {
      this.#options.log.error({ err }, 'a listener of a realtime session failed');
    }
  }
}
