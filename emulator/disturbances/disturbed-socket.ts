import { Duplex } from 'node:stream';
import type { Clock } from '../../shared/clock.ts';
import type { ActiveFault } from './disturbances.ts';
import { type HoldBack, LateLine } from './late-line.ts';

/** Beyond this, whoever writes waits. */
const MOST_HELD_BYTES = 4 * 1024 * 1024;
/** The head of a frame of a web socket is no longer, and is written by itself. */
const LONGEST_HEAD = 14;

/**
 * A connection to a service whose answers are late, held back or garbled as long as somebody wants it. What comes from the
 * client passes as it is.
 */
export class DisturbedSocket extends Duplex {
  readonly #line: Duplex;
  readonly #fault: () => ActiveFault | undefined;
  readonly #late: LateLine<Buffer>;
  #heldBytes = 0;
  #feltLast: ActiveFault | undefined;
  /** A write that waits for room, and the end that waits for all of them. */
  #onRoom: (() => void) | undefined;
  #onEmpty: (() => void) | undefined;

  constructor(line: Duplex, fault: () => ActiveFault | undefined, clock: Clock) {
    super();
    this.#line = line;
    this.#fault = fault;
    this.#late = new LateLine({
      clock,
      holdBack: () => holdBackOf(this.#fault()),
      hand: (chunk) => this.#hand(chunk),
      onEmpty: () => this.#emptied(),
    });
    line.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) line.pause();
    });
    line.on('drain', () => this.#roomAgain());
    line.on('end', () => this.push(null));
    line.on('error', (error) => this.destroy(error));
    line.on('close', () => this.destroy());
  }

  /** How it fails has changed. */
  recheck(): void {
    this.#late.recheck();
  }

  override _read(): void {
    this.#line.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    const fault = this.#fault();
    if (fault !== undefined && fault !== this.#feltLast) fault.count.felt += 1;
    this.#feltLast = fault;
    const bytes = fault?.fault === 'garbled' ? garbled(chunk) : chunk;
    this.#heldBytes += bytes.length;
    this.#late.put(bytes);
    if (this.#heldBytes <= MOST_HELD_BYTES && !this.#line.writableNeedDrain) done();
    else this.#onRoom = done;
  }

  override _final(done: () => void): void {
    this.#onEmpty = () => {
      this.#line.end();
      done();
    };
    if (this.#late.isEmpty) this.#emptied();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#late.clear();
    this.#line.destroy();
    done(error);
  }

  #hand(chunk: Buffer): void {
    this.#heldBytes -= chunk.length;
    this.#line.write(chunk);
    this.#roomAgain();
  }

  #roomAgain(): void {
    if (this.#heldBytes > MOST_HELD_BYTES || this.#line.writableNeedDrain) return;
    const onRoom = this.#onRoom;
    this.#onRoom = undefined;
    onRoom?.();
  }

  #emptied(): void {
    const onEmpty = this.#onEmpty;
    this.#onEmpty = undefined;
    onEmpty?.();
  }
}

const holdBackOf = (fault: ActiveFault | undefined): HoldBack => {
  if (fault?.fault === 'slow') return { lateMs: fault.amountMs };
  return fault?.fault === 'silent' ? 'all' : undefined;
};

/** Every third byte of what is said is another one: no JSON, and no sound. The frames of the socket stay whole. */
function garbled(chunk: Buffer): Buffer {
  return chunk.length <= LONGEST_HEAD ? chunk : Buffer.from(chunk.map((byte, at) => (at % 3 === 0 ? 0x3f : byte)));
}
