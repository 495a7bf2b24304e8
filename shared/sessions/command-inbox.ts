import type { Redis } from 'ioredis';
import { type Cancel, type Clock, systemClock } from '../clock.ts';
import { messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import { type SessionKeys, scriptKeys, sessionKeys } from './keys.ts';
import { type ScriptedRedis, withScripts } from './scripts.ts';
import type { SessionCommand } from './session.ts';
import { decodeCommand } from './session-codec.ts';
import { redisFailure } from './session-errors.ts';

export interface CommandInboxOptions {
  /** How late a command can be whose doorbell was lost. */
  readonly pollMs?: number;
  readonly clock?: Clock;
  readonly log?: Logger;
}

interface Reader {
  readonly sessionId: string;
  readonly keys: SessionKeys;
  readonly owner: string;
  readonly onCommand: (command: SessionCommand) => void;
  /** Id of the last entry delivered; undefined until it is known where the session's last reader stopped. */
  position: string | undefined;
  reading: boolean;
  /** The bell rang during a read. */
  rungAgain: boolean;
  closed: boolean;
}

const READ_COUNT = 100;
/** Streams that are looked into by one command. */
const LOOK_COUNT = 250;
/** Outlives a call; from then on the store's scripts keep it as long as the session. */
const POSITION_TTL_MS = 86_400_000;

/**
 * The commands for the sessions that this process holds. A doorbell (pub/sub) says that there is something to read, the
 * stream is what counts: it is read when a session is opened, when the bell rings, when the connection comes back, and
 * every few seconds in case a bell was lost.
 *
 * A reader gets every command once, in order. A session's next reader, on whichever replica, goes on after what was
 * delivered before it; only a replica that dies just after a delivery leaves that command to be delivered again.
 */
export class CommandInbox {
  readonly #redis: ScriptedRedis;
  readonly #bell: Redis;
  readonly #readers = new Map<string, Set<Reader>>();
  readonly #clock: Clock;
  readonly #pollMs: number;
  readonly #log: Logger | undefined;
  #cancelPoll: Cancel;
  /** Redis could not be asked, which the log has said once. */
  #isFailing = false;
  #closed = false;
  /** A cluster looks into the streams of one slot at a time. */
  #looksAtOnce = true;

  /** @param redis reads the streams, and stays the caller's to close; the bell gets a connection of its own */
  constructor(redis: Redis, options: CommandInboxOptions = {}) {
    this.#redis = withScripts(redis);
    this.#clock = options.clock ?? systemClock;
    this.#pollMs = options.pollMs ?? 2000;
    this.#log = options.log;
    // ioredis renews only subscriptions that were once confirmed; we know all that are wanted.
    this.#bell = redis.duplicate({ autoResubscribe: false });
    this.#bell.on('error', () => {}); // The other connection sees the same outage, and logs it.
    this.#bell.on('ready', () => this.#listenAgain());
    this.#bell.on('message', (channel: string) => this.#readAll(this.#readers.get(channel) ?? []));
    this.#cancelPoll = this.#clock.after(this.#pollMs, () => void this.#poll());
  }

  /**
   * Delivers the session's commands until the returned function is called.
   * @param owner under whose lease they are carried out: how far a replica has got is noted while it holds the session
   * @throws {RequestError} `session.id-invalid`
   */
  open(sessionId: string, onCommand: (command: SessionCommand) => void, owner = ''): () => void {
    const keys = sessionKeys(sessionId);
    const flags = { position: undefined, reading: false, rungAgain: false, closed: false };
    const reader: Reader = { sessionId, keys, owner, onCommand, ...flags };
    const readers = this.#readers.get(keys.commands) ?? new Set();
    if (readers.size === 0) {
      this.#readers.set(keys.commands, readers);
      this.#subscribe([keys.commands]);
    }
    readers.add(reader);
    void this.#read(reader);
    return () => this.#closeReader(reader);
  }

  close(): void {
    this.#closed = true;
    this.#cancelPoll();
    for (const reader of this.#all()) reader.closed = true;
    this.#readers.clear();
    this.#bell.disconnect();
  }

  #closeReader(reader: Reader): void {
    reader.closed = true;
    const readers = this.#readers.get(reader.keys.commands);
    if (!readers?.delete(reader) || readers.size > 0) return;
    this.#readers.delete(reader.keys.commands);
    if (this.#bell.status === 'ready') this.#bell.unsubscribe(reader.keys.commands).catch(() => {});
  }

  /** A failure here costs promptness only: the poll reads, and the next connection subscribes anew. */
  #subscribe(channels: string[]): void {
    if (this.#bell.status !== 'ready' || channels.length === 0) return;
    this.#bell.subscribe(...channels).then(
      () => this.#readAll(channels.flatMap((channel) => [...(this.#readers.get(channel) ?? [])])),
      () => {},
    );
  }

  #listenAgain(): void {
    this.#subscribe([...this.#readers.keys()]);
  }

  /** One look after the other, however long Redis takes. */
  async #poll(): Promise<void> {
    await this.#look();
    if (!this.#closed) this.#cancelPoll = this.#clock.after(this.#pollMs, () => void this.#poll());
  }

  /** Looks for commands whose bell was lost: in all streams at once, where Redis can look into several slots at a time. */
  async #look(): Promise<void> {
    const alone: Reader[] = [];
    const known: { readonly reader: Reader; readonly position: string }[] = [];
    for (const readers of this.#readers.values()) {
      const [reader, ...others] = readers;
      const position = others.length === 0 && this.#looksAtOnce ? reader?.position : undefined;
      if (reader && position !== undefined) known.push({ reader, position });
      else alone.push(...readers);
    }
    this.#readAll(alone);
    for (let at = 0; at < known.length; at += LOOK_COUNT) await this.#lookInto(known.slice(at, at + LOOK_COUNT));
  }

  async #lookInto(known: readonly { readonly reader: Reader; readonly position: string }[]): Promise<void> {
    const streams = known.map(({ reader }) => reader.keys.commands);
    const positions = known.map(({ position }) => position);
    try {
      const reply = await this.#redis.xread('COUNT', 1, 'STREAMS', ...streams, ...positions);
      this.#isFailing = false;
      for (const [stream] of reply ?? []) this.#readAll(this.#readers.get(stream) ?? []);
    } catch (error) {
      if (!/\bCROSSSLOT\b|same slot/.test(messageOf(error))) return this.#failed(error);
      this.#looksAtOnce = false;
      this.#readAll(known.map(({ reader }) => reader));
    }
  }

  #all(): Reader[] {
    return [...this.#readers.values()].flatMap((readers) => [...readers]);
  }

  #readAll(readers: Iterable<Reader>): void {
    for (const reader of readers) void this.#read(reader);
  }

  async #read(reader: Reader): Promise<void> {
    reader.rungAgain = true;
    if (reader.reading) return;
    reader.reading = true;
    try {
      while (reader.rungAgain && !reader.closed) {
        reader.rungAgain = false;
        reader.position ??= (await this.#redis.get(reader.keys.commandsDone)) ?? '0-0';
        const entries = await this.#next(reader.keys.commands, reader.position);
        this.#isFailing = false;
        const delivered = this.#deliver(reader, entries);
        if (delivered === READ_COUNT) reader.rungAgain = true;
        if (delivered > 0) await this.#note(reader, reader.position);
      }
    } catch (error) {
      const failure = redisFailure(error, 'read');
      if (failure.code === 'redis.unavailable') this.#failed(failure);
      else this.#log?.warn({ session: reader.sessionId, reason: failure.message }, 'The commands could not be read');
    } finally {
      reader.reading = false;
    }
  }

  /** What fails for all sessions is said once, until it works again. */
  #failed(error: unknown): void {
    if (!this.#isFailing && !this.#closed) {
      const reason = redisFailure(error, 'read').message;
      this.#log?.warn({ reason }, 'commands for sessions cannot be read; they are looked for again and again');
    }
    this.#isFailing = true;
  }

  /** Where there is no session any more, or somebody else holds it, there is nothing to note. */
  async #note({ sessionId, owner }: Reader, position: string): Promise<void> {
    await this.#redis.parleyCommandsDone(...scriptKeys(sessionId), POSITION_TTL_MS, owner, position);
  }

  async #next(stream: string, after: string): Promise<[id: string, fields: string[]][]> {
    const reply = await this.#redis.xread('COUNT', READ_COUNT, 'STREAMS', stream, after);
    return reply?.[0]?.[1] ?? [];
  }

  /** @returns how many entries the reader has passed */
  #deliver(reader: Reader, entries: readonly [id: string, fields: string[]][]): number {
    let passed = 0;
    for (const [id, fields] of entries) {
      if (reader.closed) break;
      reader.position = id;
      passed++;
      const command = decodeCommand(fields);
      try {
        if (command) reader.onCommand(command);
        else this.#log?.warn({ session: reader.sessionId, entry: id }, 'A command of an unknown kind was passed over');
      } catch (error) {
        this.#log?.error({ session: reader.sessionId, reason: messageOf(error) }, 'A command could not be carried out');
      }
    }
    return passed;
  }
}
