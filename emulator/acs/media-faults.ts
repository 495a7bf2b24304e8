import type { RawData } from 'ws';
import type { Cancel } from '../../shared/clock.ts';
import type { ActiveFault, Disturbances } from '../disturbances/disturbances.ts';
import { LateLine } from '../disturbances/late-line.ts';

interface MediaMessage {
  readonly data: RawData;
  readonly isBinary: boolean;
}

/** The stream host of one media socket, as far as somebody who calls wants it to be away, late or silent. */
export class MediaFaults {
  readonly #disturbances: Disturbances;
  readonly #cut: () => void;
  readonly #late: LateLine<MediaMessage>;
  readonly #stopWatching: Cancel;
  #feltLast: ActiveFault | undefined;

  /**
   * @param options.cut breaks the socket
   * @param options.hand takes what the stream host has sent
   */
  constructor(
    disturbances: Disturbances,
    { cut, hand }: { readonly cut: () => void; readonly hand: (message: MediaMessage) => void },
  ) {
    this.#disturbances = disturbances;
    this.#cut = cut;
    this.#late = new LateLine({
      clock: disturbances.clock,
      holdBack: () => (this.#fault?.fault === 'slow' ? { lateMs: this.#fault.amountMs } : undefined),
      hand,
    });
    this.#stopWatching = disturbances.watch((dependency) => {
      if (dependency === 'stream-host') this.#changed();
    });
    // Whoever is told of the end listens in a moment.
    setImmediate(() => this.#changed());
  }

  /** Whether what somebody says in the call is lost on its way: nothing goes either way. */
  losesVoice(): boolean {
    if (!this.#isSilent) return false;
    this.#feel();
    return true;
  }

  put(message: MediaMessage): void {
    this.#feel();
    if (!this.#isSilent) this.#late.put(message);
  }

  /** Idempotent. */
  close(): void {
    this.#stopWatching();
    this.#late.clear();
  }

  get #isSilent(): boolean {
    return this.#fault?.fault === 'silent';
  }

  get #fault(): ActiveFault | undefined {
    return this.#disturbances.at('stream-host');
  }

  #changed(): void {
    this.#late.recheck();
    if (this.#fault?.fault !== 'down') return;
    this.#feel();
    this.#cut();
  }

  #feel(): void {
    const fault = this.#fault;
    if (fault !== undefined && fault !== this.#feltLast) fault.count.felt += 1;
    this.#feltLast = fault;
  }
}
