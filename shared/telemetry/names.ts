/**
 * Every name that Parley's telemetry has: of roles, spans, attributes and metrics. The only place of names: what is
 * recorded takes them from here, the exporter lets no other attribute pass, and the queries of alerts and workbook are held
 * against them (`npm run check:infra`). Names are public: they are added, never renamed.
 *
 * Those of generative AI are of OpenTelemetry's semantic-conventions-genai v0.1.0; those of HTTP, databases, servers and
 * errors of its semantic conventions 1.41. What neither has is `parley.*`.
 */

/** What each half is called on Azure's map (`cloud_RoleName`). */
export const ROLE = {
  functions: 'parley-functions',
  streamHost: 'parley-stream-host',
} as const;
export type Role = (typeof ROLE)[keyof typeof ROLE];

/** What Parley calls. As on the map, so in metrics. `webhook`: whoever is told of finished words, on no caller's behalf. */
export const DEPENDENCIES = ['acs', 'redis', 'speech', 'openai', 'realtime', 'voice-live', 'blob', 'webhook'] as const;
export type Dependency = (typeof DEPENDENCIES)[number];

export const SPAN = {
  /** A stream host has started. */
  hostStart: 'parley.host.start',
  /** A session is opened on a host: from the socket's arrival until its mode runs. The parent of all that follows there. */
  sessionOpening: 'parley.session.opening',
  /** All of a session on a host, told at its end, with what it came to: turns, faults, the reason. */
  session: 'parley.session',
  /** One go: from the end of the caller's words (or from when the agent began by itself) until it was heard or cut off. */
  turn: 'parley.turn',
  /** From the end of the caller's speech until the words of the turn stood. */
  recognition: 'parley.recognition',
  /** From the first clause that the voice was given to the last of its sound. */
  synthesis: 'parley.synthesis',
  /** A service failed so often that calls did not ask it from then on. In each session that stood then; it has no length. */
  outage: 'parley.provider.outage',
  /** The caller heard nothing for longer than he should: he waited for an answer, or nobody had his call. */
  silence: 'parley.silence',
  /** One finished stretch of words in a session that is only written down. */
  transcript: 'parley.transcript',
  /** Whether a call may be placed or answered, and a place for it on a host. */
  admission: 'parley.call.admission',
  /** A ringing call is answered. */
  answering: 'parley.call.answering',
  /** A ringing call is turned away: there is no place. */
  turningAway: 'parley.call.turning_away',
  /** Somebody is called. */
  dialling: 'parley.call.dialling',
  /** From the announcement of a call, or its request, until it stood or failed. */
  ringing: 'parley.call.ringing',
  /** A socket has come, and its session is looked up, leased and opened on this host. */
  mediaStart: 'parley.media.start',
  /** The media, or the words, of a standing call were lost, and are asked for again. */
  recovery: 'parley.call.recovery',
  hangUp: 'parley.call.hang_up',
  /** Something else that follows from an event of a call; `ATTRIBUTE.event` says what. */
  followUp: 'parley.call.follow_up',
  /** Something that was asked of the carrier has ended: from its request until the carrier told of it. */
  operationEnded: 'parley.call.operation_ended',
  /** A call is over: all of it, from its announcement to its end. */
  call: 'parley.call',
} as const;

/** One answer of a language model, and one response of a speech-to-speech service. */
export const chatSpan = (model: string): string => `chat ${model}`;
/** One run of a tool of the agent's. */
export const toolSpan = (tool: string): string => `execute_tool ${tool}`;

/** Something is asked of the carrier for a call that stands, such as `transfer`. */
export const operationSpan = (kind: string): string => `parley.call.${kind.replaceAll('-', '_')}`;

/** Attributes that say nothing of what was said, and no number, name or key. */
export const ATTRIBUTE = {
  /** The session's id, which is also Application Insights' own session. */
  session: 'session.id',
  /** ACS's call connection id. */
  call: 'parley.call.connection_id',
  /** `phone` or `browser`. */
  channel: 'parley.channel',
  /** `inbound` or `outbound`. */
  direction: 'parley.direction',
  /** Such as `media`. */
  mode: 'parley.mode',
  /** True where the session had a history as it was opened: another host, or another socket, had it before. */
  resumed: 'parley.session.resumed',
  /** Why something is over, as a short stable word. */
  endReason: 'parley.end_reason',
  /** How many turns, faults and interruptions a session had on this host. */
  turns: 'parley.session.turns',
  faults: 'parley.session.faults',
  bargeIns: 'parley.session.barge_ins',
  /** The turn's number in its session. */
  turn: 'parley.turn.number',
  /** Whether the turn was cut off by the caller. */
  interrupted: 'parley.turn.interrupted',
  /** How the caller took the floor: `voice` or `command`. */
  bargeInBy: 'parley.barge_in.by',
  /** How often a wait was filled, and with what at last. */
  waitsFilled: 'parley.turn.waits_filled',
  lastFilling: 'parley.turn.last_filling',
  /** Numbers of the span, as JSON: Application Insights has them as `customMeasurements`, and counts percentiles of them. */
  measurements: 'microsoft.custom_measurements',
  /** How long the caller heard nothing, in milliseconds. */
  silentMs: 'parley.silence.ms',
  /** Which of several speakers. */
  speaker: 'parley.speaker',
  /** Which dependency was called, and what was asked of it. */
  dependency: 'parley.dependency',
  operation: 'parley.operation',
  /** Which handler, wish, state or event of a call it is about. */
  event: 'parley.event',
  /** Which attempt it was, from 1. */
  attempt: 'parley.attempt',
  /** Which of several services of a kind, as in `GET /api/v1/health/dependencies`: such as `chat-model-fallback`. */
  provider: 'parley.provider',
  /** Why a span failed: a stable code. Beside `error.type`, which Azure's exporter leaves out. */
  fault: 'parley.fault',
  peer: 'peer.service',
  httpMethod: 'http.request.method',
  httpStatus: 'http.response.status_code',
  httpRoute: 'http.route',
  /** Without query, user and ids. */
  url: 'url.full',
  serverAddress: 'server.address',
  dbSystem: 'db.system.name',
  dbOperation: 'db.operation.name',
  errorType: 'error.type',
  genAiOperation: 'gen_ai.operation.name',
  genAiProvider: 'gen_ai.provider.name',
  genAiModel: 'gen_ai.request.model',
  genAiConversation: 'gen_ai.conversation.id',
  genAiAgent: 'gen_ai.agent.name',
  genAiFinish: 'gen_ai.response.finish_reasons',
  /** In seconds, as the convention has it. */
  genAiFirstChunk: 'gen_ai.response.time_to_first_chunk',
  genAiInput: 'gen_ai.usage.input_tokens',
  genAiOutput: 'gen_ai.usage.output_tokens',
  genAiCached: 'gen_ai.usage.cache_read.input_tokens',
  genAiAudioInput: 'gen_ai.usage.audio.input_tokens',
  genAiAudioOutput: 'gen_ai.usage.audio.output_tokens',
  /** The voice that spoke. */
  voice: 'parley.voice',
  genAiTool: 'gen_ai.tool.name',
  genAiToolCall: 'gen_ai.tool.call.id',
  genAiToolType: 'gen_ai.tool.type',
} as const;

/** Attributes of what was said and of what tools were given: they leave the process only where LOG_TRANSCRIPTS is set. */
export const CONTENT = {
  /** The caller's words. */
  callerText: 'parley.caller.text',
  /** What of the agent's words was heard. */
  agentText: 'parley.agent.text',
  toolArguments: 'gen_ai.tool.call.arguments',
  toolResult: 'gen_ai.tool.call.result',
} as const;

/** A metric: what it measures, in which unit, and by which dimensions it is told apart. Never by session. */
export interface MetricName {
  readonly name: string;
  readonly kind: 'histogram' | 'counter' | 'gauge';
  /** `ms`, or of what is counted, as in `{frame}`. */
  readonly unit: string;
  readonly about: string;
}

// The functions measure nothing: their bundle needs none of these.
const histogram = /* @__NO_SIDE_EFFECTS__ */ (name: string, about: string): MetricName => ({
  name,
  kind: 'histogram',
  unit: 'ms',
  about,
});
const counter = /* @__NO_SIDE_EFFECTS__ */ (name: string, unit: string, about: string): MetricName => ({
  name,
  kind: 'counter',
  unit,
  about,
});
const gauge = /* @__NO_SIDE_EFFECTS__ */ (name: string, unit: string, about: string): MetricName => ({
  name,
  kind: 'gauge',
  unit,
  about,
});

export const METRIC = {
  words: histogram(
    'parley.turn.words',
    'From the end of the caller’s speech until his words stood: the recognition’s lag.',
  ),
  recognised: histogram(
    'parley.turn.recognised',
    'From the end of the caller’s speech until the turn was taken to be over.',
  ),
  firstToken: histogram('parley.turn.first_token', 'From the end of the caller’s speech until the model’s first word.'),
  firstVoice: histogram('parley.turn.first_voice', 'From the end of the caller’s speech until the voice’s first byte.'),
  firstAudio: histogram(
    'parley.turn.first_audio',
    'From the end of the caller’s speech until the first sound was sent.',
  ),
  modelFirstToken: histogram('parley.model.first_token', 'From a request to the model until its first word.'),
  synthesisFirstByte: histogram('parley.synthesis.first_byte', 'From a request to the voice until its first byte.'),
  toolRun: histogram('parley.tool.run', 'How long a tool of the agent’s ran.'),
  bargeInReaction: histogram(
    'parley.barge_in.reaction',
    'From the first sound of a caller who cuts in until the agent was stopped.',
  ),
  silence: histogram('parley.silence', 'How long callers heard nothing, where it was longer than three seconds.'),
  playoutDelay: histogram(
    'parley.playout.delay',
    'How late a round of the agent’s voice was sent, behind its schedule.',
  ),
  loopDelay: histogram('parley.loop.delay', 'How late timers fire: the 99th percentile of some seconds.'),
  speechLane: histogram(
    'parley.speech_lane.delay',
    'From a caller’s sound until it was judged to be speech or not: the longest of some seconds.',
  ),
  dependencyDuration: histogram('parley.dependency.duration', 'How long a call of a dependency took.'),
  dependencyCalls: counter('parley.dependency.calls', '{call}', 'Calls of a dependency.'),
  dependencyFailures: counter('parley.dependency.failures', '{call}', 'Of these, those that failed.'),
  providersAway: counter(
    'parley.provider.outages',
    '{outage}',
    'Providers that failed again and again, so that calls did not ask them any more.',
  ),
  providerSwitches: counter(
    'parley.provider.switches',
    '{request}',
    'Requests of calls that another provider was asked for, as the first had failed or was late.',
  ),
  silences: counter(
    'parley.silences',
    '{silence}',
    'Silences of more than three seconds in which a caller waited, or in which nobody had his call.',
  ),
  turns: counter('parley.turns', '{turn}', 'Turns of the agent that were audible.'),
  bargeIns: counter('parley.barge_ins', '{interruption}', 'Callers who took the floor from the agent.'),
  heldReplies: counter('parley.held_replies', '{reply}', 'Answers that a sound had silenced and that went on.'),
  waitsFilled: counter('parley.waits_filled', '{wait}', 'Waits that were filled, by kind.'),
  draftsDropped: counter('parley.drafts_dropped', '{draft}', 'Answers that were begun early and not wanted.'),
  faults: counter('parley.faults', '{fault}', 'Things that went wrong in sessions that went on, by code.'),
  sessionsOpened: counter('parley.sessions.opened', '{session}', 'Sessions that began on this host.'),
  sessionsResumed: counter(
    'parley.sessions.resumed',
    '{session}',
    'Of these, those that another host or socket had before.',
  ),
  sessionsEnded: counter('parley.sessions.ended', '{session}', 'Sessions that ended on this host.'),
  refusals: counter('parley.refusals', '{socket}', 'Sockets that were not let in, by reason.'),
  playoutDrops: counter(
    'parley.playout.dropped_frames',
    '{frame}',
    'Frames of the agent’s voice that lines did not take.',
  ),
  callerDrops: counter(
    'parley.callers.excess_frames',
    '{frame}',
    'Messages of callers’ sound that came faster than time passes, and were dropped.',
  ),
  laneDrops: counter(
    'parley.voice_activity.dropped_frames',
    '{frame}',
    'Frames that were never judged to be speech or not.',
  ),
  laneRestarts: counter(
    'parley.voice_activity.restarts',
    '{restart}',
    'Threads that judge speech and had to be replaced.',
  ),
  eventsLost: counter(
    'parley.sessions.lost_events',
    '{event}',
    'Events of sessions that are not on record, as Redis was away for too long or did not take them.',
  ),
  relayDrops: counter(
    'parley.relay.dropped_messages',
    '{message}',
    'Messages of sessions that their watchers did not get, as Redis was away or slow.',
  ),
  recordLinesLost: counter(
    'parley.records.lost_lines',
    '{line}',
    'Lines that records of calls lack, as their storage was away for too long.',
  ),
  recordAudioLost: counter('parley.records.lost_audio', 'ms', 'Sound that records of calls lack: it is silence there.'),
  wordsGivenUp: counter(
    'parley.webhook.given_up',
    '{message}',
    'Finished words that the webhook would not have, or did not take for an hour: dead letters.',
  ),
  spansDropped: counter('parley.spans.dropped', '{span}', 'Spans that were lost before they could be sent.'),
  sessionsActive: gauge('parley.sessions.active', '{session}', 'Sessions on this host now.'),
  placesFree: gauge('parley.places.free', '{place}', 'Sessions that this host would let in now.'),
  cpu: gauge('parley.cpu', '1', 'Share of its processor that the host uses: 1 is all.'),
} as const satisfies Readonly<Record<string, MetricName>>;

/** What metrics are told apart by; each of few values. */
export const DIMENSION = {
  mode: ATTRIBUTE.mode,
  dependency: ATTRIBUTE.dependency,
  /** A fault's code, a refusal's reason, the kind of a filled wait. */
  reason: 'parley.reason',
  tool: ATTRIBUTE.genAiTool,
  provider: ATTRIBUTE.provider,
} as const;
