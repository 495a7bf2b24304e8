import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { bytesOf, FRAME_BYTES, FRAME_MS, samplesOf } from '../../shared/audio/pcm.ts';
import { parseWav } from '../../shared/audio/wav.ts';
import { systemClock } from '../../shared/clock.ts';
import { Caller, CallFailed } from './caller.ts';
import type { CallEvent, CallScript } from './caller-events.ts';
import { CallerLine } from './caller-line.ts';
import { CallRecording } from './caller-recording.ts';
import type { TranscriptLine } from './caller-requests.ts';
import { isAudible } from './caller-voice.ts';
import type { LineHolder, PhoneLine } from './phone-line.ts';
import { PhoneNetwork } from './phone-network.ts';

const SILENCE = new Uint8Array(FRAME_BYTES);
const VOICE = bytesOf(Int16Array.from({ length: 320 }, (_, i) => Math.round(8000 * Math.sin(i / 4))));
const speech = (ms: number) => Buffer.concat(Array.from({ length: ms / FRAME_MS }, () => VOICE));
const utterance = (label: string, ms = 300) => ({ label, pcm: speech(ms) });

interface Manners {
  readonly greetingMs?: number;
  readonly answerMs?: number;
  /** Stops talking when the caller speaks. */
  readonly yields?: boolean;
  readonly hangsUpAfterAnswers?: number;
}

/** An agent at the other end of the line: greets, answers a moment after the caller was heard, and has manners. */
class Agent implements LineHolder {
  readonly #line: PhoneLine;
  readonly #manners: Manners;
  readonly #timer: NodeJS.Timeout;
  #framesLeft: number;
  #callerSpoke = false;
  #callerQuietFrames = 0;
  #answers = 0;

  constructor(line: PhoneLine, manners: Manners) {
    this.#line = line;
    this.#manners = manners;
    this.#framesLeft = (manners.greetingMs ?? 200) / FRAME_MS;
    line.seize(this);
    line.send({ type: 'connected', callConnectionId: 'call-1' });
    line.send({ type: 'media', state: 'started' });
    this.#timer = setInterval(() => this.#beat(), FRAME_MS);
  }

  answered(): void {}
  declined(): void {}
  toneDialled(): void {}

  hungUp(): void {
    clearInterval(this.#timer);
    this.#line.release(this);
    this.#line.send({ type: 'disconnected', code: 0, reason: 'The caller hung up.' });
  }

  #beat(): void {
    this.#listen(this.#line.readVoice() ?? SILENCE);
    this.#line.playVoice(this.#framesLeft > 0 ? VOICE : SILENCE);
    this.#framesLeft = Math.max(0, this.#framesLeft - 1);
    if (this.#framesLeft === 0 && this.#answers === this.#manners.hangsUpAfterAnswers) this.hungUp();
  }

  #listen(frame: Uint8Array): void {
    if (isAudible(frame)) {
      if (this.#manners.yields && this.#framesLeft > 0) {
        this.#line.send({ type: 'audioStopped', droppedMs: this.#framesLeft * FRAME_MS });
        this.#framesLeft = 0;
      }
      this.#callerSpoke = true;
      this.#callerQuietFrames = 0;
    } else if (this.#callerSpoke && ++this.#callerQuietFrames * FRAME_MS >= 200) {
      this.#callerSpoke = false;
      this.#answers += 1;
      this.#framesLeft = (this.#manners.answerMs ?? 300) / FRAME_MS;
    }
  }
}

/** A call on a real phone network, to an agent of these manners. */
async function call(t: TestContext, manners: Manners, script: CallScript, signal = new AbortController().signal) {
  const network = new PhoneNetwork(pino({ level: 'silent' }));
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  server.on('upgrade', (request, socket, head) => network.handleUpgrade(request, socket, head));
  network.events.on('dial', (line) => new Agent(line, manners));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const fail = (_event: string, error: unknown) => assert.fail(String(error));
  const line = await CallerLine.plugIn(url, '+15551110000', fail);
  t.after(() => {
    line.close();
    network.close();
    server.close();
  });
  const events: CallEvent[] = [];
  const recording = new CallRecording();
  const transcript: TranscriptLine[] = [];
  const caller = new Caller({
    line,
    clock: systemClock,
    script,
    to: '+15550100',
    placeCall: () => Promise.reject(new Error('Not asked for.')),
    readTranscript: () => {
      transcript.push({ role: 'agent', text: `line ${transcript.length}`, heard: true });
      return Promise.resolve([...transcript]);
    },
    onEvent: (event) => events.push(event),
    recording,
    signal,
  });
  const find = <Name extends CallEvent['event']>(name: Name) =>
    events.filter((event): event is Extract<CallEvent, { event: Name }> => event.event === name);
  return { caller, events, find, recording, url };
}

test('the caller as a person', { concurrency: true }, async (t) => {
  await Promise.all([
    t.test('speaks in turn, waits for each answer and measures it', async (t) => {
      const { caller, find, recording } = await call(t, {}, { utterances: [utterance('one'), utterance('two')] });
      const summary = await caller.run();
      assert.equal(summary.callConnectionId, 'call-1');
      assert.equal(summary.latenciesMs.length, 2);
      for (const latencyMs of summary.latenciesMs) assert.ok(latencyMs >= 150 && latencyMs < 2000, `${latencyMs}`);
      assert.deepEqual(
        find('caller').map(({ text }) => text),
        ['one', 'two'],
      );
      const [first, second] = find('caller');
      assert.ok(first && second && second.atMs > first.atMs + 900);
      assert.equal(find('disconnected').length, 1);
      const told = find('transcript').map(({ line }) => line.role === 'agent' && line.text);
      assert.deepEqual(told, ['line 0', 'line 1', 'line 2', 'line 3']);

      const { sampleRate, channels } = parseWav(recording.toWav());
      assert.equal(sampleRate, 16_000);
      const [left, right] = channels.map((samples) => firstSound(samples) / 16);
      assert.ok(left !== undefined && Math.abs(left - first.atMs) < 60);
      assert.ok(right !== undefined && right < left);
    }),

    t.test('cuts in, and measures how soon the agent is silent', async (t) => {
      const { caller, find } = await call(
        t,
        { answerMs: 1500, yields: true },
        { utterances: [utterance('one'), utterance('stop', 500)], interruptAfterMs: 400 },
      );
      const summary = await caller.run();
      const [interruption] = find('interruption');
      assert.ok(interruption?.wasSpeaking);
      assert.ok(interruption.silentAfterMs < 1000);
      assert.equal(interruption.staleFrames, 0);
      assert.equal(find('audio-stopped').length, 1);
      assert.equal(summary.latenciesMs.length, 2);
    }),

    t.test('fails the call where the agent talks on over it', async (t) => {
      const { caller } = await call(
        t,
        { answerMs: 20_000 },
        { utterances: [utterance('one'), utterance('stop')], interruptAfterMs: 100 },
      );
      await assert.rejects(caller.run(), /went on talking over the caller/);
    }),

    t.test('fails the call where the agent hangs up before the last question', async (t) => {
      const { caller } = await call(
        t,
        { hangsUpAfterAnswers: 1 },
        { utterances: [utterance('one'), utterance('two')] },
      );
      await assert.rejects(caller.run(), CallFailed);
    }),

    t.test('takes it well where the agent hangs up after the last answer', async (t) => {
      const { caller } = await call(t, { hangsUpAfterAnswers: 1 }, { utterances: [utterance('goodbye')] });
      assert.equal((await caller.run()).latenciesMs.length, 1);
    }),

    t.test('hangs up when it is told to, in the middle of whatever is said', async (t) => {
      const hangUp = new AbortController();
      const { caller, find } = await call(t, { greetingMs: 20_000 }, { utterances: [utterance('one')] }, hangUp.signal);
      setTimeout(() => hangUp.abort(), 300);
      await caller.run();
      assert.equal(find('disconnected').length, 1);
      assert.equal(find('caller').length, 0);
    }),

    t.test('says which address does not answer, and that a number is taken', async (t) => {
      const ignore = () => {};
      await assert.rejects(
        CallerLine.plugIn('http://127.0.0.1:1', '+15551110000', ignore),
        /does not answer at http:\/\/127\.0\.0\.1:1 .*npm start/,
      );
      const { url } = await call(t, {}, { utterances: [] });
      await assert.rejects(CallerLine.plugIn(url, '+15551110000', ignore), /another one/);
    }),
  ]);
});

test('frames that come late or in a burst are placed on the call’s clock', () => {
  const recording = new CallRecording();
  recording.caller(VOICE, 0);
  recording.caller(VOICE, 45);
  recording.caller(VOICE, 41);
  recording.agent(VOICE, 1000);
  const [left, right] = parseWav(recording.toWav()).channels;
  assert.ok(left && right);
  assert.deepEqual(left.subarray(0, 960), samplesOf(Buffer.concat([VOICE, VOICE, VOICE])));
  assert.equal(firstSound(right), 16_001);
  assert.equal(left.length, right.length);
});

/** The index of the first sample that is not silent. */
function firstSound(samples: Int16Array): number {
  return samples.findIndex((sample) => sample !== 0);
}
