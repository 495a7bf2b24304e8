import { z } from 'zod';
import { audioBody, dtmfBody, metadataBody, transcriptMetadataBody } from './media-frames.ts';
import { transcriptBody } from './transcript-frame.ts';

/**
 * The frames of ACS's sockets for the reference, made from what reads them, with their names as ACS writes them. We
 * compare them without case, and take a field that does not suit for one that is not there; ACS sends more than these.
 */

type Fields = Readonly<Record<string, string>>;

/** The part of a frame, by its fields and what is to be said of each. */
function partOf(body: z.ZodObject, fields: Fields): z.ZodObject {
  const described = Object.entries(fields).map(([name, about]) => {
    const schema = strict(body.shape[name.toLowerCase()]);
    return [name, schema.describe(about)] as const;
  });
  return z.looseObject(Object.fromEntries(described));
}

/** What is meant, without how we get over what is not. */
function strict(schema: unknown): z.ZodType {
  if (schema instanceof z.ZodCatch) return strict(schema.unwrap());
  if (schema instanceof z.ZodPipe) return strict(schema.in);
  if (schema instanceof z.ZodType) return schema;
  throw new Error('The reference names a field that nothing reads.');
}

/** A frame names its part as its kind does, but for the first letter. */
function frameOf(kind: string, part: z.ZodType, description: string, ...examples: readonly object[]): z.ZodObject {
  const key = `${kind.slice(0, 1).toLowerCase()}${kind.slice(1)}`;
  return z
    .looseObject({ kind: z.literal(kind), [key]: part })
    .meta({ description, examples: examples.map((example) => ({ kind, [key]: example })) });
}

const AT = '2026-05-29T09:30:00.000Z';

export const AUDIO_METADATA = frameOf(
  'AudioMetadata',
  partOf(metadataBody, {
    subscriptionId: 'Of the stream.',
    encoding: 'PCM.',
    sampleRate: '8000, 16000 or 24000 Hz. Both ways.',
    channels: '1.',
  }),
  'The first frame: what follows. Comes again where ACS resumes a stream on the same socket.',
  {
    subscriptionId: '7f0e6f0a-2c58-4d55-8f0a-0a4f3b9b1d7e',
    encoding: 'PCM',
    sampleRate: 16_000,
    channels: 1,
    length: 640,
  },
);

export const SERVICE_AUDIO = frameOf(
  'AudioData',
  partOf(audioBody, {
    data: 'PCM16LE mono, base64.',
    silent: 'Nobody speaks in it. It takes its time all the same.',
    participantRawID: 'Who speaks; absent in a mixed stream.',
  }),
  '20 ms of what is said in the call.',
  { timestamp: AT, participantRawID: '4:+15551230000', data: 'AAAAAA==', silent: false },
);

export const DTMF = frameOf(
  'DtmfData',
  partOf(dtmfBody, { data: '`0` to `9`, `*`, `#` or `A` to `D`.' }),
  'A key that somebody pressed.',
  { data: '5' },
);

export const APP_AUDIO = frameOf(
  'AudioData',
  partOf(audioBody, { data: 'PCM16LE mono, base64, at the rate of the metadata.' }),
  'The agent’s voice.',
  { data: 'AAAAAA==' },
);

export const STOP_AUDIO = z
  .object({ kind: z.literal('StopAudio'), audioData: z.null(), stopAudio: z.object({}) })
  .meta({
    description: 'ACS drops what it has buffered of the agent’s voice.',
    examples: [{ kind: 'StopAudio', audioData: null, stopAudio: {} }],
  });

export const TRANSCRIPTION_METADATA = frameOf(
  'TranscriptionMetadata',
  partOf(transcriptMetadataBody, { locale: 'What is spoken, such as `en-US`.' }),
  'The first frame: whose words follow.',
  {
    subscriptionId: '7f0e6f0a-2c58-4d55-8f0a-0a4f3b9b1d7e',
    locale: 'en-US',
    callConnectionId: '411f8b00-3b2c-4d57-9a55-6f0d2c2e7c11',
    correlationId: '0f6c2a58-7f0e-4d55-8f0a-0a4f3b9b1d7e',
  },
);

export const TRANSCRIPTION_DATA = frameOf(
  'TranscriptionData',
  partOf(transcriptBody, {
    text: 'What is said, so far or for good.',
    confidence: 'From 0 to 1.',
    offset: 'Ticks of 100 ns since ACS began to listen.',
    duration: 'Ticks of 100 ns.',
    words: 'Each word with its place, in ticks.',
    participantRawID: 'Who says it.',
    resultStatus: '`Intermediate`, or `Final`.',
  }),
  'A phrase, each time that it changes.',
  {
    text: 'good morning',
    format: 'display',
    confidence: 0.94,
    offset: 12_000_000,
    duration: 6_400_000,
    words: [{ text: 'good', offset: 12_000_000, duration: 2_500_000 }],
    participantRawID: '4:+15551230000',
    resultStatus: 'Final',
  },
);
