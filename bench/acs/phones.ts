import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { bytesOf, FRAME_BYTES, FRAME_MS, FRAME_SAMPLES } from '../../shared/audio/pcm.ts';
import { encodeServiceAudio } from '../../shared/carrier/acs/media-frames.ts';
import { serve } from '../child.ts';
import { Random } from '../random.ts';
import { everyBeat, monotonicMs } from '../time.ts';
import { HABITS } from './caller-script.ts';
import type { Clip } from './clips.ts';
import { newPhoneRecord, PhoneCall, type PhoneRecord, type SpokenClip } from './phone-call.ts';

/** All frames go out on an absolute 20 ms schedule, in ten groups 2 ms apart, as calls do not beat in step. */
const GROUPS = 10;
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

const calls: PhoneCall[] = [];
let blocks: PhoneRecord[] = [newPhoneRecord()];
/** Length of the measurement's stretches; what comes after the last one counts to it. */
let blockMs = Number.POSITIVE_INFINITY;
let measuredSinceMs = 0;
let ownLatenessMs: number[] = [];
let place: (id: string) => PhoneCall = () => {
  throw new Error('The phones have not been started.');
};

/** A process that plays ACS for many calls at once: media sockets to the stream host, each with a caller who talks. */
const api = {
  start({ clips, seed, urls, habits, token }: PhonesOptions): void {
    const spoken = clips.map(({ kind, pcm }): SpokenClip => ({ kind, frames: encodeFrames(pcm) }));
    const random = new Random(`noise ${seed}`);
    const length = NOISE_FRAMES * FRAME_SAMPLES;
    const noise = encodeFrames(bytesOf(Int16Array.from({ length }, () => random.between(-NOISE_PEAK, NOISE_PEAK))));
    const record = (nowMs: number) => {
      const at = Math.floor((nowMs - measuredSinceMs) / blockMs);
      return blocks[Math.min(at, blocks.length - 1)] ?? newPhoneRecord();
    };
    let dialled = 0;
    place = (id) => {
      const number = dialled++;
      const [url = '', chance] = [urls[number % urls.length], new Random(`caller ${seed} ${number}`)];
      return new PhoneCall({ id, url, token, clips: spoken, noise, habits: HABITS[habits], random: chance, record });
    };
    let group = 0;
    everyBeat(FRAME_MS / GROUPS, (_dueMs, lateMs) => {
      ownLatenessMs.push(lateMs);
      for (let at = group; at < calls.length; at += GROUPS) calls[at]?.tick();
      group = (group + 1) % GROUPS;
    });
  },
  /**
   * Places calls, `perSecond` of them a second. Each id is that of a session, and of its call.
   * @returns why each was refused; undefined where it was connected
   */
  async dial(ids: readonly string[], perSecond: number) {
    const placed: PhoneCall[] = [];
    for (const id of ids) {
      const call = place(id);
      calls.push(call);
      placed.push(call);
      await sleep(1000 / perSecond);
    }
    return Promise.all(placed.map(({ refusal }) => refusal));
  },
  measure(eachMs: number, count: number): void {
    blockMs = eachMs;
    measuredSinceMs = monotonicMs();
    blocks = Array.from({ length: count }, newPhoneRecord);
    ownLatenessMs = [];
  },
  /** What was seen since; and how late this process itself was in sending, by which its receiving times may be wrong. */
  report: () => ({ blocks, ownLatenessMs }),
  /** Ends all calls but so many. */
  hangUp(keep: number): void {
    for (const call of calls.splice(keep)) call.hangUp();
  },
};
export type PhonesApi = typeof api;
serve(api);

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
