import { z } from 'zod';
import { phoneNumber } from '../phone/phone-line.ts';
import { identifier, rawIdOf } from './identifiers.ts';
import { keyOf } from './tones.ts';

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

export const createRequest = z
  .object({
    targets: z.array(identifier).length(1, 'the emulator rings one phone at a time'),
    sourceCallerIdNumber: z.object({ value: phoneNumber }).optional(),
    // A call through Teams Phone shows the number of the account.
    teamsAppSource: z.object({ appId: z.guid() }).optional(),
    callbackUri,
    operationContext,
    mediaStreamingOptions: mediaStreamingOptions.optional(),
    transcriptionOptions: transcriptionOptions.optional(),
  })
  .transform(({ sourceCallerIdNumber, teamsAppSource, ...request }, context) => {
    const from = sourceCallerIdNumber?.value ?? (teamsAppSource && `28:orgid:${teamsAppSource.appId}`);
    if (from !== undefined) return { ...request, from };
    const message = 'a call to a phone number needs the number that it shows';
    context.addIssue({ code: 'custom', path: ['sourceCallerIdNumber'], message });
    return z.NEVER;
  });

export const rejectRequest = z.object({
  incomingCallContext: z.string().min(1),
  callRejectReason: z.enum(['none', 'busy', 'forbidden']).default('none'),
});

/** Where an operation that ends later is told of: under this context, at the call's callback or another. */
const asked = z.object({ operationContext, operationCallbackUri: callbackUri.optional() });
export type Asked = z.output<typeof asked>;

export const contextRequest = asked.default({});

export const transcriptionRequest = asked
  .extend({ locale: z.undefined('the emulator hears the language that the call was set up with').optional() })
  .default({});

/** Somebody, by his raw id. */
const participant = identifier.transform((given, context) => {
  const rawId = rawIdOf(given);
  if (rawId !== undefined) return rawId;
  context.addIssue({ code: 'custom', message: 'it names nobody' });
  return z.NEVER;
});

const callerId = z.object({ value: phoneNumber });

export const redirectRequest = z.object({ incomingCallContext: z.string().min(1), target: participant });

export const transferRequest = asked.extend({
  targetParticipant: participant,
  transferee: participant.optional(),
  sourceCallerIdNumber: callerId.optional(),
});

export const addRequest = asked.extend({
  participantToAdd: participant,
  sourceCallerIdNumber: z.object({ value: phoneNumber }, 'a phone number is added by the number that it shows'),
  invitationTimeoutInSeconds: z.number().min(1).max(180).optional(),
});

export const removeRequest = asked.extend({ participantToRemove: participant });

export const muteRequest = asked.extend({ targetParticipants: z.array(participant).length(1) });

const playSource = z.object({
  kind: z.literal('file', 'the emulator plays files only'),
  file: z.object({ uri: callbackUri }),
});
export type PlaySource = z.output<typeof playSource>;

export const targetRequest = asked.extend({ targetParticipant: participant });

export const holdRequest = targetRequest.extend({
  playSourceInfo: z.undefined('the emulator has no music').optional(),
});

export const playRequest = asked.extend({
  playSources: z.array(playSource).min(1).max(20),
  playTo: z.array(participant).max(0, 'the emulator plays to all').default([]),
  playOptions: z.object({ loop: z.literal(false, 'the emulator plays once').default(false) }).optional(),
  interruptCallMediaOperation: z.literal(false, 'the emulator lets play what plays').default(false),
});

const tone = z.string().refine((name) => keyOf(name) !== undefined, 'zero to nine, a to d, pound or asterisk');

export const sendTonesRequest = targetRequest.extend({ tones: z.array(tone).min(1).max(100) });

export const recordingRequest = z.object({
  callConnectionId: z.string().optional(),
  callLocator: z.object({ serverCallId: z.string() }).optional(),
  recordingStateCallbackUri: callbackUri.optional(),
  recordingContentType: z.enum(['audio', 'audioVideo']).default('audioVideo'),
  recordingChannelType: z.enum(['mixed', 'unmixed']).default('mixed'),
  recordingFormatType: z.enum(['wav', 'mp3', 'mp4']).default('mp4'),
  pauseOnStart: z.boolean().default(false),
  externalStorage: z
    .object({
      recordingStorageKind: z.enum(['azureCommunicationServices', 'azureBlobStorage']),
      recordingDestinationContainerUrl: z.url({ protocol: /^https?$/ }).optional(),
    })
    .optional(),
});
