import type { Session } from '../../shared/sessions/session.ts';
import type { DependencyCall } from '../../shared/telemetry/dependency-span.ts';
import { ATTRIBUTE, chatSpan, type Dependency, SPAN } from '../../shared/telemetry/names.ts';
import type { Attributes } from '../../shared/telemetry/span.ts';
import type { ServedRequest } from '../contract/recorder.ts';
import { PROMISED_MS } from './silence-meter.ts';

/** Where a service is on the map, and the address of what is asked there. */
export interface ServicePlace {
  readonly dependency: Dependency;
  readonly url: string;
}

/** By provider; the first of a kind is called as the kind. */
export type ServicePlaces = ReadonlyMap<string, ServicePlace>;

interface Kind {
  readonly dependency: Dependency;
  readonly operation: string;
  /** Why it failed, where it gave no sign. */
  readonly silent: string;
}

const KINDS: Readonly<Record<ServedRequest['service'], Kind>> = {
  'chat-model': { dependency: 'openai', operation: 'chat', silent: 'model.silent' },
  realtime: { dependency: 'realtime', operation: 'response', silent: 'realtime.silent' },
  'speech-recognition': { dependency: 'speech', operation: 'recognition', silent: 'recogniser.silent' },
  'speech-synthesis': { dependency: 'speech', operation: 'synthesis', silent: 'synthesis.silent' },
};

/** How a speech-to-speech service's answers end that are not whole. */
const NOT_WHOLE: ReadonlySet<string> = new Set(['broken_off', 'cancelled']);

export const placeOf = (
  places: ServicePlaces,
  { service, provider = service }: Pick<ServedRequest, 'service' | 'provider'>,
) => places.get(provider) ?? { dependency: KINDS[service].dependency, url: '' };

/** What the span of a request to a service tells, besides where and when. */
export function requestSpan(
  request: ServedRequest,
  { dependency, url }: ServicePlace,
  session: Session,
): Pick<DependencyCall, 'dependency' | 'operation' | 'url' | 'method' | 'name' | 'status' | 'error' | 'attributes'> {
  const { service, model = 'unknown', provider, startedAtMs, firstAtMs, status } = request;
  const firstMs = firstAtMs === undefined ? undefined : Math.max(0, firstAtMs - startedAtMs);
  const error = errorOf(request);
  // A session that failed is no answer of a model.
  const isSession = service === 'realtime' && request.finishReason === undefined && error !== undefined;
  const isAnswer = (service === 'chat-model' || service === 'realtime') && !isSession;
  return {
    ...{ dependency, url, status, error },
    operation: isSession ? 'session' : KINDS[service].operation,
    method: service === 'chat-model' ? 'POST' : 'GET',
    name: isAnswer ? chatSpan(model) : SPANS[service],
    attributes: {
      ...(provider !== undefined && { [ATTRIBUTE.provider]: provider }),
      ...(isAnswer && genAi(request, session, dependency, firstMs)),
      ...(service === 'speech-synthesis' && request.model !== undefined && { [ATTRIBUTE.voice]: request.model }),
      ...(firstMs !== undefined && measured({ first_ms: firstMs })),
    },
  };
}

const SPANS: Readonly<Partial<Record<ServedRequest['service'], string>>> = {
  'speech-recognition': SPAN.recognition,
  'speech-synthesis': SPAN.synthesis,
};

/**
 * Why a request failed. One that gave no sign within what a caller is promised, and was then given up by whoever waited for
 * it, has failed as well: the caller sat there all the time.
 */
function errorOf({
  service,
  error,
  startedAtMs,
  firstAtMs,
  endedAtMs,
  finishReason,
}: ServedRequest): string | undefined {
  if (error !== undefined || firstAtMs !== undefined) return error;
  const isWhole = finishReason !== undefined && !NOT_WHOLE.has(finishReason);
  return isWhole || endedAtMs - startedAtMs <= PROMISED_MS ? undefined : KINDS[service].silent;
}

function genAi(
  { model, tokens, finishReason }: ServedRequest,
  session: Session,
  dependency: string,
  firstMs: number | undefined,
): Attributes {
  return {
    [ATTRIBUTE.genAiOperation]: 'chat',
    [ATTRIBUTE.genAiProvider]: dependency === 'voice-live' ? 'azure.ai.inference' : 'azure.ai.openai',
    ...(model !== undefined && { [ATTRIBUTE.genAiModel]: model }),
    [ATTRIBUTE.genAiConversation]: session.id,
    ...(finishReason !== undefined && WORD.test(finishReason) && { [ATTRIBUTE.genAiFinish]: finishReason }),
    ...(firstMs !== undefined && { [ATTRIBUTE.genAiFirstChunk]: firstMs / 1000 }),
    ...(tokens && {
      [ATTRIBUTE.genAiInput]: tokens.input,
      [ATTRIBUTE.genAiOutput]: tokens.output,
      ...(tokens.cached !== undefined && { [ATTRIBUTE.genAiCached]: tokens.cached }),
      ...(tokens.inputAudio !== undefined && { [ATTRIBUTE.genAiAudioInput]: tokens.inputAudio }),
      ...(tokens.outputAudio !== undefined && { [ATTRIBUTE.genAiAudioOutput]: tokens.outputAudio }),
    }),
  };
}

/** A word of a service's own list, and nothing that could be a sentence. */
const WORD = /^[a-z_]{1,32}$/;

/** Numbers, as Application Insights counts percentiles of. */
export const measured = (values: Readonly<Record<string, number>>): Attributes => ({
  [ATTRIBUTE.measurements]: JSON.stringify(values),
});
