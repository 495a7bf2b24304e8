import { APIError } from 'openai';
import type { RoundRequest } from './model-round.ts';

/** What a model may not take, though others do. */
export const PARAMETERS = [
  'temperature',
  'max_completion_tokens',
  'max_tokens',
  'stream_options',
  'tool_choice',
] as const;
export type Parameter = (typeof PARAMETERS)[number];

/** What is wanted of the model, in the words of the newest servers. */
export type WantedRequest = Omit<RoundRequest, 'max_tokens' | 'stream_options'>;

const REFUSES =
  /support|unknown|unrecogni[sz]ed|extra|permitted|unexpected|invalid|allowed|forbidden|deprecated|not accept/i;
/** These quote the request and are no refusals of a parameter. */
const OTHER_REASONS = new Set(['content_filter', 'context_length_exceeded', 'string_above_max_length']);

/**
 * What has been found out about a model deployment: the parameters that it refused. One for a process and deployment, so
 * that each refusal costs one request and not one an answer.
 */
export class DeploymentTraits {
  readonly #refused = new Set<Parameter>();

  /** The request as this deployment takes it. */
  shape(wanted: WantedRequest, omit: readonly Parameter[] = []): RoundRequest {
    const { temperature, max_completion_tokens: maxTokens, tool_choice, ...rest } = wanted;
    const takes = (name: Parameter): boolean => !this.#refused.has(name) && !omit.includes(name);
    const limit = (['max_completion_tokens', 'max_tokens'] as const).find(takes);
    return {
      ...rest,
      ...(temperature !== undefined && takes('temperature') && { temperature }),
      ...(limit && maxTokens !== undefined && { [limit]: maxTokens }),
      ...(tool_choice !== undefined && takes('tool_choice') && { tool_choice }),
      ...(takes('stream_options') && { stream_options: { include_usage: true } }),
    };
  }

  /** Whether the request was refused because of a parameter that it can do without: which one. It is left out from now on. */
  learn(refusal: unknown, request: RoundRequest): Parameter | undefined {
    if (!(refusal instanceof APIError) || (refusal.status !== 400 && refusal.status !== 422)) return undefined;
    if (typeof refusal.code === 'string' && OTHER_REASONS.has(refusal.code)) return undefined;
    const refused = namedBy(
      refusal,
      PARAMETERS.filter((name) => name in request),
    );
    if (refused) this.#refused.add(refused);
    return refused;
  }
}

function namedBy(refusal: APIError, sent: readonly Parameter[]): Parameter | undefined {
  const param = typeof refusal.param === 'string' ? refusal.param : '';
  const named = sent.find((name) => param === name || param.startsWith(`${name}.`));
  if (named || param !== '') return named;
  const text = `${refusal.message} ${JSON.stringify(refusal.error ?? '')}`;
  if (!REFUSES.test(text)) return undefined;
  const found = sent.map((name) => ({ name, at: text.search(new RegExp(`(?<![\\w])${name}(?![\\w])`)) }));
  return found.filter(({ at }) => at >= 0).sort((a, b) => a.at - b.at)[0]?.name;
}
