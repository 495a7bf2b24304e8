import type { Cancel, Clock } from '../../../shared/clock.ts';
import { type Fields, isFields } from '../fields.ts';
import type { OpenTransport, RealtimeTransport, TransportEnd, TransportListener } from '../realtime-transport.ts';

/** One thing that a scripted service does: it waits for a client's event, waits, says something, or ends. */
export interface ScriptStep {
  /** Waits for the client's next event of that type; one that came before and that no step took counts. */
  readonly on?: string;
  /** Waits so long after that. */
  readonly afterMs?: number;
  /** Says these events; a function makes them of the client's event that was waited for. */
  readonly say?: readonly Fields[] | ((asked: Fields) => readonly Fields[]);
  /** Ends the connection, and the script. */
  readonly end?: TransportEnd;
}

/** What the service does on one connection, step by step. After the last step it only listens. */
export type Script = readonly ScriptStep[];

/** An event that the client sent. */
export interface SentEvent {
  readonly atMs: number;
  /** On which connection, counted from 0. */
  readonly connection: number;
  readonly event: Fields & { readonly type: string };
}

/** The service's end of one connection, for a far side that does more than a script can say. */
export interface ScriptedLine {
  /** Counted from 0. */
  readonly number: number;
  say(...events: readonly Fields[]): void;
  /** Says something that is no event. */
  sayText(text: string): void;
  end(end: TransportEnd): void;
}

export interface FarSide {
  onSent(event: SentEvent['event']): void;
  /** The connection is over, whoever ended it. */
  onClosed(): void;
}

export interface ScriptedServiceOptions {
  readonly clock: Clock;
  /** One for each connection; the last one is for all that follow. */
  readonly scripts?: readonly Script[];
  /** Answers a connection besides its script. */
  readonly farSide?: (line: ScriptedLine) => FarSide;
}

/**
 * A speech-to-speech service that plays a script, on any clock, without a network: for tests of a mode, of an agent, or of
 * the client. It writes down what it was sent. Its events are the service's own, so that what is tested is what would run.
 *
 * ```ts
 * const clock = new VirtualClock();
 * const wire = serviceEvents('voice-live');
 * const service = new ScriptedService({ clock, scripts: [[...wire.handshake(), { on: 'response.create', say: [...] }]] });
 * const realtime = realtimeOver(new VoiceLiveDialect({ isAgentMode: false, secretOf: () => undefined }), service.open, { clock, newId });
 * ```
 */
export class ScriptedService {
  readonly sent: SentEvent[] = [];
  readonly #options: ScriptedServiceOptions;
  readonly #connections: ScriptedConnection[] = [];

  constructor(options: ScriptedServiceOptions) {
    this.#options = options;
  }

  /** How many connections were made. */
  get connections(): number {
    return this.#connections.length;
  }

  readonly open: OpenTransport = (listener) => {
    const { clock, scripts = [], farSide } = this.#options;
    const number = this.#connections.length;
    const connection = new ScriptedConnection({
      clock,
      listener,
      script: scripts[number] ?? scripts.at(-1) ?? [],
      onSent: (event) => {
        this.sent.push({ atMs: clock.now(), connection: number, event });
        far?.onSent(event);
      },
      onClosed: () => far?.onClosed(),
    });
    this.#connections.push(connection);
    const far = farSide?.({
      number,
      say: (...events) => connection.say(events),
      sayText: (text) => connection.sayText(text),
      end: (end) => connection.end(end),
    });
    return connection;
  };

  /** What was sent of one type, on all connections. */
  of(type: string): Fields[] {
    return this.sent.flatMap(({ event }) => (event.type === type ? [event] : []));
  }

  /** Says something on the last connection, besides its script. */
  say(...events: readonly Fields[]): void {
    this.#connections.at(-1)?.say(events);
  }

  /** Says something that is no event. */
  sayText(text: string): void {
    this.#connections.at(-1)?.sayText(text);
  }

  /** Ends the last connection. */
  end(end: TransportEnd): void {
    this.#connections.at(-1)?.end(end);
  }

  /** Whether the client has closed the last connection. */
  get isClosed(): boolean {
    return this.#connections.at(-1)?.isClosed ?? false;
  }

  /** What the last connection holds back, as a network does that takes nothing more. */
  set bufferedBytes(bytes: number) {
    const last = this.#connections.at(-1);
    if (last) last.bufferedBytes = bytes;
  }
}

interface ConnectionOptions {
  readonly clock: Clock;
  readonly listener: TransportListener;
  readonly script: Script;
  readonly onSent: (event: SentEvent['event']) => void;
  readonly onClosed: () => void;
}

class ScriptedConnection implements RealtimeTransport {
  bufferedBytes = 0;
  isClosed = false;
  readonly #options: ConnectionOptions;
  readonly #untaken: SentEvent['event'][] = [];
  #step = 0;
  #cancel: Cancel;
  #isBetween = true;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    // Never before it was handed out.
    this.#cancel = options.clock.after(0, () => this.#next());
  }

  send(text: string): void {
    if (this.isClosed) return;
    const event: unknown = JSON.parse(text);
    if (!isFields(event) || typeof event.type !== 'string') throw new Error(`The client sent no event: ${text}`);
    const typed = { ...event, type: event.type };
    this.#options.onSent(typed);
    this.#untaken.push(typed);
    if (!this.#isBetween) this.#next();
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#cancel();
    this.#options.onClosed();
  }

  say(events: readonly Fields[]): void {
    for (const event of events) this.sayText(JSON.stringify(event));
  }

  sayText(text: string): void {
    if (!this.isClosed) this.#options.listener.onMessage(text);
  }

  end(end: TransportEnd): void {
    if (this.isClosed) return;
    this.close();
    this.#options.listener.onEnd(end);
  }

  /** Goes on with the script, as far as it goes. */
  #next(): void {
    this.#isBetween = false;
    const step = this.#options.script[this.#step];
    if (!step || this.isClosed) return;
    const asked = step.on === undefined ? { type: '' } : this.#take(step.on);
    if (!asked) return;
    this.#step += 1;
    this.#isBetween = true;
    // Later, as whatever comes over a network does.
    this.#cancel = this.#options.clock.after(step.afterMs ?? 0, () => {
      this.say(typeof step.say === 'function' ? step.say(asked) : (step.say ?? []));
      if (step.end) this.end(step.end);
      this.#next();
    });
  }

  #take(type: string): SentEvent['event'] | undefined {
    const index = this.#untaken.findIndex((event) => event.type === type);
    return index < 0 ? undefined : this.#untaken.splice(0, index + 1).at(-1);
  }
}
