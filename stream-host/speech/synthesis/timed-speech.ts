import type { Clock } from '../../../shared/clock.ts';
import { ParleyError } from '../../../shared/errors.ts';
import type { OnServed } from '../../contract/recorder.ts';
import type { OnUsed, Synthesiser, SynthesisPiece } from '../../contract/speech.ts';

export interface TimedSpeechOptions {
  readonly synthesiser: Synthesiser;
  readonly clock: Clock;
  readonly onUsed: OnUsed | undefined;
  readonly onServed: OnServed;
}

/**
 * Speaks, and tells of each text that the service was asked for when it began, was first heard, and ended: with its last
 * piece, which the listener takes as he needs it. What was there already is not told.
 */
export function timedSpeech({ synthesiser, clock, onUsed, onServed }: TimedSpeechOptions): Synthesiser {
  return {
    async *speak(text, voice, signal): AsyncIterable<SynthesisPiece> {
      const startedAtMs = clock.now();
      let [firstAtMs, error]: [number | undefined, string | undefined] = [undefined, undefined];
      let wasAsked = false;
      const used: OnUsed = (usage) => {
        wasAsked = true;
        onUsed?.(usage);
      };
      try {
        for await (const piece of synthesiser.speak(text, voice, signal, used)) {
          if (piece.type === 'audio') firstAtMs ??= clock.now();
          yield piece;
        }
      } catch (thrown) {
        error = thrown instanceof ParleyError ? thrown.code : 'synthesis.failed';
        throw thrown;
      } finally {
        if (wasAsked || error !== undefined) {
          onServed({
            service: 'speech-synthesis',
            model: voice,
            startedAtMs,
            firstAtMs,
            endedAtMs: clock.now(),
            error,
          });
        }
      }
    },
  };
}
