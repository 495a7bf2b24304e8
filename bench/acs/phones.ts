import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { bytesOf, FRAME_BYTES, FRAME_MS } from '../../shared/audio/pcm.ts';
import { encodeServiceAudio } from '../../shared/protocol/acs-media.ts';
import { monotonicMs } from '../harness/protocol.ts';
import { Random } from '../random.ts';
import { HABITS } from './caller-script.ts';
import { serve } from './child.ts';
import type { Clip } from './clips.ts';
import { newPhoneRecord, PhoneCall, type PhoneRecord, type SpokenClip } from './phone-call.ts';

/**
 * A process that plays ACS for many calls at once: media sockets to the stream host, each with a caller who talks. All
 * frames go out on an absolute 20 ms schedule, in ten groups 2 ms apart, as calls do not beat in step.
 */
const GROUPS = 10;
const GROUP_MS = FRAME_MS / GROUPS;
const NOISE_FRAMES = 50;
/** A quiet telephone line: some -66 dBFS. */
const NOISE_PEAK = 28;
const PARTICIPANT = '4:+15550001111';

export interface PhonesOptions {
  readonly clips: readonly Clip[];
  readonly seed: number;
  /** Of the hosts' media sockets: calls are dealt to them in turn. */
  readonly urls: readonly string[];
  readonly habits: keyof typeof HABITS;
  readonly token: string;
}

class Phones {
  readonly #options: PhonesOptions;
  readonly #clips: readonly SpokenClip[];
  readonly #noise: readonly Buffer[];
  readonly #calls: PhoneCall[] = [];
  readonly #startMs = monotonicMs();
  #dialled = 0;
  #beat = 0;
  #blocks: PhoneRecord[] = [newPhoneRecord()];
  /** Length of the measurement's stretches; what comes after the last one counts to it. */
  #blockMs = Number.POSITIVE_INFINITY;
  #measuredSinceMs = 0;
  #ownLatenessMs: number[] = [];

  constructor(options: PhonesOptions) {
    this.#options = options;
    this.#clips = options.clips.map(({ kind, pcm }) => ({ kind, frames: encodeFrames(pcm) }));
    const random = new Random(`noise ${options.seed}`);
    const length = (NOISE_FRAMES * FRAME_BYTES) / 2;
    this.#noise = encodeFrames(bytesOf(Int16Array.from({ length }, () => random.between(-NOISE_PEAK, NOISE_PEAK))));
    this.#send();
  }

  /** Places calls, `perSecond` of them a second. Each id is that of a session, and of its call. */
  async dial(ids: readonly string[], perSecond: number) {
    const { urls, token, habits, seed } = this.#options;
    const outcomes: PhoneCall['dialled'][] = [];
    for (const id of ids) {
      const number = this.#dialled++;
      const call = new PhoneCall({
        ...{ id, token, clips: this.#clips, noise: this.#noise, habits: HABITS[habits] },
        url: urls[number % urls.length] ?? '',
        random: new Random(`caller ${seed} ${number}`),
        record: (nowMs) => this.#record(nowMs),
      });
      this.#calls.push(call);
      outcomes.push(call.dialled);
      await sleep(1000 / perSecond);
    }
    return Promise.all(outcomes);
  }

  measure(blockMs: number, blocks: number): void {
    this.#blockMs = blockMs;
    this.#measuredSinceMs = monotonicMs();
    this.#blocks = Array.from({ length: blocks }, newPhoneRecord);
    this.#ownLatenessMs = [];
  }

  /** What was seen since; and how late this process itself was in sending, by which its receiving times may be wrong. */
  report() {
    return { blocks: this.#blocks, ownLatenessMs: this.#ownLatenessMs };
  }

  /** Ends all calls but so many. */
  hangUp(keep: number): void {
    for (const call of this.#calls.splice(keep)) call.hangUp();
  }

  #record(nowMs: number): PhoneRecord {
    const at = Math.floor((nowMs - this.#measuredSinceMs) / this.#blockMs);
    return this.#blocks[Math.min(at, this.#blocks.length - 1)] ?? newPhoneRecord();
  }

  /** What is due now goes out now, however late the timer was; the error does not add up. */
  #send(): void {
    const dueMs = () => this.#startMs + this.#beat * GROUP_MS;
    for (; dueMs() <= monotonicMs(); this.#beat += 1) {
      this.#ownLatenessMs.push(monotonicMs() - dueMs());
      for (let at = this.#beat % GROUPS; at < this.#calls.length; at += GROUPS) this.#calls[at]?.tick();
    }
    setTimeout(() => this.#send(), Math.max(0, dueMs() - monotonicMs()));
  }
}

/**
 * Each 20 ms as the web socket frame that goes over the wire (RFC 6455 §5.2), made and masked once: `ws` would do it
 * again for each of five thousand sends a second, on the cores that it shares with the host. The host unmasks all the same.
 */
function encodeFrames(pcm: Uint8Array): Buffer[] {
  const at = new Date();
  return Array.from({ length: pcm.length / FRAME_BYTES }, (_, frame) => {
    const audio = pcm.subarray(frame * FRAME_BYTES, (frame + 1) * FRAME_BYTES);
    const text = Buffer.from(encodeServiceAudio(audio, at, PARTICIPANT, false));
    const mask = randomBytes(4);
    const head = Buffer.from([0x81, 0x80 | 126, text.length >> 8, text.length & 0xff, ...mask]);
    return Buffer.concat([head, text.map((byte, i) => byte ^ (mask[i % 4] ?? 0))]);
  });
}

let phones: Phones | undefined;
const opened = (): Phones => {
  if (!phones) throw new Error('The phones have not been started.');
  return phones;
};
const api = {
  start(options: PhonesOptions) {
    phones = new Phones(options);
  },
  dial: (ids: readonly string[], perSecond: number) => opened().dial(ids, perSecond),
  measure: (blockMs: number, blocks: number) => opened().measure(blockMs, blocks),
  report: () => opened().report(),
  hangUp: (keep: number) => opened().hangUp(keep),
};
export type PhonesApi = typeof api;
serve(api);
