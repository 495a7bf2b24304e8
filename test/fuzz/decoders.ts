import assert from 'node:assert/strict';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { encodeWav, parseWav } from '../../shared/audio/wav.ts';
import { readAcsAnnouncement } from '../../shared/carrier/acs/acs-announcements.ts';
import { readAcsEvent } from '../../shared/carrier/acs/acs-events.ts';
import { readServiceAudio } from '../../shared/carrier/acs/audio-frame.ts';
import {
  encodeServiceAudio,
  encodeServiceDtmf,
  encodeServiceMetadata,
  parseAppFrame,
  parseServiceFrame,
} from '../../shared/carrier/acs/media-frames.ts';
import { encodeTranscript, encodeTranscriptMetadata } from '../../shared/carrier/acs/transcript-frame.ts';
import { withoutControls } from '../../shared/control-characters.ts';
import { traceIdOf } from '../../shared/http/error-answer.ts';
import { eventsOf, readJson, validate } from '../../shared/http/request-body.ts';
import { isPathOf } from '../../shared/http/route.ts';
import { ALL_ROUTES } from '../../shared/http/routes/all.ts';
import { initiateCall } from '../../shared/http/routes/calls.ts';
import { conversationSocket, relaySocket } from '../../shared/http/routes/sockets.ts';
import { makeTicket } from '../../shared/http/routes/tickets.ts';
import { decodeAgentModes, decodeModes } from '../../shared/modes/offered-modes.ts';
import { DEFAULT_MODE } from '../../shared/modes/streaming-modes.ts';
import { browserCommand } from '../../shared/protocol/browser.ts';
import { decodeCommand, decodeEvent, decodeHistory, decodeSession } from '../../shared/sessions/session-codec.ts';
import { readChunk } from '../../stream-host/agent/chat-chunk.ts';
import { clientOf } from '../../stream-host/http/client-address.ts';
import { isOfThisMachine, requireOwnHost } from '../../stream-host/http/origins.ts';
import { isReadable, toOriginForm, urlOf } from '../../stream-host/http/request-address.ts';
import { visitorOf } from '../../stream-host/http/sign-in.ts';
import { safePath } from '../../stream-host/http/static-files.ts';
import { OPENAI_EVENTS, VOICE_LIVE_EVENTS } from '../../stream-host/realtime/event-names.ts';
import { readServerEvent } from '../../stream-host/realtime/server-event.ts';
import { parsePayload } from '../../stream-host/speech/sdk/speech-message.ts';

/** Something that reads what comes from outside. It answers, or throws a `ParleyError` that says what is wrong. */
export interface Decoder {
  readonly name: string;
  /** What it reads when nobody has damaged it. */
  readonly seeds: readonly string[];
  readonly isJson?: boolean;
  /** A text; bytes as latin1. */
  readonly decode: (input: string) => unknown;
}

const at = new Date('2026-01-01T00:00:00Z');
const pcm = new Uint8Array(64).map((_, i) => i * 7);
const ids = { callConnectionId: 'call-1', correlationId: 'c-1' };
const phrase = {
  text: 'Where is it?',
  final: true,
  participant: '4:+15550001111',
  confidence: 0.9,
  offsetMs: 1200,
  durationMs: 600,
  words: [{ text: 'Where', offsetMs: 1200, durationMs: 200 }],
};

export const SERVICE_FRAMES = [
  encodeServiceMetadata('sub-1', 16_000),
  encodeServiceAudio(pcm, at, '4:+15550001111', false),
  encodeServiceAudio(pcm, at, undefined, true),
  encodeServiceDtmf('5'),
  encodeTranscript(phrase),
  encodeTranscriptMetadata('sub-2', 'en-US', ids),
];
export const BROWSER_COMMANDS = [
  '{"type":"interrupt"}',
  '{"type":"text","text":"Where is my order?"}',
  '{"type":"end"}',
];

const callbackEvent = {
  id: 'event-1',
  source: 'calling/callConnections/call-1',
  type: 'Microsoft.Communication.MediaStreamingStopped',
  data: {
    callConnectionId: 'call-1',
    serverCallId: 's',
    correlationId: 'c',
    operationContext: 'o',
    resultInformation: { code: 200, subCode: 0, message: 'ok' },
    mediaStreamingUpdate: { contentType: 'Audio', mediaStreamingStatusDetails: 'streamConnectionInterrupted' },
  },
  time: '2026-01-01T00:00:00.1234567+00:00',
  specversion: '1.0',
};
const person = (number: string) => ({ kind: 'phoneNumber', rawId: `4:${number}`, phoneNumber: { value: number } });
const callData = {
  to: person('+15550100'),
  from: person('+15557777'),
  serverCallId: 's',
  callerDisplayName: '',
  incomingCallContext: 'context-1',
  correlationId: 'c-1',
  customContext: { sipHeaders: { 'X-MS-Custom-Agent': 'orders', 'X-MS-Custom-Streaming-Mode': DEFAULT_MODE } },
};
const incoming = 'Microsoft.Communication.IncomingCall';
const gridEvent = {
  id: 'event-2',
  topic: '/subscriptions/x',
  subject: '/caller/x',
  eventType: incoming,
  eventTime: '2026-01-01T00:00:00.1234567Z',
  dataVersion: '1.0',
  data: callData,
};
export const CALLBACK_BODIES = [JSON.stringify([callbackEvent]), JSON.stringify(callbackEvent)];
export const GRID_BODIES = [
  JSON.stringify([gridEvent]),
  JSON.stringify({ id: 'e', source: '/x', type: incoming, time: at.toISOString(), specversion: '1.0', data: callData }),
  JSON.stringify([
    { ...gridEvent, eventType: 'Microsoft.EventGrid.SubscriptionValidationEvent', data: { validationCode: 'v' } },
  ]),
];
export const INITIATE_BODIES = [
  JSON.stringify({ target_number: '+15551230000', agent: 'orders', context: { name: 'Ann' }, streaming_mode: 'media' }),
];
export const TICKET_BODIES = [
  JSON.stringify({ kind: 'browser', session_id: 's-1', origin: 'https://app.example' }),
  JSON.stringify({ kind: 'dashboard', call_connection_id: 'call-1' }),
];

const chatChunk = {
  id: 'c',
  choices: [
    {
      index: 0,
      delta: {
        content: [{ type: 'text', text: { value: 'Hello' } }],
        tool_calls: [{ index: 0, id: 't', function: { name: 'look_up', arguments: { a: 1 } } }],
      },
      finish_reason: null,
    },
  ],
  usage: { total_tokens: 7 },
  error: null,
};
const serverEvents = [
  { type: 'response.done', response: { id: 'r', status: 'completed', usage: { input_tokens: 1 } } },
  { type: 'response.output_item.added', response_id: 'r', item: { id: 'i', type: 'message', name: null } },
  { type: 'response.audio.delta', response_id: 'r', item_id: 'i', delta: 'AAAA' },
  { type: 'error', error: { code: 'x', message: 'y' } },
];
const session = {
  schema: '2',
  id: 's-1',
  version: '3',
  channel: 'phone',
  direction: 'inbound',
  mode: 'media',
  agent: 'orders',
  status: 'connected',
  createdAt: '1780000000000',
  context: '{"name":"Ann"}',
};
const principal = { auth_typ: 'aad', claims: [{ typ: 'oid', val: 'ann' }] };
const wav = Buffer.from(encodeWav([new Int16Array(40)], 16_000)).toString('latin1');
const latin1 = (text: string) => Buffer.from(text, 'latin1');
const speechText =
  'X-RequestId: 1\r\nPath: speech.phrase\r\nContent-Type: application/json\r\n\r\n{"RecognitionStatus":"Success"}';
const speechBinary = `\x00\x2cX-RequestId: 1\r\nPath: audio\r\nX-StreamId: 2\r\n\r\n${'\x01\x02'.repeat(20)}`;

/** As Redis has fields: texts. What is nested deeper than it could be written is none. */
const flat = (value: unknown): Record<string, string> =>
  Object.fromEntries(Object.entries(Object(value)).map(([key, field]) => [key, textOf(field)]));
const textOf = (field: unknown): string => {
  try {
    return typeof field === 'string' ? field : (JSON.stringify(field) ?? '');
  } catch {
    return '';
  }
};
const listOf = (value: unknown): string[] => Object.entries(flat(value)).flat();

const request = new IncomingMessage(new Socket());

/** All that is done with the address and the headers of a request before anybody has shown who he is. */
function readRequest(input: string): void {
  const [url = '', host = '', origin = '', forwarded = ''] = input.split('\n');
  Object.assign(request, { url });
  Object.assign(request.headers, { host, origin, 'x-forwarded-for': forwarded });
  toOriginForm(request);
  const address = urlOf(request);
  clientOf(request, 1);
  isOfThisMachine(request.headers);
  traceIdOf(forwarded);
  if (isReadable(address.pathname)) safePath(address.pathname);
  for (const route of ALL_ROUTES) isPathOf(route, address.pathname);
  const query = Object.fromEntries(address.searchParams);
  for (const { query: schema } of [conversationSocket, relaySocket]) schema.safeParse(query);
  requireOwnHost({ allowedOrigins: ['https://friend.example'] }, request.headers.host);
}

/** A body as both halves read it. */
async function bodyOf(text: string): Promise<unknown> {
  return readJson(
    (async function* () {
      yield Buffer.from(text);
    })(),
    null,
  );
}

export const DECODERS: readonly Decoder[] = [
  {
    name: 'a frame of ACS',
    seeds: SERVICE_FRAMES,
    isJson: true,
    decode: (text) => {
      const quick = readServiceAudio(text);
      const frame = parseServiceFrame(text);
      // Where the quick reader gives a frame, the careful one gives the same.
      if (quick && frame.kind === 'audio') {
        assert.ok(Buffer.from(quick.pcm).equals(frame.pcm) && quick.silent === frame.silent);
        assert.equal(quick.participant, frame.participant);
      } else assert.equal(quick, undefined);
    },
  },
  { name: 'a frame to ACS', seeds: SERVICE_FRAMES, isJson: true, decode: parseAppFrame },
  {
    name: 'a command of a browser',
    seeds: BROWSER_COMMANDS,
    isJson: true,
    decode: (text) => {
      withoutControls(text);
      return browserCommand.safeParse(jsonOf(text));
    },
  },
  {
    name: 'a callback of ACS',
    seeds: CALLBACK_BODIES,
    isJson: true,
    decode: async (text) => eventsOf(await bodyOf(text)).map((event) => readAcsEvent(event, 0)),
  },
  {
    name: 'a delivery of Event Grid',
    seeds: GRID_BODIES,
    isJson: true,
    decode: async (text) => Promise.all(eventsOf(await bodyOf(text)).map(readAcsAnnouncement)),
  },
  {
    name: 'a call that is asked for',
    seeds: INITIATE_BODIES,
    isJson: true,
    decode: async (text) => validate(initiateCall.body, await bodyOf(text)),
  },
  {
    name: 'a ticket that is asked for',
    seeds: TICKET_BODIES,
    isJson: true,
    decode: async (text) => validate(makeTicket.body, await bodyOf(text)),
  },
  {
    name: 'a request',
    seeds: [
      '/api/v1/realtime/conversation?session_id=a&ticket=b\nlocalhost:8080\nhttp://localhost:8080\n203.0.113.1, ::1',
    ],
    decode: readRequest,
  },
  {
    name: 'a sign-in',
    seeds: [Buffer.from(JSON.stringify(principal)).toString('base64')],
    decode: (text) => visitorOf('container-apps', { 'x-ms-client-principal': text }),
  },
  {
    name: 'a chunk of a model',
    seeds: [JSON.stringify(chatChunk)],
    isJson: true,
    decode: (text) => readChunk(jsonOf(text)),
  },
  {
    name: 'an event of a speech-to-speech service',
    seeds: serverEvents.map((event) => JSON.stringify(event)),
    isJson: true,
    decode: (text) => [OPENAI_EVENTS, VOICE_LIVE_EVENTS].map((names) => readServerEvent(text, names)),
  },
  { name: 'a text of Speech', seeds: [speechText], decode: (text) => parsePayload(Buffer.from(text), false) },
  { name: 'bytes of Speech', seeds: [speechBinary], decode: (text) => parsePayload(latin1(text), true) },
  { name: 'a WAV file', seeds: [wav], decode: (text) => parseWav(new Uint8Array(latin1(text))) },
  {
    name: 'a session in Redis',
    seeds: [JSON.stringify(session)],
    isJson: true,
    decode: (text) => decodeSession('s-1', flat(jsonOf(text))),
  },
  {
    name: 'what else is in Redis',
    seeds: [
      JSON.stringify({ at: '1', type: 'x', source: 'functions', data: '{}', command: '{"type":"end","reason":"r"}' }),
      JSON.stringify({ role: 'tool', call: { callId: 'c', name: 'n', args: {} }, result: 1 }),
      JSON.stringify({ command: JSON.stringify({ type: 'transcribed', phrase }) }),
    ],
    isJson: true,
    decode: (text) => {
      const value = jsonOf(text);
      decodeEvent('1-0', listOf(value));
      decodeCommand(listOf(value));
      decodeHistory([text]);
    },
  },
  {
    name: 'the modes of a host',
    seeds: [',media:16000,voice_live:24000,', ',orders:voice_live,ch%C3%A9f:media,'],
    decode: (text) => [decodeModes(text), decodeAgentModes(text)],
  },
];

/** As every reader of JSON here has it: what is none is nothing. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
