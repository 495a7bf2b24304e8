import type { WebSocket } from 'ws';
import { z } from 'zod';
import { FRAME_BYTES, FRAME_MS, FrameCutter } from '../../shared/audio/pcm.ts';
import { teamsAccount } from '../../shared/carrier/party-id.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { PhoneEvent } from '../../shared/protocol/phone-line.ts';
import type { Disturbances, PhoneFaults } from '../disturbances/disturbances.ts';
import type { Speak } from './say-service.ts';
import { VoiceBuffer } from './voice-buffer.ts';

const E164 = /^\+[1-9]\d{1,14}$/;

export const phoneNumber = z.string().regex(E164, 'E.164, such as +15550001111');

const command = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('dial'),
    to: z.union([phoneNumber, teamsAccount], 'E.164, or a Teams resource account, such as 28:orgid:<object id>'),
    displayName: z.string().max(256).default(''),
    agent: z.string().max(64).exactOptional(),
    mode: z.string().max(64).exactOptional(),
  }),
  z.object({ type: z.literal('answer') }),
  z.object({ type: z.literal('decline') }),
  z.object({ type: z.literal('dtmf'), tone: z.string().regex(/^[0-9A-D*#]$/i, 'one of 0-9 A-D * #') }),
  z.object({ type: z.literal('add'), number: phoneNumber }),
  z.object({ type: z.literal('faults'), faults: z.string().max(2_000) }),
  z.object({ type: z.literal('say'), text: z.string().trim().min(1, 'some words').max(2_000) }),
  z.object({ type: z.literal('hangup') }),
]);

/** What a phone asks for when it dials. */
export interface DialledCall {
  readonly to: string;
  readonly displayName: string;
  /** The agent that shall answer. */
  readonly agent?: string;
  /** The streaming mode that it shall have. */
  readonly mode?: string;
}

/** Whoever has the line: a call that is being offered, one that rings here, one that is connected. */
export interface LineHolder {
  answered(): void;
  declined(): void;
  /** @param tone one of 0-9 A-D * # */
  toneDialled(tone: string): void;
  /** The phone wants another one in its call. */
  partyWanted(number: string): void;
  /** The receiver was put down, or the phone's socket went away. */
  hungUp(): void;
}

/** Somebody's phone, as the network has it: plugged in, or played by a script. One call at a time. */
export interface Phone {
  readonly number: string;
  /** Takes the line for one call. False when it is busy. */
  seize(holder: LineHolder): boolean;
  /** Hands the line from one holder to the next, without a moment in between. */
  transfer(from: LineHolder, to: LineHolder): boolean;
  /** Gives the line back; does nothing when somebody else holds it. */
  release(holder: LineHolder): void;
  /** Its next 20 ms; nothing when it sends none. */
  readVoice(): Uint8Array | undefined;
  /** @param frame 20 ms for its ear */
  playVoice(frame: Uint8Array): void;
  send(event: PhoneEvent): void;
}

export interface PhoneLineOptions {
  readonly number: string;
  readonly socket: WebSocket;
  readonly log: Logger;
  /** Without it nothing can be made to fail. */
  readonly disturbances?: Disturbances | undefined;
  /** A voice for what is typed; without it nothing can be. */
  readonly speak?: Speak | undefined;
  readonly onDial: (line: PhoneLine, call: DialledCall) => void;
}

/** In which what is typed is said. */
const VOICE = 'rms';
/** So many typed texts wait for the voice at most; one more is refused. */
const MOST_TYPED = 20;
/** More is not waited for: five minutes of speech. */
const MOST_SAID_FRAMES = 300_000 / FRAME_MS;

/** A phone that does not read is not waited for: beyond this its audio is dropped. */
const MAX_BACKLOG_BYTES = 1_000_000;

/** One simulated phone on its web socket (`shared/protocol/phone-line.ts`). */
export class PhoneLine implements Phone {
  readonly number: string;
  readonly #socket: WebSocket;
  readonly #log: Logger;
  readonly #onDial: PhoneLineOptions['onDial'];
  readonly #voice = new VoiceBuffer();
  readonly #faults: PhoneFaults | undefined;
  readonly #speak: Speak | undefined;
  /** What was typed, and is being said. */
  readonly #said: Uint8Array[] = [];
  /** The last of what was typed is sound, or cannot be: the voice is asked for one text after the other. */
  #typed: Promise<void> = Promise.resolve();
  #typedCount = 0;
  #holder: LineHolder | undefined;

  constructor({ number, socket, log, onDial, disturbances, speak }: PhoneLineOptions) {
    this.number = number;
    this.#socket = socket;
    this.#log = log;
    this.#onDial = onDial;
    this.#speak = speak;
    this.#faults = disturbances?.forPhone((event) => this.send(event));
    socket.on('message', (data: Buffer, isBinary) => {
      if (!isBinary) this.#obey(data.toString());
      else if (this.#holder) this.#voice.write(data);
    });
    socket.on('close', () => {
      this.#holder?.hungUp();
      this.#faults?.over();
    });
    socket.on('error', (error) => log.debug({ error: error.message }, 'phone socket error'));
  }

  seize(holder: LineHolder): boolean {
    if (this.#holder) return false;
    this.#holder = holder;
    this.#voice.clear();
    this.#said.length = 0;
    return true;
  }

  transfer(from: LineHolder, to: LineHolder): boolean {
    if (this.#holder !== from) return false;
    this.#holder = to;
    return true;
  }

  release(holder: LineHolder): void {
    if (this.#holder !== holder) return;
    this.#holder = undefined;
    const { droppedFrames } = this.#voice;
    if (droppedFrames > 0) this.#log.warn({ droppedFrames }, 'a phone sent faster than real time; audio was dropped');
  }

  readVoice(): Uint8Array | undefined {
    const frame = this.#voice.read();
    // Who types does not speak: the microphone's sound of that time is passed over.
    return this.#said.shift() ?? frame;
  }

  playVoice(frame: Uint8Array): void {
    if (this.#socket.readyState === this.#socket.OPEN && this.#socket.bufferedAmount < MAX_BACKLOG_BYTES) {
      this.#socket.send(frame);
    }
  }

  send(event: PhoneEvent): void {
    this.#tell(event);
    if (event.type === 'connected') this.#faults?.answered();
    // A call that never came about is over, too.
    if (event.type === 'disconnected' || (event.type === 'refused' && !this.#holder)) this.#faults?.over();
  }

  close(reason: string): void {
    this.#socket.close(1001, reason);
  }

  #obey(text: string): void {
    const parsed = parseCommand(text);
    if ('problem' in parsed) {
      this.#refuse('phone.bad_command', parsed.problem);
      return;
    }
    try {
      this.#carryOut(parsed.command);
    } catch (error) {
      this.#log.error({ error: messageOf(error) }, 'phone command failed');
      this.#refuse('phone.failed', 'The emulator could not do that; its log says why.');
      if (parsed.command.type === 'dial' && !this.#holder) this.#faults?.over();
    }
  }

  #carryOut(wanted: z.output<typeof command>): void {
    if (wanted.type === 'faults') {
      this.#want(wanted.faults);
    } else if (wanted.type === 'dial') {
      if (this.#holder) this.#refuse('phone.busy', 'This line is in a call already; hang up first.');
      else this.#onDial(this, wanted);
    } else if (!this.#holder) {
      this.#refuse('phone.no_call', `There is no call to ${wanted.type} on this line.`);
    } else if (wanted.type === 'say') {
      this.#type(wanted.text, this.#holder);
    } else {
      passOn(wanted, this.#holder);
    }
  }

  #want(faults: string): void {
    const problem = this.#faults ? this.#faults.want(faults) : 'Nothing can be made to fail here.';
    if (problem === undefined) this.send({ type: 'faultsTaken' });
    else this.#refuse('phone.bad_faults', problem);
  }

  /** What is typed is said in the order in which it was typed, whatever the voice takes for it. */
  #type(text: string, holder: LineHolder): void {
    if (this.#typedCount >= MOST_TYPED) {
      this.#refuse('phone.too_much', `${MOST_TYPED} texts wait to be said already; this one is not.`);
      return;
    }
    this.#typedCount += 1;
    this.#typed = this.#typed
      .then(() => this.#say(text, holder))
      .finally(() => {
        this.#typedCount -= 1;
      });
  }

  /** Says in the call what was typed, once it is sound. */
  async #say(text: string, holder: LineHolder): Promise<void> {
    if (this.#holder !== holder) return;
    try {
      if (!this.#speak) throw new Error('There is no voice here for what is typed.');
      const { pcm } = await this.#speak(text, VOICE);
      if (this.#holder !== holder) return;
      const cutter = new FrameCutter(FRAME_BYTES);
      cutter.write(pcm, (frame) => this.#said.length < MOST_SAID_FRAMES && this.#said.push(frame));
      const rest = cutter.flush();
      if (rest) this.#said.push(rest);
    } catch (error) {
      this.#refuse('phone.no_voice', messageOf(error));
    }
  }

  /** What was sent was no good: nothing changes, also not what fails. */
  #refuse(code: string, message: string): void {
    this.#tell({ type: 'refused', code, message });
  }

  #tell(event: PhoneEvent): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify(event));
  }
}

function passOn(
  wanted: Exclude<z.output<typeof command>, { type: 'dial' | 'faults' | 'say' }>,
  holder: LineHolder,
): void {
  switch (wanted.type) {
    case 'answer':
      holder.answered();
      break;
    case 'decline':
      holder.declined();
      break;
    case 'dtmf':
      holder.toneDialled(wanted.tone.toUpperCase());
      break;
    case 'add':
      holder.partyWanted(wanted.number);
      break;
    case 'hangup':
      holder.hungUp();
      break;
  }
}

function parseCommand(text: string): { command: z.output<typeof command> } | { problem: string } {
  try {
    const result = command.safeParse(JSON.parse(text));
    return result.success ? { command: result.data } : { problem: z.prettifyError(result.error) };
  } catch {
    return { problem: 'A text message is a JSON command, such as {"type":"hangup"}; audio is binary.' };
  }
}
