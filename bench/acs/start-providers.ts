import { join } from 'node:path';
import { Child } from '../child.ts';
import { makeClips } from './clips.ts';
import type { ProvidersApi } from './providers.ts';
import type { ProviderTiming } from './scripted-services.ts';

/** Those of good services. */
export const TIMING: ProviderTiming = {
  recognition: { partialMs: 250, finalMs: 600 },
  synthesis: { firstAudioMs: 100, pieceMs: 25 },
  chat: { firstTokenMs: 150, tokenMs: 20 },
  // Twice as fast as speech, so that many interruptions come while an answer is being made.
  realtime: { lateMs: 600, silenceMs: 500, answerMs: 300, pieceMs: 50 },
};

/**
 * Starts what plays speech, voice and model, as a process of its own.
 * @param folder where its log goes
 * @param more see {@link ProvidersApi.start}
 * @returns with it what it says and hears, and its `host:port`
 */
export async function startProviders(
  folder: string,
  more: { readonly jwks?: string; readonly tokensFolder?: string } = {},
) {
  const clips = await makeClips();
  const logFile = join(folder, 'providers.log');
  const process = new Child<ProvidersApi>({ name: 'providers', args: ['bench/acs/providers.ts'], env: {}, logFile });
  try {
    const port = await process.call('start', clips, more.jwks ?? '{}', TIMING, more.tokensFolder);
    return { clips, far: `127.0.0.1:${port}`, process };
  } catch (error) {
    await process.close();
    throw error;
  }
}
