import { setTimeout as sleep } from 'node:timers/promises';
import { FRAME_BYTES, FRAME_MS } from '../../shared/audio/pcm.ts';
import { encodeServiceAudio } from '../../shared/protocol/acs-media.ts';
import { HABITS } from './caller-script.ts';
import { readClips } from './clips.ts';
import { Histogram } from './histogram.ts';
import {
  type DialOutcome,
  type FromPhones,
  newCounts,
  type PhonesReport,
  type PhonesStart,
  type ToPhones,
} from './messages.ts';
import { monotonicMs } from './monotonic.ts';
import { PhoneCall, type PhoneRecord, type SpokenClip } from './phone-call.ts';
import { randomOf } from './random.ts';
import { encodeFrame, OPCODE } from './web-socket-frames.ts';

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

class Phones {
  readonly #options: PhonesStart;
  readonly #clips: readonly SpokenClip[];
  readonly #noise: readonly Buffer[];
  readonly #groups: PhoneCall[][] = Array.from({ length: GROUPS }, () => []);
  readonly #ownLateness = new Histogram();
  readonly #closures: string[] = [];
  #calls = 0;
  #blocks: PhoneRecord[] = [newRecord()];
  /** Length and number of the measurement's stretches; what comes after the last one counts to it. */
  #blockMs = Number.POSITIVE_INFINITY;
  #measuredSinceMs = 0;
  #response = new Histogram(1);

  constructor(options: PhonesStart, clips: readonly SpokenClip[]) {
    this.#options = options;
    this.#clips = clips;
    this.#noise = lineNoise(randomOf(options.seed));
    this.#beat(monotonicMs(), 0);
  }

  static async open(options: PhonesStart): Promise<Phones> {
    const clips = await readClips(options.folder);
    const random = randomOf(options.seed);
    return new Phones(
      options,
      clips.map(({ kind, pcm }) => ({ kind, frames: encodeFrames(pcm, random) })),
    );
  }

  async dial(ids: readonly string[], perSecond: number): Promise<DialOutcome[]> {
    const outcomes: Promise<DialOutcome>[] = [];
    for (const id of ids) {
      const number = this.#calls++;
      const call = new PhoneCall({
        id,
        url: this.#options.urls[number % this.#options.urls.length] ?? '',
        token: this.#options.token,
        clips: this.#clips,
        noise: this.#noise,
        habits: HABITS[this.#options.habits],
        random: randomOf(this.#options.seed * 100_003 + number),
        record: (nowMs) => this.#record(nowMs),
        response: this.#response,
        onClosed: (reason) => this.#closures.push(reason),
      });
      this.#groups[number % GROUPS]?.push(call);
      outcomes.push(call.dial());
      await sleep(1000 / perSecond);
    }
    return Promise.all(outcomes);
  }

  measure(blockMs: number, blocks: number): void {
    this.#blockMs = blockMs;
    this.#measuredSinceMs = monotonicMs();
    this.#blocks = Array.from({ length: blocks }, newRecord);
    this.#ownLateness.clear();
    this.#response.clear();
  }

  report(): PhonesReport {
    const blocks = this.#blocks.map(({ counts, jitter, stops }) => ({
      counts: { ...counts },
      jitter: jitter.toJson(),
      stops: [...stops],
    }));
    return {
      blocks,
      response: this.#response.toJson(),
      ownLateness: this.#ownLateness.toJson(),
      closures: [...this.#closures],
    };
  }

  /** Ends all calls but so many. */
  hangUp(keep: number): void {
    const calls = this.#groups.flat();
    for (const [group, members] of this.#groups.entries()) {
      this.#groups[group] = members.filter((call) => calls.indexOf(call) < keep);
    }
    for (const call of calls.slice(keep)) call.hangUp();
  }

  #record(nowMs: number): PhoneRecord {
    const at = Math.floor((nowMs - this.#measuredSinceMs) / this.#blockMs);
    return this.#blocks[Math.min(at, this.#blocks.length - 1)] ?? newRecord();
  }

  /** What is due now goes out now, however late the timer was; the error does not add up. */
  #beat(startMs: number, beat: number): void {
    let next = beat;
    for (; startMs + next * GROUP_MS <= monotonicMs(); next += 1) {
      this.#ownLateness.add(monotonicMs() - (startMs + next * GROUP_MS));
      for (const call of this.#groups[next % GROUPS] ?? []) call.tick();
    }
    setTimeout(() => this.#beat(startMs, next), Math.max(0, startMs + next * GROUP_MS - monotonicMs()));
  }
}

const newRecord = (): PhoneRecord => ({ counts: newCounts(), jitter: new Histogram(), stops: [] });

function lineNoise(random: () => number): Buffer[] {
  const samples = new Int16Array((NOISE_FRAMES * FRAME_BYTES) / 2).map(() =>
    Math.round((random() * 2 - 1) * NOISE_PEAK),
  );
  return encodeFrames(Buffer.from(samples.buffer), random);
}

/** Each frame with a masking key of its own, made once: the host has the same to unmask as from any client. */
function encodeFrames(pcm: Buffer, random: () => number): Buffer[] {
  const at = new Date();
  return Array.from({ length: pcm.length / FRAME_BYTES }, (_, frame) => {
    const audio = pcm.subarray(frame * FRAME_BYTES, (frame + 1) * FRAME_BYTES);
    const text = Buffer.from(encodeServiceAudio(audio, at, PARTICIPANT, false));
    return encodeFrame(OPCODE.text, text, 1 + Math.floor(random() * 0xffff_fffe));
  });
}

let phones: Phones | undefined;
const tell = (message: FromPhones) => process.send?.(message);

async function obey(message: ToPhones): Promise<void> {
  switch (message.type) {
    case 'start':
      phones = await Phones.open(message.options);
      tell({ type: 'ready' });
      return;
    case 'dial':
      tell({ type: 'dialled', outcomes: (await phones?.dial(message.ids, message.perSecond)) ?? [] });
      return;
    case 'measure':
      phones?.measure(message.blockMs, message.blocks);
      return;
    case 'report':
      if (phones) tell({ type: 'report', report: phones.report() });
      return;
    case 'hang-up':
      phones?.hangUp(message.keep);
  }
}

process.on('message', (message: ToPhones) => void obey(message));
process.once('disconnect', () => process.exit(0));
