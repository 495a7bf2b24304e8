import { z } from 'zod';
import { phoneNumber } from '../phone/phone-line.ts';
import { identifier } from './identifiers.ts';

/** The bodies of the operations, as far as the emulator acts on them. What it does not know, it ignores as ACS does. */
const callbackUri = z.url({ protocol: /^https?$/ });
const operationContext = z.string().max(5_000).optional();

const mediaStreamingOptions = z.object({
  transportType: z.literal('websocket').default('websocket'),
  // A web socket's address has no fragment (RFC 6455, section 3).
  transportUrl: z.url({ protocol: /^wss?$/ }).refine((url) => !url.includes('#'), 'a socket’s address has no fragment'),
  audioChannelType: z.enum(['mixed', 'unmixed']),
  startMediaStreaming: z.boolean().default(false),
  enableBidirectional: z.boolean().default(false),
  enableDtmfTones: z.boolean().default(false),
  audioFormat: z
    .string()
    .default('Pcm16KMono')
    .transform((format) => format.toLowerCase())
    .pipe(z.enum(['pcm16kmono', 'pcm24kmono'], 'it is Pcm16KMono or Pcm24KMono')),
});

const transcriptionOptions = z.object({
  transportType: z.literal('websocket').default('websocket'),
  transportUrl: z.url({ protocol: /^wss?$/ }).refine((url) => !url.includes('#'), 'a socket’s address has no fragment'),
  locale: z.string().min(2).max(35),
  startTranscription: z.boolean().default(false),
  enableIntermediateResults: z.boolean().default(false),
});

export type TranscriptionOptions = z.output<typeof transcriptionOptions>;

export type MediaStreamingOptions = z.output<typeof mediaStreamingOptions>;

export const answerRequest = z.object({
  incomingCallContext: z.string().min(1),
  callbackUri,
  operationContext,
  mediaStreamingOptions: mediaStreamingOptions.optional(),
  transcriptionOptions: transcriptionOptions.optional(),
});

export const createRequest = z.object({
  targets: z.array(identifier).length(1, 'the emulator rings one phone at a time'),
  sourceCallerIdNumber: z.object({ value: phoneNumber }, 'a call to a phone number needs the number that it shows'),
  callbackUri,
  operationContext,
  mediaStreamingOptions: mediaStreamingOptions.optional(),
  transcriptionOptions: transcriptionOptions.optional(),
});

export const rejectRequest = z.object({
  incomingCallContext: z.string().min(1),
  callRejectReason: z.enum(['none', 'busy', 'forbidden']).default('none'),
});

export const contextRequest = z.object({ operationContext }).default({});

export const transcriptionRequest = z
  .object({ operationContext, locale: z.string().min(2).max(35).optional() })
  .default({});
