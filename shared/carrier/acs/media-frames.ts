import { z } from 'zod';
import { fromBase64, toBase64 } from '../../protocol/base64.ts';
import { ProtocolError } from '../../protocol/protocol-error.ts';
import type { ServiceTranscript } from '../service-transcript.ts';
import { transcriptBody, transcriptOf } from './transcript-frame.ts';

/**
 * The frames of ACS's media socket, both directions. All are JSON text; audio is PCM16LE mono, 20 ms a frame, base64; its rate
 * is that of the metadata.
 *
 * Sources: what ACS sends and accepts is as Microsoft documents it for audio streaming; keys and kinds are matched
 * without case because Microsoft's own samples (`Kind`, `AudioData`) and its JavaScript SDK (`kind`, `audioData`)
 * differ. Dispatch on `kind` alone: the SDK's outbound audio frame carries an empty `stopAudio` too.
 */

const pcm = z.string('The audio frame has no data.').transform((text, context) => {
  const bytes = fromBase64(text);
  if (bytes === undefined) context.addIssue('The audio is no base64.');
  else if (bytes.length % 2 !== 0) context.addIssue('The audio is no whole number of samples.');
  return bytes ?? new Uint8Array();
});

export const audioBody = z.object({
  data: pcm,
  silent: z.boolean().catch(false),
  participantrawid: z.string().optional().catch(undefined),
});

/** Read without complaint: what does not suit is refused by what is made of it, with all of it named at once. */
export const metadataBody = z.object({
  subscriptionid: z.string().catch(''),
  encoding: z.string().catch(''),
  samplerate: z.coerce.number().catch(Number.NaN),
  channels: z.coerce.number().catch(Number.NaN),
});

export const dtmfBody = z.object({
  data: z.string('The tone is no text.').min(1, 'The tone is empty.').max(16, 'The tone is too long.'),
});

export const transcriptMetadataBody = z.object({ locale: z.string().catch('') });

/** A kind that this side of the socket has no use for. It is counted and passed over. */
interface UnknownFrame {
  readonly kind: 'unknown';
  readonly name: string;
}

/** What ACS sends to us. */
export type ServiceFrame =
  | {
      readonly kind: 'metadata';
      readonly subscriptionId: string;
      readonly encoding: string;
      /** Hz; NaN where none was given. */
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
  | { readonly kind: 'transcript'; readonly phrase: ServiceTranscript }
  | { readonly kind: 'transcript-metadata'; readonly locale: string }
  | UnknownFrame;

/** What we send to ACS. */
export type AppFrame = { readonly kind: 'audio'; readonly pcm: Uint8Array } | { readonly kind: 'stop' } | UnknownFrame;

/** @throws {ProtocolError} when the text is no JSON object with a `kind`, or the part that its kind names is broken */
export function parseServiceFrame(text: string): ServiceFrame {
  const { kind, name, part } = open(text);
  switch (kind) {
    case 'audiodata': {
      const { data, silent, participantrawid } = read(audioBody, part);
      return { kind: 'audio', pcm: data, silent, participant: participantrawid };
    }
    case 'audiometadata': {
      const { subscriptionid, encoding, samplerate, channels } = read(metadataBody, part);
      return { kind: 'metadata', subscriptionId: subscriptionid, encoding, sampleRate: samplerate, channels };
    }
    case 'dtmfdata':
      return { kind: 'dtmf', tone: read(dtmfBody, part).data };
    case 'transcriptiondata':
      return { kind: 'transcript', phrase: transcriptOf(read(transcriptBody, part)) };
    case 'transcriptionmetadata':
      return { kind: 'transcript-metadata', locale: read(transcriptMetadataBody, part).locale };
    default:
      return { kind: 'unknown', name };
  }
}

/** @throws {ProtocolError} as {@link parseServiceFrame} does */
export function parseAppFrame(text: string): AppFrame {
  const { kind, name, part } = open(text);
  switch (kind) {
    case 'audiodata':
      return { kind: 'audio', pcm: read(audioBody, part).data };
    case 'stopaudio':
      return { kind: 'stop' };
    default:
      return { kind: 'unknown', name };
  }
}

/** Tells ACS to drop what it has buffered of our audio. */
export const APP_STOP = '{"kind":"StopAudio","audioData":null,"stopAudio":{}}';

/** @param participant undefined on a mixed stream */
export function encodeServiceAudio(
  pcm: Uint8Array,
  at: Date,
  participant: string | undefined,
  silent: boolean,
): string {
  const from = participant === undefined ? '' : `"participantRawID":${JSON.stringify(participant)},`;
  return `{"kind":"AudioData","audioData":{"timestamp":"${at.toISOString()}",${from}"data":"${toBase64(pcm)}","silent":${silent}}}`;
}

export function encodeServiceMetadata(subscriptionId: string, sampleRate: number): string {
  const audioMetadata = { subscriptionId, encoding: 'PCM', sampleRate, channels: 1, length: (sampleRate / 50) * 2 };
  return JSON.stringify({ kind: 'AudioMetadata', audioMetadata });
}

export function encodeServiceDtmf(tone: string): string {
  return JSON.stringify({ kind: 'DtmfData', dtmfData: { data: tone } });
}

/** The frame's kind, in lower case and as written, and the part of the frame that is named as its kind is. */
function open(text: string): { readonly kind: string; readonly name: string; readonly part: unknown } {
  let frame: unknown;
  try {
    frame = JSON.parse(text);
  } catch {
    throw new ProtocolError('protocol.malformed', 'The frame is no JSON text.');
  }
  const folded = foldKeys(frame);
  const name = folded.get('kind');
  if (typeof name !== 'string') throw new ProtocolError('protocol.malformed', 'The frame has no "kind".');
  const kind = name.toLowerCase();
  return { kind, name, part: folded.get(kind) };
}

/** @throws {ProtocolError} with the first thing that is wrong */
function read<Schema extends z.ZodType>(schema: Schema, part: unknown): z.infer<Schema> {
  const result = schema.safeParse(Object.fromEntries(foldKeys(part)));
  if (result.success) return result.data;
  throw new ProtocolError('protocol.malformed', result.error.issues[0]?.message ?? 'The frame cannot be read.');
}

function foldKeys(value: unknown): ReadonlyMap<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ProtocolError('protocol.malformed', 'The frame, or the part that its kind names, is no JSON object.');
  }
  return new Map(Object.entries(value).map(([key, entry]) => [key.toLowerCase(), entry]));
}
