import { ParleyError } from '../errors.ts';
import { WAV_HEADER_BYTES, wavHeader } from './wav-header.ts';

interface WavAudio {
  readonly sampleRate: number;
  /** One array of samples per channel, all of one length. */
  readonly channels: readonly Int16Array[];
}

const PCM = 1;
const EXTENSIBLE = 0xfffe;

const fail = (reason: string): never => {
  throw new ParleyError(
    'audio.wav',
    `This is not a WAV file that Parley can read: ${reason}. Convert it with: sox input -b 16 -c 1 -r 16000 output.wav`,
  );
};

/**
 * Reads a RIFF WAVE file with 16-bit PCM, of any sample rate and number of channels. Chunks other than `fmt ` and
 * `data` are skipped. A recorder that streams, or that was killed, leaves a `data` chunk whose size is 0 or more than
 * there is: that one is read up to the end of the file.
 * @throws {ParleyError} `audio.wav`, saying what is wrong and how to convert the file
 */
export function parseWav(bytes: Uint8Array): WavAudio {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tagAt = (at: number) => (at + 4 <= bytes.length ? String.fromCharCode(...bytes.subarray(at, at + 4)) : '');
  if (tagAt(0) !== 'RIFF' || tagAt(8) !== 'WAVE') fail('it does not begin with RIFF and WAVE');

  let format: { sampleRate: number; channelCount: number } | undefined;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const tag = tagAt(at);
    const body = at + 8;
    const announced = view.getUint32(at + 4, true);
    const isUnfilled = tag === 'data' && announced === 0 && !isFinished(view);
    const size = isUnfilled ? bytes.length - body : Math.min(announced, bytes.length - body);
    if (tag === 'fmt ') {
      if (size < 16) fail('its format chunk is cut short');
      format = readFormat(view, body);
    }
    if (tag === 'data') {
      if (format === undefined) return fail('its audio comes before its format');
      return { sampleRate: format.sampleRate, channels: splitChannels(view, body, size, format.channelCount) };
    }
    at = body + size + (size % 2); // chunks are padded to an even length
  }
  return fail('it has no audio in it');
}

/** Whether the writer came back to fill in how long the file became: then an empty chunk is empty indeed. */
function isFinished(view: DataView): boolean {
  const size = 8 + view.getUint32(4, true);
  return size === view.byteLength || size + (size % 2) === view.byteLength;
}

function readFormat(view: DataView, at: number): { sampleRate: number; channelCount: number } {
  const encoding = view.getUint16(at, true);
  const channelCount = view.getUint16(at + 2, true);
  const sampleRate = view.getUint32(at + 4, true);
  const bits = view.getUint16(at + 14, true);
  if ((encoding !== PCM && encoding !== EXTENSIBLE) || bits !== 16) {
    fail(`it holds ${bits}-bit audio of encoding ${encoding}, where 16-bit PCM (encoding 1) is needed`);
  }
  if (channelCount === 0 || sampleRate === 0) fail('it names no channels or no sample rate');
  return { sampleRate, channelCount };
}

function splitChannels(view: DataView, at: number, size: number, channelCount: number): Int16Array[] {
  const length = Math.floor(size / (2 * channelCount));
  return Array.from({ length: channelCount }, (_, channel) => {
    const samples = new Int16Array(length);
    for (let i = 0; i < length; i++) samples[i] = view.getInt16(at + 2 * (i * channelCount + channel), true);
    return samples;
  });
}

/** The channels of a WAV mixed into one: the mean of them, so that nothing clips. */
export function mixToMono({ channels }: WavAudio): Int16Array {
  const [first, ...others] = channels;
  if (first === undefined) return new Int16Array(0);
  if (others.length === 0) return first;
  return first.map((sample, i) => {
    const sum = others.reduce((total, channel) => total + (channel[i] ?? 0), sample);
    return Math.round(sum / channels.length);
  });
}

/** Writes a 16-bit PCM WAV file. A channel that is shorter than the longest one is filled up with silence. */
export function encodeWav(channels: readonly Int16Array[], sampleRate: number): Buffer {
  const length = Math.max(0, ...channels.map((channel) => channel.length));
  const blockBytes = 2 * channels.length;
  const wav = Buffer.alloc(WAV_HEADER_BYTES + length * blockBytes);
  wavHeader({ rateHz: sampleRate, channels: channels.length }, length * blockBytes).copy(wav);
  channels.forEach((channel, index) => {
    for (let i = 0; i < channel.length; i++) {
      wav.writeInt16LE(channel[i] ?? 0, WAV_HEADER_BYTES + i * blockBytes + 2 * index);
    }
  });
  return wav;
}
