import { countedIds } from '../../../shared/ids.ts';
import type { ProviderEvents } from '../../../shared/providers/breaker.ts';
import type { Session } from '../../../shared/sessions/session.ts';
import { TypedEvents } from '../../../shared/typed-events.ts';
import { VirtualClock } from '../../../shared/virtual-clock.ts';
import type { SessionEventMap } from '../../contract/events.ts';
import { SessionEvents } from '../../dialogue/session-events.ts';
import { observeSessions } from '../observe-sessions.ts';
import type { ServicePlaces } from '../request-span.ts';
import { KeptMetrics, KeptSpans } from './sinks.ts';

const SPEECH = 'wss://parley.cognitiveservices.azure.com';
export const PLACES: ServicePlaces = new Map([
  ['chat-model', { dependency: 'openai', url: 'https://parley.openai.azure.com/openai/v1/chat/completions' }],
  ['speech-recognition', { dependency: 'speech', url: `${SPEECH}/stt/speech/universal/v2` }],
  ['speech-synthesis', { dependency: 'speech', url: `${SPEECH}/tts/cognitiveservices/websocket/v1` }],
  ['realtime', { dependency: 'voice-live', url: 'https://parley.services.ai.azure.com/voice-live/realtime' }],
]);

const SESSION: Session = {
  id: 'a-session',
  version: 1,
  channel: 'phone',
  direction: 'inbound',
  mode: 'media',
  agent: 'orders',
  status: 'connected',
  callConnectionId: 'call-1',
  from: '+4930901820001',
  to: '+4930901820002',
  createdAt: 0,
};

export const LATENCY: Omit<SessionEventMap['turnLatency'], 'turn'> = {
  wordsMs: 200,
  recognisedMs: 350,
  firstTokenMs: 700,
  firstVoiceMs: 850,
  firstAudioMs: 900,
};

/** A session whose events a test tells, and what becomes of them. */
export function watchedSession({
  content = false,
  clock = new VirtualClock(),
  events = new SessionEvents(clock),
  resumed = false,
  aloneSinceMs,
  ...changes
}: Partial<Session> & {
  readonly content?: boolean;
  readonly clock?: VirtualClock;
  readonly events?: SessionEvents;
  readonly resumed?: boolean;
  readonly aloneSinceMs?: number;
} = {}) {
  const providers = new TypedEvents<ProviderEvents>((_, error) => {
    throw error;
  });
  const spans = new KeptSpans();
  const metrics = new KeptMetrics();
  const observe = observeSessions({
    telemetry: { spans, metrics },
    ...{ places: PLACES, providers },
    content,
    clock,
    newSpanId: countedIds('span'),
  });
  const session = { ...SESSION, ...changes };
  const observer = observe({ session, resumed, arrivedAtMs: clock.now(), aloneSinceMs });
  observer.follow(events);
  return { clock, events, providers, spans, metrics, observer, session };
}
