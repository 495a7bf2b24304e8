import { FRAME_BYTES } from '../../shared/audio/pcm.ts';
import type { OpenVoiceActivity } from '../contract/speech.ts';

/**
 * Resolves when a detector has judged a frame: the speech lane's thread is alive and not hopelessly behind.
 * @param signal ends it, as a closed detector says nothing any more
 * @throws what the thread died of; or that it was given up
 */
export async function detectorAnswers(open: OpenVoiceActivity, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const detector = open({ onFrame: () => resolve(), onFailure: reject });
  signal.addEventListener('abort', () => reject(new Error('given up')), { once: true });
  try {
    detector.write(new Uint8Array(2 * FRAME_BYTES));
    await promise;
  } finally {
    detector.close();
  }
}
