import { bytesOf, SAMPLE_RATE } from '../../shared/audio/pcm.ts';
import { parseWav } from '../../shared/audio/wav.ts';
import { type CallResult, RESULTS } from './call-results.ts';
import type { PlaySource } from './requests.ts';

const DOWNLOAD_MS = 10_000;

/** A source that cannot be played. */
export class UnplayableSource extends Error {
  readonly result: CallResult;

  constructor(result: CallResult) {
    super(result.message);
    this.result = result;
  }
}

/**
 * The sound of a file to play: PCM16 mono at 16 kHz.
 * @throws {UnplayableSource} for one that cannot be had or is no WAV of one channel and 16 kHz, as the service wants
 */
export async function soundOf({ file }: PlaySource): Promise<Uint8Array> {
  const wav = readWav(await download(file.uri));
  const [samples] = wav.channels;
  if (wav.sampleRate !== SAMPLE_RATE || wav.channels.length !== 1 || !samples?.length) {
    throw new UnplayableSource(RESULTS.badFile);
  }
  return bytesOf(samples);
}

async function download(uri: string): Promise<Uint8Array> {
  try {
    const response = await fetch(uri, { signal: AbortSignal.timeout(DOWNLOAD_MS) });
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
    await response.body?.cancel();
  } catch {
    // Whatever it was, the service says the same.
  }
  throw new UnplayableSource(RESULTS.noFile);
}

function readWav(bytes: Uint8Array) {
  try {
    return parseWav(bytes);
  } catch {
    throw new UnplayableSource(RESULTS.badFile);
  }
}
