import { bytesOf, FRAME_BYTES, FRAME_MS, SAMPLE_RATE } from '../../shared/audio/pcm.ts';
import { parseWav } from '../../shared/audio/wav.ts';
import type { Cancel, Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { PhoneEvent } from '../../shared/protocol/phone-line.ts';
import { isAudible } from './caller-voice.ts';
import type { LineHolder, Phone } from './phone-line.ts';
import { type PhoneScript, TO_WORDS } from './phone-scripts.ts';
import type { Speak } from './say-service.ts';

export interface ScriptedPhoneOptions {
  readonly number: string;
  readonly script: PhoneScript;
  readonly clock: Clock;
  readonly log: Logger;
  /** Without it, the phone is silent where it should say something. */
  readonly speak: Speak | undefined;
}

const KEY_MS = 300;
const BREATH_MS = 300;
const BEEP_HZ = 1_000;
const BEEP_MS = 500;
/** So much sound is speech, and so much silence after it the end of it. */
const WORDS_MS = 400;
const WORDS_OVER_MS = 1_000;

/** A phone that does by itself what its script says, for one call. */
export class ScriptedPhone implements Phone {
  readonly number: string;
  readonly #options: ScriptedPhoneOptions;
  readonly #frames: Uint8Array[] = [];
  readonly #timers = new Set<Cancel>();
  #holder: LineHolder | undefined;
  #heardMs = 0;
  #silentMs = 0;
  #isSpokenTo = false;

  constructor(options: ScriptedPhoneOptions) {
    this.number = options.number;
    this.#options = options;
  }

  seize(holder: LineHolder): boolean {
    if (this.#holder || this.#options.script.when_rung === 'busy') return false;
    this.#holder = holder;
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
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }

  readVoice(): Uint8Array | undefined {
    return this.#frames.shift();
  }

  playVoice(frame: Uint8Array): void {
    if (this.#isSpokenTo) return;
    if (isAudible(frame)) {
      this.#heardMs += FRAME_MS;
      this.#silentMs = 0;
    } else this.#silentMs += FRAME_MS;
    if (this.#heardMs < WORDS_MS || this.#silentMs < WORDS_OVER_MS || this.#frames.length > 0) return;
    this.#isSpokenTo = true;
    void this.#reply(TO_WORDS);
  }

  send(event: PhoneEvent): void {
    const { when_rung: does, after_ms: afterMs } = this.#options.script;
    if (event.type === 'ringing' && does !== 'ignore') {
      this.#after(afterMs, () => (does === 'answer' ? this.#holder?.answered() : this.#holder?.declined()));
    } else if (event.type === 'connected') void this.#speakUp();
    else if (event.type === 'tone') void this.#reply(event.tone);
  }

  async #speakUp(): Promise<void> {
    const { says, clip, beeps, keys, keys_after_ms: keysAfterMs, hangs_up_after_ms: hangUpMs } = this.#options.script;
    this.#after(hangUpMs, () => this.#holder?.hungUp());
    const sound = clip === undefined ? says && (await this.#spoken(says)) : pcmOf(Buffer.from(clip, 'base64'));
    if (sound) this.#say(sound);
    if (beeps) this.#say(beep());
    if (keys === undefined) return;
    const startMs = this.#frames.length * FRAME_MS + keysAfterMs;
    for (const [at, key] of [...keys].entries()) {
      this.#after(startMs + at * KEY_MS, () => this.#holder?.toneDialled(key));
    }
  }

  async #reply(to: string): Promise<void> {
    const reply = this.#options.script.replies[to];
    const sound = reply === undefined ? undefined : await this.#spoken(reply);
    if (sound && this.#holder) this.#say(sound);
  }

  async #spoken(text: string): Promise<Uint8Array | undefined> {
    const { speak, script, log } = this.#options;
    try {
      return (await speak?.(text, script.voice))?.pcm;
    } catch (error) {
      log.error({ problem: messageOf(error) }, 'a scripted phone has no voice');
      return undefined;
    }
  }

  #say(pcm: Uint8Array): void {
    for (let ms = 0; ms < BREATH_MS; ms += FRAME_MS) this.#frames.push(new Uint8Array(FRAME_BYTES));
    for (let at = 0; at + FRAME_BYTES <= pcm.length; at += FRAME_BYTES) {
      this.#frames.push(pcm.subarray(at, at + FRAME_BYTES));
    }
  }

  #after(ms: number, act: () => void): void {
    if (!this.#holder) return;
    const cancel = this.#options.clock.after(ms, () => {
      this.#timers.delete(cancel);
      act();
    });
    this.#timers.add(cancel);
  }
}

function pcmOf(file: Uint8Array): Uint8Array {
  return bytesOf(parseWav(file).channels[0] ?? new Int16Array(0));
}

function beep(): Uint8Array {
  const samples = new Int16Array((BEEP_MS * SAMPLE_RATE) / 1000);
  return bytesOf(samples.map((_, at) => 8_000 * Math.sin((2 * Math.PI * BEEP_HZ * at) / SAMPLE_RATE)));
}
