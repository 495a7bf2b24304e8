import { setTimeout as sleep } from 'node:timers/promises';
import { FRAME_MS, SAMPLE_RATE } from '../../shared/audio/pcm.ts';
import { type BrowserMessage, browserMessage } from '../../shared/protocol/browser.ts';
import { Microphone } from '../testing/socket-conversation.ts';

const GREETED_WITHIN_MS = 20_000;
/** After an answer the agent has the floor no more; what comes so much later is something else. */
const SETTLED_MS = 800;
/** Longer than a recogniser takes to find a service that is back, and to hear again what it missed. */
const QUIET_MS = 6000;

/** One caller on the page's socket, who notes what is said and how long it is silent. */
export class FaultyCall {
  readonly #socket: WebSocket;
  readonly #microphone: Microphone;
  readonly #messages: BrowserMessage[] = [];
  readonly #startMs = performance.now();
  readonly transcript: string[] = [];
  lastHeard = '';
  longestSilenceMs = 0;
  #heardUntilMs = 0;
  #toldAtMs = 0;
  #waits = false;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.#microphone = new Microphone(socket);
    socket.addEventListener('message', ({ data }) => this.#onMessage(browserMessage.parse(JSON.parse(String(data)))));
  }

  static async open(streamHostUrl: string): Promise<FaultyCall> {
    const address = new URL('/api/v1/realtime/conversation', streamHostUrl.replace(/^http/, 'ws'));
    address.searchParams.set('sample_rate', String(SAMPLE_RATE));
    const call = new FaultyCall(new WebSocket(address));
    await call.#until(() => call.#messages.some(({ type }) => type === 'assistant_spoken'), GREETED_WITHIN_MS);
    await sleep(300);
    return call;
  }

  /** Says it, and waits until the agent was heard to its end, or has given up. */
  async asks(samples: Int16Array, withinMs: number): Promise<void> {
    const from = this.#messages.length;
    this.#microphone.say(samples);
    await sleep((samples.length / SAMPLE_RATE) * 1000);
    this.#heardUntilMs = this.#nowMs;
    this.#waits = true;
    const isOver = ({ type, ...message }: BrowserMessage) =>
      type === 'assistant_spoken' || (type === 'wait_filled' && 'kind' in message && message.kind === 'give-up');
    await this.#until(() => this.#messages.slice(from).some(isOver), withinMs);
    this.#noteSilence();
    this.#waits = false;
    await sleep(Math.max(0, this.#heardUntilMs - this.#nowMs) + SETTLED_MS);
  }

  /** Waits until nobody has said anything for a while: what is owed has been given. */
  async settles(withinMs: number): Promise<void> {
    await this.#until(() => this.#nowMs - Math.max(this.#heardUntilMs, this.#toldAtMs) > QUIET_MS, withinMs);
  }

  close(): void {
    this.#microphone.close();
    this.#socket.close();
  }

  get #nowMs(): number {
    return performance.now() - this.#startMs;
  }

  #onMessage(message: BrowserMessage): void {
    this.#messages.push(message);
    if (message.type === 'user_final' || message.type === 'assistant_spoken') this.#toldAtMs = this.#nowMs;
    switch (message.type) {
      case 'audio_data':
        this.#noteSilence();
        this.#heardUntilMs = Math.max(this.#heardUntilMs, this.#nowMs) + FRAME_MS;
        return;
      case 'control':
        this.#heardUntilMs = Math.min(this.#heardUntilMs, this.#nowMs);
        return;
      case 'user_final':
        this.#note(`caller: ${message.content}`);
        return;
      case 'wait_filled':
        this.#note(`agent (${message.kind}): ${message.content}`);
        return;
      case 'assistant_spoken':
        this.lastHeard = message.heard;
        this.#note(`agent: ${message.heard}${message.interrupted ? ' …' : ''}`);
    }
  }

  #noteSilence(): void {
    if (!this.#waits) return;
    this.longestSilenceMs = Math.max(this.longestSilenceMs, Math.round(this.#nowMs - this.#heardUntilMs));
  }

  #note(line: string): void {
    this.transcript.push(`${(this.#nowMs / 1000).toFixed(1).padStart(6)} s  ${line}`);
  }

  async #until(holds: () => boolean, withinMs: number): Promise<void> {
    for (const untilMs = this.#nowMs + withinMs; !holds() && this.#nowMs < untilMs; ) await sleep(20);
  }
}
