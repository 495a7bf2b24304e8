import type { BrowserMessage } from '../shared/protocol/browser.ts';
import { AudioInput } from './audio-input.ts';
import { AudioOutput } from './audio-output.ts';
import type { Connection } from './connection.ts';
import type { Devices } from './devices.ts';
import type { PlaybackReport } from './playback-buffer.ts';
import { SessionSocket } from './session-socket.ts';
import { SilentInput } from './silent-input.ts';
import type { TalkMood } from './talk-status.ts';
import { AudioTrouble, type TroubleName } from './trouble.ts';

export interface TalkListeners {
  onConnection(connection: Connection): void;
  onMessage(message: BrowserMessage): void;
  onMood(mood: TalkMood): void;
  onCallerLevel(level: number): void;
  /** About 25 times a second while the loudspeaker is open. */
  onPlayback(report: PlaybackReport): void;
  /** The talk cannot go on here as it is and closes itself. It is not over. */
  onTrouble(trouble: TroubleName): void;
}

export interface TalkOptions {
  readonly sessionId: string;
  readonly agent: string | undefined;
  readonly mode: string | undefined;
  /** Of the agent's voice, Hz. */
  readonly sampleRate: number;
  readonly devices: Pick<Devices, 'microphone' | 'speaker'>;
  /** The person types, and no microphone is asked for. */
  readonly typed: boolean;
}

/** A conversation of this page: microphone, loudspeaker and the line to the server, opened and closed as one. */
export class Talk {
  readonly #options: TalkOptions;
  readonly #socket: SessionSocket;
  readonly #listeners: TalkListeners;
  #input: AudioInput | SilentInput | undefined;
  #output: AudioOutput | undefined;
  #mood: TalkMood = { playing: false, hearing: false, thinking: false, muted: false };
  #closed = false;

  constructor(options: TalkOptions, listeners: TalkListeners) {
    this.#options = options;
    this.#listeners = listeners;
    this.#socket = new SessionSocket({
      origin: location.origin.replace(/^http/, 'ws'),
      sessionId: options.sessionId,
      agent: options.agent,
      mode: options.mode,
      sampleRate: options.sampleRate,
      onConnection: (connection) => this.#onConnection(connection),
      onMessage: (message) => this.#receive(message),
    });
  }

  /** Opens the sound, then the line. To be called from a click. What fails is told to `onTrouble`. */
  async open(): Promise<void> {
    try {
      this.#output = await AudioOutput.open((report) => {
        this.#listeners.onPlayback(report);
        this.#feel({ playing: report.playing, ...(report.playing && { thinking: false }) });
      }, this.#options.devices.speaker);
      if (this.#options.typed) this.#input = new SilentInput((frame) => this.#socket.sendAudio(frame));
      else await this.useMicrophone();
    } catch (error) {
      this.#fail(error instanceof AudioTrouble ? error.trouble : 'audio-failed');
      return;
    }
    if (this.#closed) this.#closeAudio();
    else this.#socket.open();
  }

  /** Takes the microphone that is chosen now. @throws {AudioTrouble} */
  async useMicrophone(): Promise<void> {
    const input = await AudioInput.open(
      {
        onFrame: (frame) => this.#socket.sendAudio(frame),
        onLevel: (level) => this.#listeners.onCallerLevel(level),
        onLost: () => this.#fail('microphone-lost'),
      },
      this.#options.devices.microphone,
    );
    this.#input?.close();
    this.#input = input;
    input.muted = this.#mood.muted;
    if (this.#closed) this.#closeAudio();
  }

  async useSpeaker(): Promise<void> {
    await this.#output?.useSpeaker(this.#options.devices.speaker ?? '');
  }

  /** Says something by typing it. */
  type(text: string): void {
    this.#output?.clear();
    this.#socket.send({ type: 'text', text });
  }

  set muted(muted: boolean) {
    if (this.#input) this.#input.muted = muted;
    this.#feel({ muted });
  }

  /** Makes the agent be quiet without a word. */
  interrupt(): void {
    this.#output?.clear();
    this.#socket.send({ type: 'interrupt' });
  }

  retryNow(): void {
    this.#socket.retryNow();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
    this.#closeAudio();
  }

  #receive(message: BrowserMessage): void {
    switch (message.type) {
      case 'audio_data':
        this.#output?.play(bytesOfBase64(message.data), message.sample_rate);
        return;
      case 'control':
        if (message.action === 'tts_cancelled') this.#output?.clear();
        break;
      case 'user_partial':
      case 'transcript_partial':
        this.#feel({ hearing: message.content !== '' });
        break;
      case 'user_final':
        this.#feel({ hearing: false, thinking: true });
        break;
      case 'transcript_final':
        this.#feel({ hearing: false });
        break;
      case 'assistant_spoken':
        this.#feel({ thinking: false });
        break;
    }
    this.#listeners.onMessage(message);
  }

  #onConnection(connection: Connection): void {
    if (connection.name === 'waiting') {
      this.#output?.clear();
      this.#feel({ hearing: false, thinking: false });
    }
    if (connection.name === 'closed') {
      this.#closed = true;
      this.#closeAudio();
    }
    this.#listeners.onConnection(connection);
  }

  #feel(change: Partial<TalkMood>): void {
    const before = this.#mood;
    this.#mood = { ...before, ...change };
    const keys = Object.keys(change) as (keyof TalkMood)[];
    if (keys.some((key) => before[key] !== this.#mood[key])) this.#listeners.onMood(this.#mood);
  }

  #fail(trouble: TroubleName): void {
    if (this.#closed) return;
    this.#closed = true;
    // First, so that the end of the line is not taken for the talk's: without its sound it is left, and can go on.
    this.#listeners.onTrouble(trouble);
    this.#socket.leave();
    this.#closeAudio();
  }

  #closeAudio(): void {
    this.#input?.close();
    this.#output?.close();
    this.#input = undefined;
    this.#output = undefined;
  }
}

const bytesOfBase64 = (text: string): Uint8Array => Uint8Array.from(atob(text), (byte) => byte.charCodeAt(0));
