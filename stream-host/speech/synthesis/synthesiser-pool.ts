import type { Cancel, Clock } from '../../../shared/clock.ts';
import { DependencyError } from '../../../shared/errors.ts';
import type { Logger } from '../../../shared/log.ts';
import { within } from '../../../shared/within.ts';
import type { SynthesisConnection } from './synthesis-connection.ts';

const REFILL_MIN_MS = 1_000;
const REFILL_MAX_MS = 30_000;

export interface SynthesiserPoolOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Makes a connection object; the pool opens it. */
  readonly connect: (onLost: () => void) => SynthesisConnection;
  /** Connections that are held open and ready. */
  readonly warm: number;
  /** Connections that may be open or opening at once. */
  readonly max: number;
  /** An unused connection is closed after this long (the service does so too, less politely), and a warm one replaced. */
  readonly idleMs: number;
  /** Texts that a connection speaks before it is replaced: the SDK keeps a little of each. */
  readonly maxUses: number;
  readonly connectTimeoutMs: number;
}

export interface SynthesiserPoolStats {
  readonly idle: number;
  readonly opening: number;
  readonly inUse: number;
  readonly waiting: number;
}

/** Synthesis connections, opened ahead of need, because opening one costs more than the first audio of a warm one. */
export class SynthesiserPool {
  readonly #options: SynthesiserPoolOptions;
  /** The most recently used last. */
  readonly #idle: { readonly connection: SynthesisConnection; readonly cancelIdle: Cancel }[] = [];
  readonly #inUse = new Set<SynthesisConnection>();
  readonly #opening = new Set<SynthesisConnection>();
  readonly #waiting: PromiseWithResolvers<SynthesisConnection>[] = [];
  #refillMs = REFILL_MIN_MS;
  #failing = false;
  #cancelRefill: Cancel | undefined;
  #closed = false;

  constructor(options: SynthesiserPoolOptions) {
    this.#options = options;
    this.#grow();
  }

  get stats(): SynthesiserPoolStats {
    return {
      idle: this.#idle.length,
      opening: this.#opening.size,
      inUse: this.#inUse.size,
      waiting: this.#waiting.length,
    };
  }

  /**
   * A connection for one text, to be given back. Rejects when none can be opened, none comes free in time, or the
   * signal is aborted first.
   * @param fresh not one that has been idle: where one of these has broken unnoticed, the others may have too
   * @param waitMs how long it may take
   */
  async take(signal: AbortSignal, fresh: boolean, waitMs: number): Promise<SynthesisConnection> {
    if (this.#closed) throw new DependencyError('synthesis.closed', 'The synthesiser is closed.');
    const idle = fresh ? undefined : this.#idle.pop();
    if (!idle) return await this.#wait(signal, waitMs);
    idle.cancelIdle();
    this.#inUse.add(idle.connection);
    this.#grow();
    return idle.connection;
  }

  /** Takes a connection back. One that was closed, or has spoken often enough, is replaced. */
  giveBack(connection: SynthesisConnection): void {
    this.#inUse.delete(connection);
    if (this.#closed || connection.uses >= this.#options.maxUses) connection.close();
    if (connection.isUsable) this.#offer(connection);
    else this.#grow();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelRefill?.();
    for (const { connection, cancelIdle } of this.#idle.splice(0)) {
      cancelIdle();
      connection.close();
    }
    for (const connection of [...this.#opening, ...this.#inUse]) connection.close();
    const error = new DependencyError('synthesis.closed', 'The synthesiser is closed.');
    for (const waiter of this.#waiting.splice(0)) waiter.reject(error);
  }

  async #wait(signal: AbortSignal, waitMs: number): Promise<SynthesisConnection> {
    const waiter = Promise.withResolvers<SynthesisConnection>();
    const leave = (error: DependencyError) => {
      const place = this.#waiting.indexOf(waiter);
      if (place !== -1) this.#waiting.splice(place, 1);
      waiter.reject(error);
    };
    const onAbort = () => leave(new DependencyError('synthesis.aborted', 'The synthesis is no longer wanted.'));
    const cancelLimit = this.#options.clock.after(waitMs, () => leave(this.#whyNone()));
    signal.addEventListener('abort', onAbort, { once: true });
    this.#waiting.push(waiter);
    this.#grow();
    try {
      return await waiter.promise;
    } finally {
      cancelLimit();
      signal.removeEventListener('abort', onAbort);
    }
  }

  #whyNone(): DependencyError {
    return this.#inUse.size < this.#options.max
      ? noConnection()
      : new DependencyError('synthesis.busy', 'All synthesis connections are in use. Allow more, or fewer sessions.');
  }

  /** Opens what those who wait need, and what is missing from the warm ones. */
  #grow(): void {
    if (this.#closed) return;
    const warmWanted = this.#cancelRefill ? 0 : this.#options.warm - this.#idle.length;
    const wanted = Math.max(0, warmWanted) + this.#waiting.length;
    const room = this.#options.max - this.#idle.length - this.#inUse.size;
    while (this.#opening.size < Math.min(wanted, room)) void this.#open();
  }

  async #open(): Promise<void> {
    const connection = this.#options.connect(() => this.#lost(connection));
    this.#opening.add(connection);
    const { clock, connectTimeoutMs } = this.#options;
    try {
      await within(clock, connectTimeoutMs, connection.open(), () => {
        throw noConnection();
      });
      this.#opening.delete(connection);
      this.#refillMs = REFILL_MIN_MS;
      if (this.#failing) this.#options.log.info('synthesis connections can be opened again');
      this.#failing = false;
      if (this.#closed) connection.close();
      else this.#offer(connection);
    } catch (error) {
      this.#opening.delete(connection);
      connection.close();
      this.#failed(error as DependencyError);
    }
  }

  /** The one who waits longest hears of it; the warm ones are tried again after a pause that grows. */
  #failed(error: DependencyError): void {
    if (this.#closed) return;
    if (!this.#failing) this.#options.log.warn({ err: error }, 'no synthesis connection can be opened');
    this.#failing = true;
    this.#waiting.shift()?.reject(error);
    this.#refillLater();
  }

  /** An idle connection broke, or the service closed it. */
  #lost(connection: SynthesisConnection): void {
    const place = this.#idle.findIndex((idle) => idle.connection === connection);
    if (place !== -1) this.#idle.splice(place, 1)[0]?.cancelIdle();
    this.#refillLater();
  }

  #refillLater(): void {
    if (this.#closed || this.#cancelRefill) return;
    this.#cancelRefill = this.#options.clock.after(this.#refillMs, () => {
      this.#cancelRefill = undefined;
      this.#grow();
    });
    this.#refillMs = Math.min(this.#refillMs * 2, REFILL_MAX_MS);
  }

  #offer(connection: SynthesisConnection): void {
    const waiter = this.#waiting.shift();
    if (waiter) {
      this.#inUse.add(connection);
      waiter.resolve(connection);
      return;
    }
    const cancelIdle = this.#options.clock.after(this.#options.idleMs, () => {
      this.#idle.splice(
        this.#idle.findIndex((idle) => idle.connection === connection),
        1,
      );
      connection.close();
      this.#grow();
    });
    this.#idle.push({ connection, cancelIdle });
  }
}

const noConnection = () => new DependencyError('synthesis.no-connection', 'Azure Speech did not answer in time.');
