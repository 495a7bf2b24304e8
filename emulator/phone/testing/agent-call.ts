import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import { bytesOf, FRAME_BYTES, FRAME_MS } from '../../../shared/audio/pcm.ts';
import { systemClock } from '../../../shared/clock.ts';
import { Disturbances } from '../../disturbances/disturbances.ts';
import { Caller } from '../caller.ts';
import type { CallEvent, CallScript } from '../caller-events.ts';
import { CallerLine } from '../caller-line.ts';
import { CallRecording } from '../caller-recording.ts';
import type { CallRecord, TranscriptLine } from '../caller-requests.ts';
import { isAudible } from '../caller-voice.ts';
import type { LineHolder, PhoneLine } from '../phone-line.ts';
import { PhoneNetwork } from '../phone-network.ts';

export const SILENCE = new Uint8Array(FRAME_BYTES);
export const VOICE = bytesOf(Int16Array.from({ length: 320 }, (_, i) => Math.round(8000 * Math.sin(i / 4))));
export const speech = (ms: number) => Buffer.concat(Array.from({ length: ms / FRAME_MS }, () => VOICE));
export const utterance = (label: string, ms = 300) => ({ label, pcm: speech(ms) });

interface Manners {
  readonly greetingMs?: number;
  readonly answerMs?: number;
  /** Stops talking when the caller speaks. */
  readonly yields?: boolean;
  readonly hangsUpAfterAnswers?: number;
  /** It hangs up as somebody has asked the API for it. */
  readonly isAskedToHangUp?: boolean;
  /** Then the call is only written down: nobody answers any more, but for a notice. */
  readonly takenOverAfterAnswers?: number;
  readonly notice?: boolean;
  /** Understands nothing, and says so. */
  readonly deaf?: boolean;
  /** A fault that is on record with the answer. */
  readonly fault?: string;
  /** Nothing is on record of what the caller said. */
  readonly losesWords?: boolean;
  /** Puts the caller on hold for so long, right after it has greeted. */
  readonly holdsMs?: number;
  /** What it says instead of an answer. */
  readonly says?: string;
  /** Then it leaves the call to somebody else, of whom nothing is on record. */
  readonly leavesAfterAnswers?: number;
  /** Whoever it has left the call to says nothing. */
  readonly nobodyIsLeft?: boolean;
  /** Nothing can be read of the call until it is over. */
  readonly unreadUntilOver?: boolean;
  /** Nobody takes the call. */
  readonly refuses?: boolean;
  /** Two tones fill the wait for its greeting, which comes so much later. */
  readonly greetsAfterMs?: number;
  /** Says that there will be no answer, and no more. */
  readonly givesUp?: boolean;
  /** Says "one moment" first, and the answer so much later. */
  readonly answersAfterMs?: number;
  /** Somebody asks the API to hand the caller on, as he first speaks: nobody listens, and he is taken back so much later. */
  readonly handsOnMs?: number;
  /** It says something of its own accord, so long after it has greeted. */
  readonly remarksAfterMs?: number;
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
  #waitFrames = 0;
  readonly record: CallRecord & {
    transcript: TranscriptLine[];
    operations: { kind: string; state: 'accepted' | 'failed' }[];
  } = {
    operations: [],
    session_id: 'session-1',
    agent: 'orders',
    mode: 'voice_live',
    transcript: [{ role: 'agent', text: 'Hello.', heard: true }],
    events: [],
  };

  readonly pressed: string[] = [];

  partyWanted(): void {}

  constructor(line: PhoneLine, manners: Manners) {
    this.#line = line;
    this.#manners = manners;
    this.#framesLeft = (manners.greetingMs ?? 200) / FRAME_MS;
    if (manners.greetsAfterMs !== undefined) {
      const greeting = this.record.transcript.splice(0);
      this.record.events.push({ type: 'wait.filled', data: { kind: 'filler', text: '' } });
      setTimeout(() => {
        this.record.transcript.push(...greeting);
        this.#framesLeft = 400 / FRAME_MS;
      }, manners.greetsAfterMs);
    }
    line.seize(this);
    if (manners.refuses) {
      line.release(this);
      line.send({ type: 'disconnected', code: 480, reason: 'The functions refused the call: HTTP 503' });
      this.#timer = setTimeout(() => {}, 0);
      return;
    }
    line.send({ type: 'connected', callConnectionId: 'call-1' });
    line.send({ type: 'media', state: 'started' });
    this.#timer = setInterval(() => this.#beat(), FRAME_MS);
    if (manners.remarksAfterMs !== undefined) {
      setTimeout(() => {
        this.record.transcript.push({ role: 'agent', text: 'Take your time.', heard: true });
      }, manners.remarksAfterMs);
    }
    if (manners.holdsMs === undefined) return;
    line.send({ type: 'hold', state: 'on' });
    setTimeout(() => line.send({ type: 'hold', state: 'off' }), manners.holdsMs);
  }

  answered(): void {}
  declined(): void {}

  toneDialled(tone: string): void {
    this.pressed.push(tone);
    this.#callerSpoke = true;
    this.#callerQuietFrames = 0;
  }

  isOver = false;

  hungUp(): void {
    this.isOver = true;
    this.record.events.push({ type: 'conversation.ended', data: {} });
    clearInterval(this.#timer);
    this.#line.release(this);
    const isAskedFor = this.#manners.isAskedToHangUp;
    if (isAskedFor) this.record.events.push({ type: 'call.hangup-requested', data: {} });
    this.#line.send({ type: 'disconnected', code: isAskedFor ? 200 : 0, reason: 'The caller hung up.' });
  }

  #beat(): void {
    this.#listen(this.#line.readVoice() ?? SILENCE);
    this.#line.playVoice(this.#framesLeft > 0 ? VOICE : SILENCE);
    if (this.#waitFrames > 0 && --this.#waitFrames === 0) this.#answer();
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
      const { answersAfterMs, deaf, fault, handsOnMs, losesWords } = this.#manners;
      if (handsOnMs !== undefined && this.record.operations.length === 0) {
        this.#handOn(handsOnMs);
        return;
      }
      if (fault) this.record.events.push({ type: 'fault', data: { code: fault } });
      if (this.#answers === this.#manners.leavesAfterAnswers) {
        if (!this.#manners.nobodyIsLeft) this.#framesLeft = 300 / FRAME_MS;
        return;
      }
      if (!deaf && !losesWords) this.record.transcript.push({ role: 'caller', text: 'words' });
      if (this.#manners.givesUp) {
        this.record.events.push({ type: 'wait.filled', data: { kind: 'filler', text: 'One moment.' } });
        this.record.events.push({ type: 'wait.filled', data: { kind: 'give-up', text: 'I have no answer.' } });
        this.#framesLeft = 300 / FRAME_MS;
        return;
      }
      if (answersAfterMs === undefined) {
        this.#answer();
        return;
      }
      this.#framesLeft = 200 / FRAME_MS;
      this.#waitFrames = answersAfterMs / FRAME_MS;
      this.record.events.push({ type: 'wait.filled', data: {} });
    }
  }

  #handOn(ms: number): void {
    this.record.operations.push({ kind: 'transfer', state: 'accepted' });
    setTimeout(() => {
      this.record.operations.splice(0, 1, { kind: 'transfer', state: 'failed' });
      this.#framesLeft = 300 / FRAME_MS;
      this.record.transcript.push({ role: 'agent', text: 'I could not put you through.', heard: true });
    }, ms);
  }

  #answer(): void {
    if (this.#answers === this.#manners.takenOverAfterAnswers) {
      this.record.events.push({ type: 'media.connected', data: { answers: false } });
      if (this.#manners.notice) this.#framesLeft = 300 / FRAME_MS;
      return;
    }
    const { deaf, says = deaf ? 'Are you still there?' : `Answer ${this.#answers}.` } = this.#manners;
    this.#answers += 1;
    this.#framesLeft = (this.#manners.answerMs ?? 300) / FRAME_MS;
    if (!deaf) this.record.transcript.push({ role: 'tool', tool: 'look', args: {}, result: {} });
    this.record.transcript.push({ role: 'agent', text: says, heard: true });
    if (this.#answers === this.#manners.leavesAfterAnswers) this.#line.send({ type: 'applicationLeft' });
  }
}

/** A call on a real phone network, to an agent of these manners. */
export async function call(
  t: TestContext,
  manners: Manners,
  script: CallScript,
  signal = new AbortController().signal,
  faults?: string,
) {
  const log = pino({ level: 'silent' });
  const disturbances = new Disturbances({ clock: systemClock, log });
  const network = new PhoneNetwork({ log, clock: systemClock, speak: undefined, disturbances });
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  server.on('upgrade', (request, socket, head) => network.handleUpgrade(request, socket, head));
  let agent: Agent | undefined;
  network.events.on('dial', (line) => {
    agent = new Agent(line, manners);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const fail = (_event: string, error: unknown) => assert.fail(String(error));
  const line = await CallerLine.plugIn(url, '+15551110000', fail);
  t.after(() => {
    line.close();
    network.close();
    server.close();
  });
  const events: CallEvent[] = [];
  const recording = new CallRecording({ keepSamples: true });
  const caller = new Caller({
    ...(faults !== undefined && { faults }),
    line,
    clock: systemClock,
    script,
    to: '+15550100',
    placeCall: () => Promise.reject(new Error('Not asked for.')),
    readRecord: async () => (manners.unreadUntilOver && !agent?.isOver ? undefined : structuredClone(agent?.record)),
    onEvent: (event) => events.push(event),
    recording,
    signal,
  });
  const find = <Name extends CallEvent['event']>(name: Name) =>
    events.filter((event): event is Extract<CallEvent, { event: Name }> => event.event === name);
  return { caller, events, find, recording, url, disturbances, pressed: () => agent?.pressed };
}
