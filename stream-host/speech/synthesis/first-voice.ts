import type { Clock } from '../../../shared/clock.ts';
import type { ErrorCode } from '../../../shared/error-codes.ts';
import { DependencyError, ParleyError } from '../../../shared/errors.ts';
import { firstAnswer, TooLate, type Verdict } from '../../../shared/providers/first-answer.ts';
import type { Providers } from '../../../shared/providers/provider.ts';
import type { OnAttempt } from '../../contract/recorder.ts';
import type { OnUsed, Synthesiser, SynthesisPiece } from '../../contract/speech.ts';
import { INVALID_PAYLOAD, SpeechServiceError } from '../sdk/speech-service.ts';

/** A voice that has begun: what it has given up to its first audio, and the rest. */
interface Begun {
  readonly first: readonly SynthesisPiece[];
  readonly rest: AsyncIterator<SynthesisPiece>;
  readonly isOver: boolean;
}

class NobodyListens extends Error {}

/**
 * Speaks with the first of several voices. Where it fails before its first audio, or is late, the next one speaks the
 * text; where none may be asked, that is told at once. A text that has begun is never given to another voice.
 */
export class FirstVoice implements Synthesiser {
  readonly #voices: Providers<Synthesiser>;
  readonly #clock: Clock;

  constructor(voices: Providers<Synthesiser>, clock: Clock) {
    this.#voices = voices;
    this.#clock = clock;
  }

  async *speak(
    text: string,
    voice: string,
    signal: AbortSignal,
    onUsed?: OnUsed,
    onAttempt: OnAttempt = () => {},
  ): AsyncIterable<SynthesisPiece> {
    if (text.trim() === '' || signal.aborted) return;
    let begun: Begun;
    try {
      begun = await firstAnswer({
        providers: this.#voices,
        clock: this.#clock,
        ask: ({ name: provider, service }, lost) => {
          const tell: OnAttempt = (attempt) => onAttempt({ ...attempt, provider });
          const either = AbortSignal.any([signal, lost]);
          return this.#told(begin(service.speak(text, voice, either, onUsed, tell), signal), either, tell);
        },
        abandon: ({ rest }) => void rest.return?.(),
        judge: verdictOn,
        away: () =>
          new DependencyError('synthesis.away', 'The voice has failed several times in a row, and is not asked now.'),
      });
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    const { first, rest, isOver } = begun;
    try {
      yield* first;
      if (isOver) return;
      for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
    } finally {
      await rest.return?.();
    }
  }

  /** Tells how it went, unless nobody wanted it any more. */
  async #told(begun: Promise<Begun>, signal: AbortSignal, tell: OnAttempt): Promise<Begun> {
    const startedAtMs = this.#clock.now();
    const times = () => ({ startedAtMs, endedAtMs: this.#clock.now() });
    const onAbort = () => {
      if (signal.reason instanceof TooLate) tell({ ...times(), error: 'synthesis.silent' });
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const voice = await begun;
      if (!signal.aborted) tell(times());
      return voice;
    } catch (error) {
      const { reason = codeOf(error), httpStatus: status } = error instanceof SpeechServiceError ? error : {};
      if (!signal.aborted) tell({ ...times(), error: reason, status });
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }
}

/** Waits for the first audio, or for the end of a text that has none. */
async function begin(pieces: AsyncIterable<SynthesisPiece>, signal: AbortSignal): Promise<Begun> {
  const rest = pieces[Symbol.asyncIterator]();
  const first: SynthesisPiece[] = [];
  for (let next = await rest.next(); !next.done; next = await rest.next()) {
    first.push(next.value);
    if (next.value.type === 'audio') return { first, rest, isOver: false };
  }
  // Whoever is cut off ends without an error, and has proved nothing.
  if (signal.aborted) throw new NobodyListens();
  return { first, rest, isOver: true };
}

/** Of what a voice failed with. */
export const codeOf = (thrown: unknown): ErrorCode =>
  thrown instanceof ParleyError ? thrown.code : 'synthesis.failed';

function verdictOn(failure: unknown): Verdict {
  if (!(failure instanceof DependencyError)) return { blame: 'nobody' };
  const { code } = failure;
  // A voice that the region does not have, or a place that is free elsewhere, says nothing of the others there.
  const isOfThisText = failure instanceof SpeechServiceError && failure.wireStatus === INVALID_PAYLOAD;
  if (isOfThisText || code === 'synthesis.busy') return { blame: 'elsewhere', code };
  const isTheirs = ['synthesis.no-connection', 'synthesis.failed', 'synthesis.silent'].includes(code);
  const why = failure instanceof SpeechServiceError ? failure.reason : code;
  return { blame: isTheirs ? 'provider' : 'nobody', code: why };
}
