import type { Clock } from '../../../shared/clock.ts';
import type { OnAttempt, OnServed } from '../../contract/recorder.ts';
import type { OnUsed, Synthesiser, SynthesisPiece } from '../../contract/speech.ts';
import { codeOf } from './first-voice.ts';

export interface TimedSpeechOptions {
  readonly synthesiser: Synthesiser;
  readonly clock: Clock;
  readonly onUsed: OnUsed | undefined;
  readonly onServed: OnServed;
}

/**
 * Speaks, and tells of each text that the service was asked for when it began, was first heard, and ended: with its last
 * piece, which the listener takes as he needs it. A try that failed is told as one of its own. What was there already is
 * not told.
 */
export function timedSpeech({ synthesiser, clock, onUsed, onServed }: TimedSpeechOptions): Synthesiser {
  return {
    async *speak(text, voice, signal): AsyncIterable<SynthesisPiece> {
      let startedAtMs = clock.now();
      const served = { service: 'speech-synthesis', model: voice } as const;
      let [firstAtMs, error]: [number | undefined, string | undefined] = [undefined, undefined];
      let [wasAsked, hasFailed] = [false, false];
      let provider: string | undefined;
      const used: OnUsed = (usage) => {
        wasAsked = true;
        onUsed?.(usage);
      };
      const attempted: OnAttempt = (attempt) => {
        if (attempt.error === undefined) {
          ({ provider, startedAtMs } = attempt);
          return;
        }
        hasFailed = true;
        onServed({ ...served, ...attempt });
      };
      try {
        for await (const piece of synthesiser.speak(text, voice, signal, used, attempted)) {
          if (piece.type === 'audio') firstAtMs ??= clock.now();
          yield piece;
        }
      } catch (thrown) {
        error = codeOf(thrown);
        throw thrown;
      } finally {
        const isTold = hasFailed && firstAtMs === undefined;
        if ((wasAsked || error !== undefined) && !isTold) {
          const whose = provider === undefined ? {} : { provider };
          onServed({ ...served, ...whose, startedAtMs, firstAtMs, endedAtMs: clock.now(), error });
        }
      }
    },
  };
}
