import { z } from 'zod';
import { streamingMode } from '../../modes/streaming-modes.ts';
import { defineRoute } from '../route.ts';

/** What may be wrong with a ticket, and who asks without one. */
const TICKET_ERRORS = [
  'ticket.missing',
  'ticket.invalid',
  'ticket.used',
  'ticket.mismatch',
  'ticket.foreign-session',
  'redis.unavailable',
  'redis.refused',
] as const;

const ticket = z
  .string()
  .describe(
    'Of POST /api/v1/tickets. It may come as the subprotocol `parley.ticket.<ticket>`, too, which is not logged.',
  )
  .exactOptional();

const ROOM_ERRORS = ['host.full', 'host.overloaded', 'host.draining'] as const;

/** What the predecessor's pages say in every address and nothing here asks for. The handshake's answer names them. */
export const IGNORED_NAMES: ReadonlySet<string> = new Set(['scenario', 'user_email']);

export const conversationSocket = defineRoute({
  name: 'realtime-conversation',
  half: 'stream-host',
  method: 'GET',
  path: '/api/v1/realtime/conversation',
  access: 'anonymous',
  summary: 'A conversation from a browser (WebSocket)',
  description:
    'Up: binary frames of PCM16LE mono at 16 kHz, of any length, as fast as time passes, silence too; and texts that are a `ConversationCommand`. Down: texts that are a `ConversationMessage`, the agent’s voice among them as `audio_data`, 20 ms each. A page is let in by its Origin: that of STREAM_HOST_PUBLIC_URL, or one of ALLOWED_ORIGINS; a program sends none. Where REQUIRE_TICKETS holds it brings a ticket, or comes from somebody who has signed in. What follows what, how fast, and the close codes: `/api/v1/asyncapi.json`.',
  query: z.strictObject({
    session_id: z
      .string()
      .describe('Names the session, or resumes the one of this name: 1 to 128 letters, digits or _ - . : ~')
      .exactOptional(),
    agent: z.string().describe('Who speaks. Without it, DEFAULT_AGENT.').exactOptional(),
    sample_rate: z.coerce
      .number()
      .describe('Of `audio_data`, in Hz: 16000, 24000 or 48000.')
      .meta({ example: 48_000 })
      .default(48_000),
    streaming_mode: streamingMode
      .describe(
        'What is done with the line of a new session; realtime, as the predecessor’s pages say, means media. Without it, or with an empty one, the agent’s own mode, or ACS_STREAMING_MODE.',
      )
      .exactOptional(),
    scenario: z.string().describe('Ignored; the header `x-parley-ignored` of the answer says so.').exactOptional(),
    user_email: z.string().describe('Ignored, as `scenario` is.').exactOptional(),
    ticket,
  }),
  answers: { 101: z.undefined().describe('The socket is open; the first message is `session_ready`.') },
  errors: [
    ...ROOM_ERRORS,
    ...TICKET_ERRORS,
    'origin.refused',
    'session.id-invalid',
    'audio.rate-unsupported',
    'mode.not-configured',
    'client.too-many-sessions',
    'client.too-many-opens',
    'route.is-a-socket',
  ],
});

export const relaySocket = defineRoute({
  name: 'realtime-dashboard-relay',
  half: 'stream-host',
  method: 'GET',
  path: '/api/v1/realtime/dashboard/relay',
  access: 'anonymous',
  summary: 'What is said in a session or a call, as it happens (WebSocket)',
  description:
    'Down: texts that are a `ConversationMessage`, without audio. Nothing is sent up. All sessions are told to whoever has a ticket for all, and in development to a page of this machine. More: `/api/v1/asyncapi.json`.',
  query: z.strictObject({
    session_id: z.string().describe('The session, or the browser session that placed the call.').exactOptional(),
    call_connection_id: z.string().exactOptional(),
    ticket,
  }),
  answers: { 101: z.undefined().describe('The socket is open.') },
  errors: [
    ...TICKET_ERRORS,
    'origin.refused',
    'relay.session-missing',
    'client.too-many-sessions',
    'client.too-many-opens',
    'host.full',
    'host.draining',
    'route.is-a-socket',
  ],
});

/** Its sender is Azure: what that adds to an address must not cost a call, so the query is not strict. */
export const callSocket = defineRoute({
  name: 'media-stream',
  half: 'stream-host',
  method: 'GET',
  path: '/api/v1/media/stream',
  access: 'acs-token',
  summary: 'The audio of a call, from Azure Communication Services (WebSocket)',
  description:
    'Both ways: texts with a `kind`, as ACS writes them. Up: `AudioMetadata` first, then `AudioData` (PCM16LE mono, 8, 16 or 24 kHz as the metadata say, 20 ms each, base64) and `DtmfData`. Down: `AudioData`, and `StopAudio`, which drops what ACS has buffered of it. More: `/api/v1/asyncapi.json`.',
  headers: z.object({ 'x-ms-call-connection-id': z.string().describe('The call.').exactOptional() }),
  query: z.object({
    session_id: z.string().describe('The session that the call belongs to.').exactOptional(),
    call_connection_id: z.string().describe('The call, where the header does not say it.').exactOptional(),
  }),
  answers: { 101: z.undefined().describe('The socket is open.') },
  errors: [...ROOM_ERRORS, 'origin.refused', 'route.is-a-socket'],
});

/** Its sender is Azure, too. */
export const wordsSocket = defineRoute({
  name: 'media-transcription',
  half: 'stream-host',
  method: 'GET',
  path: '/api/v1/media/transcription',
  access: 'acs-token',
  summary: 'The words of a call, from Azure Communication Services (WebSocket)',
  description:
    'Up: texts with a `kind`, as ACS writes them: `TranscriptionMetadata` first, then `TranscriptionData` for each change of a phrase. Nothing is sent down. The call’s media socket must be open, too: it is what the session lives on, on whichever host.',
  headers: z.object({ 'x-ms-call-connection-id': z.string().describe('The call.').exactOptional() }),
  query: z.object({
    session_id: z.string().describe('The session that the call belongs to.').exactOptional(),
    call_connection_id: z.string().describe('The call, where the header does not say it.').exactOptional(),
  }),
  answers: { 101: z.undefined().describe('The socket is open.') },
  errors: ['host.full', 'host.draining', 'origin.refused', 'route.is-a-socket'],
});

/** Sockets of the stream host, in the order of the reference: GET requests that ask for an upgrade. */
export const ALL_SOCKETS = [conversationSocket, relaySocket, callSocket, wordsSocket] as const;
