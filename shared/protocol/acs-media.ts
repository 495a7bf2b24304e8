import { ParleyError } from '../errors.ts';

/**
 * The frames of ACS's media socket, both directions. All are JSON text; audio is PCM16LE mono, 20 ms a frame, base64.
 *
 * Sources: what ACS sends and accepts is as Microsoft documents it for audio streaming; keys and kinds are matched
 * without case because Microsoft's own samples (`Kind`, `AudioData`) and its JavaScript SDK (`kind`, `audioData`)
 * differ. Dispatch on `kind` alone: the SDK's outbound audio frame carries an empty `stopAudio` too.
 */

export const SAMPLE_RATE = 16_000;
/** One 20 ms frame of PCM16 at 16 kHz. */
export const FRAME_BYTES = 640;
export const FRAME_MS = 20;

/** The frame breaks the protocol. `code` says how; the socket that sent it is told so and closed, or the frame is counted. */
export class ProtocolError extends ParleyError {
  constructor(code: 'protocol.malformed' | 'protocol.oversized' | 'protocol.unsupported', message: string) {
    super(code, message);
  }
}

/** What ACS sends to us. */
export type ServiceFrame =
  | {
      readonly kind: 'metadata';
      readonly subscriptionId: string;
      readonly encoding: string;
      readonly sampleRate: number;
      readonly channels: number;
    }
  | {
      readonly kind: 'audio';
      readonly pcm: Uint8Array;
      readonly silent: boolean;
      readonly participant: string | undefined;
    }
  | { readonly kind: 'dtmf'; readonly tone: string }
  | { readonly kind: 'unknown'; readonly name: string };

/** What we send to ACS. */
export type AppFrame =
  | { readonly kind: 'audio'; readonly pcm: Uint8Array }
  | { readonly kind: 'stop' }
  | { readonly kind: 'unknown'; readonly name: string };

/** @throws {ProtocolError} when the text is no JSON object with a `kind`, or its audio is no whole number of samples */
export function parseServiceFrame(text: string): ServiceFrame {
  const { kind, body } = open(text, { audiodata: 'audiodata', audiometadata: 'audiometadata', dtmfdata: 'dtmfdata' });
  switch (kind.toLowerCase()) {
    case 'audiodata':
      return {
        kind: 'audio',
        pcm: pcmOf(body),
        silent: body.silent === true,
        participant: typeof body.participantrawid === 'string' ? body.participantrawid : undefined,
      };
    case 'audiometadata':
      return {
        kind: 'metadata',
        subscriptionId: String(body.subscriptionid ?? ''),
        encoding: String(body.encoding ?? ''),
        sampleRate: Number(body.samplerate),
        channels: Number(body.channels),
      };
    case 'dtmfdata':
      return { kind: 'dtmf', tone: String(body.data ?? '') };
    default:
      return { kind: 'unknown', name: kind };
  }
}

/** @throws {ProtocolError} as {@link parseServiceFrame} does */
export function parseAppFrame(text: string): AppFrame {
  const { kind, body } = open(text, { audiodata: 'audiodata' });
  switch (kind.toLowerCase()) {
    case 'audiodata':
      return { kind: 'audio', pcm: pcmOf(body) };
    case 'stopaudio':
      return { kind: 'stop' };
    default:
      return { kind: 'unknown', name: kind };
  }
}

/** Audio to ACS. Built by hand: this runs fifty times a second for each call. */
export function encodeAppAudio(pcm: Uint8Array): string {
  return `{"kind":"AudioData","audioData":{"data":"${base64(pcm)}"},"stopAudio":null}`;
}

/** Tells ACS to drop what it has buffered of our audio. */
export const APP_STOP = '{"kind":"StopAudio","audioData":null,"stopAudio":{}}';

export function encodeServiceAudio(pcm: Uint8Array, at: Date, participant: string, silent: boolean): string {
  return `{"kind":"AudioData","audioData":{"timestamp":"${at.toISOString()}","participantRawID":${JSON.stringify(participant)},"data":"${base64(pcm)}","silent":${silent}}}`;
}

export function encodeServiceMetadata(subscriptionId: string, sampleRate: number): string {
  const audioMetadata = { subscriptionId, encoding: 'PCM', sampleRate, channels: 1, length: (sampleRate / 50) * 2 };
  return JSON.stringify({ kind: 'AudioMetadata', audioMetadata });
}

export function encodeServiceDtmf(tone: string): string {
  return JSON.stringify({ kind: 'DtmfData', dtmfData: { data: tone } });
}

function base64(pcm: Uint8Array): string {
  return Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength).toString('base64');
}

function open(text: string, bodies: Readonly<Record<string, string>>): { kind: string; body: Record<string, unknown> } {
  let frame: unknown;
  try {
    frame = JSON.parse(text);
  } catch {
    throw new ProtocolError('protocol.malformed', 'The frame is no JSON text.');
  }
  const folded = foldKeys(frame);
  if (typeof folded.kind !== 'string') throw new ProtocolError('protocol.malformed', 'The frame has no "kind".');
  const bodyKey = bodies[folded.kind.toLowerCase()];
  return { kind: folded.kind, body: bodyKey === undefined ? {} : foldKeys(folded[bodyKey]) };
}

function foldKeys(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ProtocolError('protocol.malformed', 'The frame, or the part that its kind names, is no JSON object.');
  }
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key.toLowerCase(), entry]));
}

function pcmOf(body: Record<string, unknown>): Uint8Array {
  if (typeof body.data !== 'string') throw new ProtocolError('protocol.malformed', 'The audio frame has no data.');
  const pcm = Buffer.from(body.data, 'base64');
  if (pcm.length % 2 !== 0) throw new ProtocolError('protocol.malformed', 'The audio is no whole number of samples.');
  return pcm;
}
