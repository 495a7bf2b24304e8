import { fromBase64, toBase64 } from '../../protocol/base64.ts';
import type { ServiceFrame } from './media-frames.ts';

/** How ACS begins and ends its audio frames, to the letter, as Microsoft's documentation shows them. */
const HEAD = '{"kind":"AudioData","audioData":{"timestamp":"';
const PARTICIPANT = '","participantRawID":"';
const DATA = '","data":"';
const AUDIBLE_TAIL = '","silent":false}}';
const SILENT_TAIL = '","silent":true}}';
/** What a JSON string may hold as it is: neither quotes nor escapes, nor what JSON forbids. */
const PLAIN = /^[ !#-[\]-~]*$/;

/**
 * Reads the one kind of frame that comes fifty times a second, where it looks exactly as ACS writes it; without a JSON
 * parser, which would be the dearest part of receiving audio. What looks the least bit different, and all that is
 * broken, is left to `parseServiceFrame`: where this gives a frame, that one gives the same.
 */
export function readServiceAudio(text: string): Extract<ServiceFrame, { kind: 'audio' }> | undefined {
  if (!text.startsWith(HEAD)) return;
  const silent = text.endsWith(SILENT_TAIL);
  if (!silent && !text.endsWith(AUDIBLE_TAIL)) return;
  const timestampEnd = text.indexOf('"', HEAD.length);
  // A mixed stream is nobody's, and its frames name nobody.
  const isNamed = text.startsWith(PARTICIPANT, timestampEnd);
  const participantStart = timestampEnd + PARTICIPANT.length;
  const participantEnd = isNamed ? text.indexOf('"', participantStart) : timestampEnd;
  if (!text.startsWith(DATA, participantEnd)) return;
  const dataStart = participantEnd + DATA.length;
  const dataEnd = text.length - (silent ? SILENT_TAIL : AUDIBLE_TAIL).length;
  const participant = isNamed ? text.slice(participantStart, participantEnd) : undefined;
  if (dataEnd < dataStart || !PLAIN.test(participant ?? '') || !PLAIN.test(text.slice(HEAD.length, timestampEnd)))
    return;
  const pcm = fromBase64(text.slice(dataStart, dataEnd));
  if (!pcm || pcm.length % 2 !== 0) return;
  return { kind: 'audio', pcm, silent, participant };
}

const APP_HEAD = Buffer.from('{"kind":"AudioData","audioData":{"data":"');
const APP_TAIL = Buffer.from('"},"stopAudio":null}');

/** Audio to ACS, as the bytes that go onto the wire: of a text a socket would have to make them. */
export function appAudioBytes(pcm: Uint8Array): Uint8Array {
  const data = toBase64(pcm);
  const bytes = Buffer.allocUnsafe(APP_HEAD.length + data.length + APP_TAIL.length);
  bytes.set(APP_HEAD);
  bytes.write(data, APP_HEAD.length, 'latin1');
  bytes.set(APP_TAIL, APP_HEAD.length + data.length);
  return bytes;
}
