import { BYTES_PER_MS, bytesOf, SAMPLE_RATE } from '../../shared/audio/pcm.ts';
import { parseWav } from '../../shared/audio/wav.ts';
import type { Speak } from '../phone/say-service.ts';
import { parseSsml } from '../speech/ssml.ts';
import { type CallResult, RESULTS } from './call-results.ts';
import type { PlaySource } from './requests.ts';

const DOWNLOAD_MS = 10_000;
/** Of somebody who speaks without a voice. */
const MS_PER_LETTER = 60;

/** A source that cannot be played. */
export class UnplayableSource extends Error {
  readonly result: CallResult;

  constructor(result: CallResult) {
    super(result.message);
    this.result = result;
  }
}

/**
 * The sound of something to play: PCM16 mono at 16 kHz.
 * @param speak without it, a text is silence of the length in which it would be said
 * @throws {UnplayableSource} for a file that cannot be had or is no WAV of one channel and 16 kHz, as the service wants
 */
export async function soundOf(source: PlaySource, speak: Speak | undefined): Promise<Uint8Array> {
  switch (source.kind) {
    case 'file':
      return soundOfFile(source.file.uri);
    case 'text':
      return spoken(source.text.text, source.text.voiceName ?? '', speak);
    case 'ssml': {
      const { text, voice } = parsedSsml(source.ssml.ssmlText);
      return spoken(text, voice, speak);
    }
  }
}

async function spoken(text: string, voice: string, speak: Speak | undefined): Promise<Uint8Array> {
  if (speak) return (await speak(text, voice)).pcm;
  return new Uint8Array(text.length * MS_PER_LETTER * BYTES_PER_MS);
}

function parsedSsml(document: string) {
  try {
    return parseSsml(document);
  } catch {
    throw new UnplayableSource(RESULTS.badFile);
  }
}

async function soundOfFile(uri: string): Promise<Uint8Array> {
  const bytes = await download(uri);
  const wav = readWav(bytes);
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
