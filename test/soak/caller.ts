import { FRAME_MS } from '../../shared/audio/pcm.ts';
import type { Conversation } from '../../stream-host/conversation/conversation.ts';
import type { SteppedClock } from './call-clock.ts';
import type { World } from './fault-profile.ts';
import { type CallerSound, callerFrame, FILLERS, SILENCE } from './line-audio.ts';

export interface CallerOptions extends World<SteppedClock> {
  readonly conversation: Pick<Conversation, 'audio' | 'interrupt' | 'state'>;
  /** The caller is about to press the button that makes the agent be quiet. */
  readonly onButton: () => void;
  /** Told of every 20 ms, after they have passed: what the caller did in them. */
  readonly onTick: (sound: CallerSound) => void;
}

const ACTS = {
  say: 5,
  hesitate: 3,
  interrupt: 8,
  cough: 2,
  backchannel: 2,
  noise: 1,
  wait: 4,
  murmur: 0.7,
  button: 0.5,
  away: 0.3,
  music: 0.05,
} as const;

/** Somebody on the phone: talks, hesitates, coughs, cuts in at any moment, falls silent, plays the radio. */
export class Caller {
  readonly #options: CallerOptions;
  #word = 0;
  #ticks = 0;
  #held: Uint8Array[] = [];
  #lineBackAtMs = 0;
  #over = false;

  constructor(options: CallerOptions) {
    this.#options = options;
  }

  /** Ends every act within a frame. */
  hangUp(): void {
    this.#over = true;
  }

  /** Lives on the line for so long. */
  async talk(forMs: number): Promise<void> {
    const untilMs = this.#options.clock.now() + forMs;
    while (!this.#over && this.#options.clock.now() < untilMs) await this.#act();
  }

  async silent(ms: number): Promise<void> {
    await this.#sound(SILENCE, ms);
  }

  /** Says `words` new words; returns their numbers. */
  async says(words: number, pauses = 0): Promise<number[]> {
    const { random } = this.#options;
    const said: number[] = [];
    for (let at = 0; at < words; at += 1) {
      if (at > 0 && random.chance(pauses)) {
        if (random.chance(0.5)) await this.#sound({ probability: 0.9, word: -random.whole(1, FILLERS.length) }, 300);
        await this.silent(random.between(200, 1500));
      }
      this.#word += 1;
      said.push(this.#word);
      await this.#sound({ probability: random.between(0.7, 0.99), word: this.#word }, random.between(140, 450));
      if (random.chance(0.3)) await this.silent(random.between(20, 120));
    }
    return said;
  }

  async #act(): Promise<void> {
    const { random, conversation } = this.#options;
    switch (random.weighted(ACTS)) {
      case 'say':
        await this.says(random.whole(1, 8));
        return this.silent(random.between(300, 2500));
      case 'hesitate':
        await this.says(random.whole(3, 9), 0.4);
        return this.silent(random.between(300, 2500));
      case 'interrupt':
        return this.#interrupt();
      case 'cough':
        await this.#sound({ probability: random.between(0.6, 0.95), word: 0 }, random.between(60, 400));
        return this.silent(random.between(300, 1500));
      case 'backchannel':
        await this.#sound({ probability: 0.9, word: -random.whole(1, FILLERS.length) }, random.between(200, 400));
        return this.silent(random.between(300, 1500));
      case 'noise':
        return this.#noise(random.between(500, 5000));
      case 'wait':
        return this.silent(random.between(200, 6000));
      case 'murmur':
        return this.#murmur();
      case 'button':
        this.#options.onButton();
        conversation.interrupt();
        return this.silent(random.between(50, 1500));
      case 'away':
        return this.silent(random.between(10_000, 30_000));
      case 'music':
        await this.#sound({ probability: 0.9, word: 0 }, random.between(20_000, 70_000));
        return this.silent(500);
    }
  }

  /** Waits for the agent's voice, lets it say a little, and speaks over it. */
  async #interrupt(): Promise<void> {
    const { random, conversation, clock } = this.#options;
    const patientUntilMs = clock.now() + 8000;
    while (!this.#over && conversation.state !== 'speaking' && clock.now() < patientUntilMs)
      await this.silent(FRAME_MS);
    await this.silent(random.chance(0.2) ? 0 : random.between(0, 3000));
    await this.says(random.whole(1, 5));
    await this.silent(random.between(100, 1200));
  }

  async #noise(ms: number): Promise<void> {
    const { random } = this.#options;
    for (let left = ms; left > 0 && !this.#over; left -= FRAME_MS) {
      await this.#sound({ probability: random.between(0.1, 0.8), word: 0 }, FRAME_MS);
    }
  }

  /** Words too quiet for the detector, not for the recogniser. */
  async #murmur(): Promise<void> {
    const { random } = this.#options;
    for (let words = random.whole(1, 4); words > 0; words -= 1) {
      this.#word += 1;
      await this.#sound({ probability: 0.25, word: this.#word }, random.between(140, 450));
    }
    await this.silent(random.between(500, 2500));
  }

  async #sound(sound: CallerSound, ms: number): Promise<void> {
    for (let left = ms; left > 0 && !this.#over; left -= FRAME_MS) await this.#tick(sound);
  }

  async #tick(sound: CallerSound): Promise<void> {
    const { clock, onTick } = this.#options;
    await clock.advance(FRAME_MS);
    this.#ticks += 1;
    this.#deliver(callerFrame(sound, this.#ticks));
    onTick(sound);
  }

  /** A troubled line loses frames, or holds them back and then delivers them all at once. */
  #deliver(frame: Uint8Array): void {
    const { clock, random, faults, conversation } = this.#options;
    const share = faults.now.line;
    const nowMs = clock.now();
    if (random.chance(share * 0.004)) this.#lineBackAtMs = nowMs + random.between(40, random.chance(0.1) ? 5000 : 600);
    const lost = random.chance(share * 0.02);
    if (!lost) this.#held.push(frame);
    if (nowMs < this.#lineBackAtMs) {
      // A line that was away for long does not bring everything later.
      if (this.#held.length > 25) this.#held.shift();
      return;
    }
    for (const held of this.#held) conversation.audio(held);
    this.#held = [];
  }
}
