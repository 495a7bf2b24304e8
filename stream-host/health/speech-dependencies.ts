import type { SpeechConfig } from 'microsoft-cognitiveservices-speech-sdk';
import { BYTES_PER_MS } from '../../shared/audio/pcm.ts';
import type { CodeOf } from '../../shared/error-codes.ts';
import { CheckFailure } from '../../shared/health/check.ts';
import type { DependencySpec } from '../../shared/health/dependency.ts';
import { RecognitionSession } from '../speech/recognition/recognition-session.ts';
import { INVALID_PAYLOAD, SpeechServiceError } from '../speech/sdk/speech-service.ts';
import { ssmlFor } from '../speech/synthesis/ssml.ts';
import { SynthesisConnection } from '../speech/synthesis/synthesis-connection.ts';

interface SpeechCheckOptions {
  readonly name: string;
  readonly gates: boolean;
  /** As sessions are given it, anew for each connection. */
  readonly config: () => SpeechConfig;
}

const SILENCE_MS = 100;
/** Two letters, which are the cost of it. */
const WORD = 'OK';

/**
 * Speech recognition. A connection proves address and key, and costs nothing; thoroughly, a tenth of a second of silence
 * is listened to, and the service answers with the beginning of a turn.
 */
export const recognitionDependency = ({
  name,
  gates,
  config,
  locale,
}: SpeechCheckOptions & { readonly locale: string }): DependencySpec => ({
  name,
  late: 'recogniser.no-connection',
  gates,
  check: async ({ signal, thorough }) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const settings = config();
    settings.speechRecognitionLanguage = locale;
    const session = new RecognitionSession(settings, {
      onConnected: () => (thorough ? session.write(new Uint8Array(SILENCE_MS * BYTES_PER_MS)) : resolve()),
      onSign: resolve,
      onPartial: () => {},
      onPhrase: () => {},
      onTurnEnd: resolve,
      onEnd: (error) => reject(failureOf(error, 'recogniser.no-connection')),
    });
    signal.addEventListener('abort', () => reject(new Error('given up')));
    try {
      await promise;
      return {};
    } finally {
      void session.close();
    }
  },
});

/**
 * Speech synthesis. A connection proves address and key, and costs nothing; thoroughly, a word is spoken.
 * @param options.voice that of the default agent
 */
export const synthesisDependency = ({
  name,
  gates,
  config,
  voice,
}: SpeechCheckOptions & { readonly voice: () => string }): DependencySpec => ({
  name,
  late: 'synthesis.no-connection',
  gates,
  check: async ({ signal, thorough }) => {
    const connection = new SynthesisConnection(config(), () => {});
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    signal.addEventListener('abort', () => reject(new Error('given up')));
    try {
      await Promise.race([connection.open(), aborted]);
      if (thorough) await Promise.race([speak(connection, ssmlFor(WORD, voice())), aborted]);
      return {};
    } catch (error) {
      throw failureOf(error, 'synthesis.no-connection');
    } finally {
      connection.close();
    }
  },
});

function speak(connection: SynthesisConnection, ssml: string): Promise<void> {
  return new Promise((resolve, reject) => {
    connection.speak(ssml, {
      onAudio: () => resolve(),
      onWord: () => {},
      onDone: () => reject(new CheckFailure('unreachable', 'synthesis.empty')),
      onFailure: reject,
    });
  });
}

function failureOf(error: unknown, unreachable: CodeOf<503>): unknown {
  if (!(error instanceof SpeechServiceError)) return error;
  if (error.isRefusal) return new CheckFailure('refused', 'speech.refused', error);
  if (error.wireStatus === 429) return new CheckFailure('throttled', 'speech.throttled', error);
  if (error.wireStatus === INVALID_PAYLOAD) return new CheckFailure('refused', 'synthesis.failed', error);
  return new CheckFailure('unreachable', unreachable, error);
}
