import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import { FRAME_BYTES, SAMPLE_RATE, samplesOf } from '../../shared/audio/pcm.ts';
import { encodeServiceMetadata } from '../../shared/carrier/acs/media-frames.ts';
import { FarEnd, type LineRecord, newLineCounts } from '../harness/far-end.ts';
import { readPosition } from '../harness/position-mark.ts';
import type { Random } from '../random.ts';
import { monotonicMs } from '../time.ts';
import { type CallerEvent, type CallerHabits, type CallerState, step } from './caller-script.ts';

/** A clip as it goes over the wire: one web socket frame for each 20 ms. */
export interface SpokenClip {
  readonly kind: 'turn' | 'interruption';
  readonly frames: readonly Buffer[];
}

/** A StopAudio as the far side saw it. */
interface SeenStop {
  /** Of the far side's socket: tells which call it is. */
  readonly port: number;
  /** The answer that was heard, by the number that marks its audio. */
  readonly answer: number;
  readonly receivedMs: number;
  /** When the first frame of the caller's speech was sent that it answers; absent where nobody had cut in. */
  readonly onsetMs?: number;
}

/** A message of the agent's voice that was not held back by pacing: the line had room for it before it came. */
interface UnpacedMessage {
  /** Where its first frame lies. */
  readonly answer: number;
  readonly ms: number;
  /** Since when the line had room for it. */
  readonly roomSinceMs: number;
  readonly receivedMs: number;
}

/** What is counted on a line, and of the talk on it. */
const newCounts = () => ({
  ...newLineCounts(),
  /** How often a caller cut in, and how often the agent did not heed it in time. */
  interruptions: 0,
  missedInterruptions: 0,
  /** StopAudio although the caller had said nothing. */
  uncalledStops: 0,
  /** Turns of the caller that got no answer in time. */
  unanswered: 0,
  /** Lines that the host closed. */
  closed: 0,
});

/** One stretch of the measurement: where all calls of the process write what they see. */
export const newPhoneRecord = () => ({
  counts: newCounts(),
  jitterMs: [] as number[],
  stops: [] as SeenStop[],
  unpaced: [] as UnpacedMessage[],
});
export type PhoneRecord = LineRecord & ReturnType<typeof newPhoneRecord>;

export interface PhoneCallOptions {
  readonly id: string;
  readonly url: string;
  readonly token: string;
  readonly clips: readonly SpokenClip[];
  /** The noise of a line on which nobody speaks, in frames too. */
  readonly noise: readonly Buffer[];
  readonly habits: CallerHabits;
  readonly random: Random;
  /** Where what is seen at this moment belongs. */
  readonly record: (nowMs: number) => PhoneRecord;
}

/** An interruption that has not stopped the agent after so long is missed. */
const HEED_MS = 1500;
const GREETING_WITHIN_MS = 4000;
/** With so much ahead of the ear, or more, a host need not send: its lead of 400 ms less a message of 100 ms. */
const FULL_MS = 300;
const STOP_PREFIX = '{"kind":"StopAudio"';

/** One call: ACS's media socket with somebody on the phone who listens, answers and cuts in. */
export class PhoneCall {
  /** Settles when the socket is open or refused: the HTTP status and error code of a refusal. */
  readonly refusal: Promise<string | undefined>;
  readonly #options: PhoneCallOptions;
  readonly #socket: WebSocket;
  readonly #farEnd: FarEnd;
  /** The TCP connection below, for frames that are made beforehand. */
  #line: Socket | undefined;
  // Nobody says a word before the greeting, unless none comes.
  #state: CallerState = { name: 'pausing', untilMs: Number.POSITIVE_INFINITY };
  #clip: SpokenClip | undefined;
  #nextFrame = 0;
  #noiseAt: number;
  #saidAtMs = 0;
  #onsetMs: number | undefined;
  #stoppedAnswer = 0;
  #ended = false;

  constructor(options: PhoneCallOptions) {
    this.#options = options;
    this.#farEnd = new FarEnd(options.record);
    this.#noiseAt = options.random.whole(0, options.noise.length - 1);
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    this.refusal = promise;
    const headers = { authorization: `Bearer ${options.token}`, 'x-ms-call-connection-id': `call-${options.id}` };
    const socket = new WebSocket(`${options.url}?session_id=${options.id}`, { headers, perMessageDeflate: false });
    this.#socket = socket;
    socket.on('upgrade', (response) => {
      this.#line = response.socket;
    });
    socket.on('open', () => {
      socket.send(encodeServiceMetadata(options.id, SAMPLE_RATE));
      this.#state = { name: 'pausing', untilMs: monotonicMs() + GREETING_WITHIN_MS };
      resolve(undefined);
    });
    socket.on('unexpected-response', async (_request, response) => {
      this.#ended = true;
      const body = Buffer.concat(await response.toArray()).toString();
      const code = /"code":"([^"]+)"/.exec(body)?.[1] ?? '';
      resolve(`${response.statusCode} ${code}`);
    });
    socket.on('message', (data: Buffer) => this.#receive(data));
    socket.on('error', () => {});
    socket.on('close', () => {
      resolve('closed');
      if (!this.#ended) options.record(monotonicMs()).counts.closed += 1;
      this.#ended = true;
    });
  }

  /** Sends the next 20 ms of the caller's line. */
  tick(): void {
    if (this.#ended || this.#socket.readyState !== WebSocket.OPEN) return;
    this.#handle('tick');
    const { noise } = this.#options;
    const frame = this.#clip?.frames[this.#nextFrame];
    if (frame && this.#nextFrame === 0 && this.#clip?.kind === 'interruption') this.#onsetMs = monotonicMs();
    if (!frame) this.#noiseAt = (this.#noiseAt + 1) % noise.length;
    this.#line?.write(frame ?? noise[this.#noiseAt] ?? '');
    if (!frame) return;
    this.#nextFrame += 1;
    if (this.#nextFrame < (this.#clip?.frames.length ?? 0)) return;
    this.#clip = undefined;
    this.#saidAtMs = monotonicMs();
    this.#handle('said');
  }

  hangUp(): void {
    this.#ended = true;
    this.#socket.close(1000, 'The caller has hung up.');
  }

  #handle(event: CallerEvent): void {
    const nowMs = monotonicMs();
    const { record, random, habits, clips } = this.#options;
    const { counts } = record(nowMs);
    if (this.#onsetMs !== undefined && nowMs > this.#onsetMs + HEED_MS) {
      this.#onsetMs = undefined;
      counts.missedInterruptions += 1;
    }
    const context = { nowMs, agentQuietMs: this.#farEnd.quietMsAt(nowMs), random: () => random.next() };
    const { state, act } = step(this.#state, event, context, habits);
    this.#state = state;
    if (act === 'give-up-waiting') counts.unanswered += 1;
    else if (act) {
      const kind = act === 'say-turn' ? 'turn' : 'interruption';
      if (kind === 'interruption') counts.interruptions += 1;
      this.#clip = random.pick(clips.filter((clip) => clip.kind === kind));
      this.#nextFrame = 0;
    }
  }

  #receive(data: Buffer): void {
    const nowMs = monotonicMs();
    if (data.toString('latin1', 0, STOP_PREFIX.length) === STOP_PREFIX) {
      this.#stopped(nowMs);
      return;
    }
    const { audioData } = JSON.parse(data.toString()) as { audioData?: { data?: string } };
    const pcm = Buffer.from(audioData?.data ?? '', 'base64');
    this.#noteUnpaced(nowMs, pcm);
    const begins = this.#farEnd.receive(nowMs, pcm);
    // A greeting and an apology are no answers: they are of turn 0.
    if (begins && this.#farEnd.turn > 0) this.#handle('answer-audible');
  }

  #noteUnpaced(receivedMs: number, pcm: Uint8Array): void {
    const roomSinceMs = this.#farEnd.playedOutAtMs - FULL_MS;
    const position = receivedMs > roomSinceMs && readPosition(samplesOf(new Uint8Array(pcm.subarray(0, FRAME_BYTES))));
    // What was said before a stop is old, whenever it is sent again.
    if (!position || position.turn <= this.#stoppedAnswer) return;
    const { unpaced } = this.#options.record(receivedMs);
    unpaced.push({ answer: position.turn, ms: position.ms, roomSinceMs, receivedMs });
  }

  #stopped(nowMs: number): void {
    const { stops, counts } = this.#options.record(nowMs);
    const onsetMs = this.#onsetMs;
    const answer = this.#farEnd.turn;
    this.#farEnd.stop(nowMs);
    this.#stoppedAnswer = answer;
    this.#onsetMs = undefined;
    const port = this.#line?.localPort ?? 0;
    stops.push({ port, answer, receivedMs: nowMs, ...(onsetMs !== undefined && { onsetMs }) });
    // A question can run into an answer that comes late: then the agent gives way to it, rightly.
    const wasQuiet = this.#clip === undefined && nowMs > this.#saidAtMs + HEED_MS;
    if (onsetMs === undefined && wasQuiet) counts.uncalledStops += 1;
  }
}
