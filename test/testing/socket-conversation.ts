import { setTimeout as sleep } from 'node:timers/promises';
import { Inbox } from '../../emulator/acs/testing/inbox.ts';
import { FRAME_MS, SAMPLE_RATE } from '../../shared/audio/pcm.ts';
import type { BrowserMessage } from '../../shared/protocol/browser.ts';
import type { RunningStack } from './running-stack.ts';

const FRAME_SAMPLES = (SAMPLE_RATE * FRAME_MS) / 1000;
const INTO_THE_ANSWER_MS = 1_500;
const STEP_MS = 45_000;

/**
 * The same conversation as in a browser, on the page's socket alone: a question, and another one that cuts into the
 * answer. Gives every message of the server in the order of its arrival.
 */
export async function runSocketConversation(
  stack: RunningStack,
  question: string,
  interruption: string,
): Promise<readonly BrowserMessage[]> {
  const [questionSound, interruptionSound] = await Promise.all([stack.record(question), stack.record(interruption)]);
  const address = new URL('/api/v1/realtime/conversation', stack.streamHostUrl.replace(/^http/, 'ws'));
  address.searchParams.set('sample_rate', String(SAMPLE_RATE));
  address.searchParams.set('ticket', await ticketOf(stack));
  const socket = new WebSocket(address);
  const inbox = new Inbox<BrowserMessage>();
  socket.addEventListener('message', ({ data }) => inbox.put(JSON.parse(String(data))));
  const after = (from: number, type: BrowserMessage['type']) =>
    inbox.first(
      `${type} from the server`,
      (message) => message.type === type && inbox.entries.indexOf(message) >= from,
      STEP_MS,
    );

  const microphone = new Microphone(socket);
  try {
    await after(0, 'session_ready');
    await after(0, 'assistant_spoken');
    microphone.say(questionSound);
    await after(0, 'user_final');
    const answered = inbox.entries.length;
    await after(answered, 'audio_data');
    await sleep(INTO_THE_ANSWER_MS);
    microphone.say(interruptionSound);
    await after(answered, 'assistant_spoken');
    await after(answered, 'user_final');
    await after(inbox.entries.length, 'assistant_spoken');
    return inbox.entries;
  } finally {
    microphone.close();
    socket.close();
  }
}

/** A program gets one as a page does. */
async function ticketOf(stack: RunningStack): Promise<string> {
  const body = JSON.stringify({ kind: 'browser' });
  const response = await fetch(`${stack.streamHostUrl}/api/v1/tickets`, { method: 'POST', body });
  return ((await response.json()) as { readonly ticket: string }).ticket;
}

/** Sends a frame for every 20 ms that pass: what is to be said, and silence. */
export class Microphone {
  readonly #timer: ReturnType<typeof setInterval>;
  #speech: Int16Array = new Int16Array(0);

  constructor(socket: WebSocket) {
    let sentUntilMs = performance.now();
    this.#timer = setInterval(() => {
      if (socket.readyState !== WebSocket.OPEN) sentUntilMs = performance.now();
      for (; sentUntilMs + FRAME_MS <= performance.now(); sentUntilMs += FRAME_MS) socket.send(this.#nextFrame());
    }, FRAME_MS);
  }

  say(samples: Int16Array): void {
    this.#speech = samples;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #nextFrame(): Int16Array<ArrayBuffer> {
    const frame = new Int16Array(FRAME_SAMPLES);
    frame.set(this.#speech.subarray(0, FRAME_SAMPLES));
    this.#speech = this.#speech.subarray(FRAME_SAMPLES);
    return frame;
  }
}
