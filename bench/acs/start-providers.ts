import { join } from 'node:path';
import { Child } from '../child.ts';
import { type Clips, makeClips } from './clips.ts';
import { TIMING } from './load-test.ts';
import type { ProvidersApi } from './providers.ts';

/** The scripted services as a process of their own. */
export interface Providers {
  readonly clips: Clips;
  /** `host:port`. */
  readonly far: string;
  readonly process: Child<ProvidersApi>;
}

/**
 * Starts what plays speech, voice and model, with the delays of good services.
 * @param folder where its log goes
 * @param tokensFolder see {@link ProvidersApi.start}
 */
export async function startProviders(folder: string, tokensFolder?: string): Promise<Providers> {
  const clips = await makeClips();
  const logFile = join(folder, 'providers.log');
  const process = new Child<ProvidersApi>({ name: 'providers', args: ['bench/acs/providers.ts'], env: {}, logFile });
  try {
    return { clips, far: `127.0.0.1:${await process.call('start', clips, '{}', TIMING, tokensFolder)}`, process };
  } catch (error) {
    await process.close();
    throw error;
  }
}
