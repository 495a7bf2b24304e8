import { type EchoSense, OWN_SENSES, type Senses, type Trail } from '../conversation/ear/caller-line.ts';
import { untilQuietMs } from '../playout/playout.ts';
import type { Tape } from './tape.ts';

/** So exactly the engine is told what samples say while it is recorded: as exactly as the record holds it. */
const to = (digits: number) => (value: number) => Math.round(value * 10 ** digits) / 10 ** digits;
const decibels = to(2);
const share = to(4);
const milliseconds = to(3);

/** The engine's own senses, whose answers are written down. */
export function recordedSenses(tape: Tape): Senses & { readonly untilQuietMs: typeof untilQuietMs } {
  return {
    openTrail: () => recordedTrail(OWN_SENSES.openTrail(), tape),
    openEchoGuard: () => recordedEcho(OWN_SENSES.openEchoGuard(), tape),
    untilQuietMs: (pcm, fromMs, frameBytes) => {
      const quietMs = untilQuietMs(pcm, fromMs, frameBytes);
      tape.answered('quiet', quietMs);
      return quietMs;
    },
  };
}

function recordedTrail(trail: Trail, tape: Tape): Trail {
  const noted = (question: 'level' | 'brightness' | 'periodicity' | 'end', answer: number) => {
    tape.answered(question, answer);
    return answer;
  };
  return {
    write: (pcm, nowMs) => trail.write(pcm, nowMs),
    levelAt: (atMs) => noted('level', decibels(trail.levelAt(atMs))),
    brightnessAt: (atMs) => noted('brightness', share(trail.brightnessAt(atMs))),
    periodicityAt: (atMs) => noted('periodicity', share(trail.periodicityAt(atMs))),
    endOfSound: (speechMs, untilMs, peakDb) => noted('end', milliseconds(trail.endOfSound(speechMs, untilMs, peakDb))),
  };
}

function recordedEcho(guard: EchoSense, tape: Tape): EchoSense {
  return {
    played: (frame, playsAtMs) => guard.played(frame, playsAtMs),
    stopped: (atMs) => guard.stopped(atMs),
    heard: (pcm, atMs) => guard.heard(pcm, atMs),
    judge(windowMs) {
      const origin = guard.judge(windowMs);
      tape.answered('origin', origin);
      return origin;
    },
    get path() {
      const { path } = guard;
      tape.answered('path', path.kind);
      return path;
    },
  };
}
