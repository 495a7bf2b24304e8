import { z } from 'zod';
import { browserCommand, browserMessage } from '../../protocol/browser.ts';
import { CONVERSATION_LIMITS, LINE_LIMITS, WATCH_LIMITS } from '../../protocol/limits.ts';
import { RELAYED, relayedAbout } from '../../protocol/relay.ts';
import { conversationSocket, relaySocket } from '../routes/sockets.ts';
import { messageOf, type SocketDescription, type SocketMessage } from './socket-description.ts';

const SESSION_ID = '0f6c2a58-7f0e-4d55-8f0a-0a4f3b9b1d7e';
const CALL_ID = '411f8b00-3b2c-4d57-9a55-6f0d2c2e7c11';

/** A message is named as its `type` is; the envelope of the predecessor has several of them. */
function nameOf({ shape }: z.ZodObject<{ type: z.ZodType }>): string {
  return shape.type instanceof z.ZodLiteral ? String(shape.type.value) : 'envelope';
}

const typed: SocketMessage = {
  key: 'typed',
  name: 'typed',
  summary: 'Any text that is no JSON object is what the caller typed: the same as a `text` command.',
  schema: z.string().max(CONVERSATION_LIMITS.typedChars),
  examples: ['Where is order 1042?'],
};

const microphone: SocketMessage = {
  key: 'microphone',
  name: 'microphone',
  summary: 'A binary frame: PCM16LE, mono, 16 kHz, of any length up to two seconds. Silence is sent too.',
  examples: [],
};

export const conversation: SocketDescription = {
  key: 'conversation',
  title: 'Conversation',
  contract: conversationSocket,
  order: `**Order.** \`session_ready\` comes first. For each turn: \`user_partial\` while the caller speaks; the caller’s words as an
\`event\` and a \`user_final\` once the turn that answers them has happened (nothing of a turn is told while it can still be taken back);
\`tool_start\` and \`tool_end\`; \`assistant_streaming\` as the voice begins each piece; \`audio_data\`; \`turn_latency\` with the first
sound; \`assistant_heard\` a few times a second; when it was played, \`assistant_final\`, a \`status\` with the whole of it, and
\`assistant_spoken\`. Where the caller cuts in, \`control\` comes at once: play nothing more of what is buffered. \`session_end\` is the
last one. In a session that is only written down \`transcript_partial\` and \`transcript_final\` take the place of all of these. Two messages with one
\`turn_id\` are about one turn, whenever they come.

**Pace.** Audio up goes as fast as time passes, silence too; ${LINE_LIMITS.burstMs / 1000} s of it may come at once. What comes faster is
dropped, and more than ${LINE_LIMITS.floodMs / 1000} s of that closes with 4430. Audio down is 20 ms a message: an answer’s lead of up to
400 ms at once, then five messages every 100 ms. Text has at most ${CONVERSATION_LIMITS.typedChars} characters and comes at most every
${CONVERSATION_LIMITS.typedEveryMs} ms; what cannot be taken is refused by a \`notice\` and changes nothing. Whoever sends no audio for
${CONVERSATION_LIMITS.firstAudioMs / 1000} s at first, or ${CONVERSATION_LIMITS.silentMs / 1000} s later, is closed with 4408. The server pings every
${LINE_LIMITS.pingEveryMs / 1000} s.

**Tickets.** Outside of a developer’s machine a ticket of \`POST /api/v1/tickets\` is brought, as \`ticket\` in the address or as the subprotocol
\`parley.ticket.<ticket>\` with another name (\`parley\`) beside it. It opens one socket, within a minute.

**Coming back.** After 1001, or a connection that broke, connect again with the same \`session_id\` and the latest \`return_ticket\`; where
that is not taken (4401, or no socket at all), with a new ticket. \`session_ready\` then says \`resumed\`, or \`replaces\` where the session is over.`,
  up: {
    summary: 'The microphone, what is typed, and commands',
    messages: [microphone, typed, ...browserCommand.options.map((option) => messageOf(option, nameOf(option)))],
  },
  down: {
    summary: 'What is said and done, and the agent’s voice',
    messages: browserMessage.options.map((option) => messageOf(option, nameOf(option))),
  },
  closes: [
    'normal',
    'goingAway',
    'malformed',
    'unauthorised',
    'unknownCall',
    'noAudio',
    'alreadyConnected',
    'oversized',
    'tooFast',
    'internal',
  ],
  limits: { ...LINE_LIMITS, ...CONVERSATION_LIMITS },
};

function relayed(option: (typeof RELAYED)[number]): SocketMessage {
  const { key, name, summary, examples } = messageOf(option, nameOf(option));
  return {
    key,
    name,
    summary,
    schema: option.extend(relayedAbout.shape),
    examples: examples.map((example) => ({ ...Object(example), session_id: SESSION_ID, call_id: CALL_ID })),
  };
}

export const dashboardRelay: SocketDescription = {
  key: 'dashboardRelay',
  title: 'Dashboard relay',
  contract: relaySocket,
  order: `**Order.** That of the conversation, for each session; messages of several sessions come mixed, each with its \`session_id\` and
\`call_id\`. A session that begins tells \`session_ready\`, one that ends \`session_end\`; the socket stays open for others. What happened
before it opened is not told: read \`GET /api/v1/calls/{id}\` for that. There is no audio.

**Whose.** \`session_id\` names a session, or the \`browser_session_id\` that the context of \`calls/initiate\` named; \`call_connection_id\` a call.
All sessions are told to whoever has a ticket for all.

**Pace.** Messages come together, at most every 50 ms. Nothing is sent up: what comes all the same is dropped, messages over
${WATCH_LIMITS.messageBytes} bytes close with 1009, and a flood with 4430. A host takes ${WATCH_LIMITS.watchers} watchers.

**Tickets.** One of the kind \`dashboard\`, brought as that of a conversation.

**Coming back.** A watch ends with 1001 after ${WATCH_LIMITS.longestMs / 3_600_000} hours, or when its host is restarted: connect again with a new ticket.`,
  up: { summary: 'Nothing', messages: [] },
  down: {
    summary: 'What is said and done in sessions, without audio',
    messages: RELAYED.map(relayed),
  },
  closes: ['goingAway', 'tooFast'],
  limits: { ...LINE_LIMITS, ...WATCH_LIMITS },
};
