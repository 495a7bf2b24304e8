import { type AudioRate, SAMPLE_RATE } from '../../../shared/audio/pcm.ts';
import { Resampler } from '../../../shared/audio/resample.ts';
import type { SessionEmitter } from '../../contract/events.ts';
import type { AudioSink } from '../../contract/line.ts';
import type { Mouth } from '../../contract/mouth.ts';
import type { Ear } from '../../conversation/ear/ear.ts';
import { Playout, type PlayoutClock } from '../../playout/playout.ts';
import { type Answers, MOST_UNHEARD_MS } from './answers.ts';

interface LiveMouthOptions {
  readonly clock: PlayoutClock;
  readonly sink: AudioSink;
  readonly rateHz: AudioRate;
  readonly leadMs: number;
  readonly events: SessionEmitter;
  readonly answers: () => Answers;
  readonly ear: () => Ear;
}

/** What the agent speaks with in a call. The ear learns what goes out, at 16 kHz, so as to know it when it comes back. */
export function openLiveMouth({ events, answers, ear, ...playout }: LiveMouthOptions): Mouth {
  const echoToEar = new Resampler(playout.rateHz, SAMPLE_RATE);
  return new Playout({
    ...playout,
    maxBufferedMs: MOST_UNHEARD_MS,
    inTurn: (task) => events.inTurn(task),
    onAudible: (turn) => events.atomic(() => answers().becameAudible(turn)),
    onPlayed: (turn) => events.atomic(() => answers().played(turn)),
    onSent: (frames, playsAtMs) => {
      ear().agentSends(echoToEar.write(frames), playsAtMs);
      answers().tellHeard();
    },
    onSilenced: (atMs) => ear().agentSilenced(atMs),
  });
}
