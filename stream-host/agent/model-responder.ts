import type OpenAI from 'openai';
import type { Services } from '../../agents/services.ts';
import type { Clock } from '../../shared/clock.ts';
import { DependencyError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { HistoryItem } from '../../shared/sessions/history.ts';
import type { Phrases, ReplyPiece, Responder } from '../contract/agent.ts';
import { type Agent, END_CALL } from './agent-definition.ts';
import { modelOverran, toModelError } from './model-errors.ts';
import { type HistoryBudget, toMessages, toolMessages, toolsOf } from './model-messages.ts';
import { ModelRound, type RoundRequest } from './model-round.ts';
import { checkCall, runCall, type ToolOutcome, type ToolRequest } from './tool-calls.ts';
import { TurnAborted, TurnWaits } from './turn-waits.ts';

export interface ModelLimits extends HistoryBudget {
  /** The longest wait for the model's first or next chunk. */
  readonly silentMs: number;
  /** All waits of one answer together: model and tools. */
  readonly totalMs: number;
  /** Requests to the model for one answer; in the last one it may not call tools. */
  readonly maxRounds: number;
}

const DEFAULT_LIMITS: ModelLimits = {
  silentMs: 10_000,
  totalMs: 30_000,
  maxRounds: 5,
  maxItems: 80,
  maxCharacters: 24_000,
};

export interface ModelResponderOptions {
  readonly client: OpenAI;
  /** The name of the model deployment. */
  readonly deployment: string;
  readonly agent: Agent;
  readonly services: Services;
  readonly clock: Clock;
  readonly log: Logger;
  /** The date that the model is told. */
  readonly now?: () => Date;
  readonly limits?: Partial<ModelLimits>;
}

/**
 * Answers through a language model with tools. **One for each conversation**: it remembers calls with side effects until
 * it has seen them in the history. When the caller cuts in, such a call is left to finish; the next answer first yields
 * its `tool-ended` (waiting for it if need be), so that neither the history nor the model misses what was done.
 *
 * Faults come as a `DependencyError` with a `model.*` code. A tool's faults are told to the model instead.
 */
export class ModelResponder implements Responder {
  readonly locale: string;
  readonly phrases: Phrases;
  readonly voice: string;
  readonly #options: ModelResponderOptions;
  readonly #limits: ModelLimits;
  readonly #tools: OpenAI.ChatCompletionFunctionTool[];
  readonly #unconfirmed = new Map<string, Promise<ToolOutcome>>();

  constructor(options: ModelResponderOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#tools = toolsOf(options.agent);
    this.locale = options.agent.locale;
    this.phrases = options.agent.phrases;
    this.voice = options.agent.voice;
  }

  async *respond(history: readonly HistoryItem[], signal: AbortSignal): AsyncGenerator<ReplyPiece, void> {
    const { agent, clock } = this.#options;
    const waits = new TurnWaits(clock, signal, this.#limits.totalMs);
    let round: ModelRound | undefined;
    try {
      const messages = this.#messagesOf(history);
      const takenIds = new Set(history.flatMap((item) => (item.role === 'tool' ? item.call.callId : [])));
      for (const outcome of await this.#lateOutcomes(history, waits)) {
        takenIds.add(outcome.call.callId);
        yield { type: 'tool-ended', ...outcome };
        messages.push(...toolMessages([outcome]));
      }

      let ending: string | undefined;
      for (let roundNumber = 1; ; roundNumber++) {
        const isLast = roundNumber === this.#limits.maxRounds;
        const startedMs = clock.now();
        round = await ModelRound.open({
          client: this.#options.client,
          request: this.#requestOf(messages, isLast),
          waits,
          silentMs: this.#limits.silentMs,
          clock,
        });
        // Here and not in a generator of the round's own: each one on the way costs every token several promises.
        for (let text = await round.next(); text !== undefined; text = await round.next()) yield { type: 'text', text };
        round.close();
        const requests = round.requests.map((request) => withOwnId(request, takenIds));
        this.#logRound(round, startedMs, requests.length);

        const hangUp = agent.canEndCall ? requests.find(({ name }) => name === END_CALL) : undefined;
        if (hangUp) ending = reasonOf(hangUp);
        const work = requests.filter((request) => request !== hangUp);
        if (work.length === 0) break;
        if (isLast) throw new DependencyError('model.loop', `The model still calls tools after ${roundNumber} rounds.`);
        const outcomes = yield* this.#runTools(work, waits, signal);
        messages.push(...toolMessages(outcomes, round.text));
      }
      if (ending !== undefined) yield { type: 'end-call', reason: ending };
    } catch (thrown) {
      if (signal.aborted || thrown instanceof TurnAborted) return;
      throw toModelError(thrown);
    } finally {
      round?.close();
      waits.close();
    }
  }

  #messagesOf(history: readonly HistoryItem[]): OpenAI.ChatCompletionMessageParam[] {
    const { agent, log, now = () => new Date() } = this.#options;
    const { messages, leftOut } = toMessages(agent, history, { budget: this.#limits, now: now() });
    if (leftOut > 0) log.debug({ leftOut }, 'the oldest turns are not sent to the model any more');
    return messages;
  }

  #requestOf(messages: OpenAI.ChatCompletionMessageParam[], isLast: boolean): RoundRequest {
    const { agent, deployment } = this.#options;
    const { temperature, maxTokens } = agent.model;
    return {
      model: deployment,
      messages,
      max_completion_tokens: maxTokens,
      ...(temperature !== undefined && { temperature }),
      ...(this.#tools.length > 0 && { tools: this.#tools, tool_choice: isLast ? 'none' : 'auto' }),
    };
  }

  #logRound(round: ModelRound, startedMs: number, tools: number): void {
    const ms = Math.round(this.#options.clock.now() - startedMs);
    this.#options.log.debug({ ms, tokens: round.usage?.total_tokens, tools }, 'the model answered');
  }

  /** Runs the calls of one round side by side; yields each end as it comes, returns all in the order of the calls. */
  async *#runTools(
    requests: readonly ToolRequest[],
    waits: TurnWaits,
    signal: AbortSignal,
  ): AsyncGenerator<ReplyPiece, ToolOutcome[]> {
    const { agent, services, clock, log } = this.#options;
    const checked = requests.map((request) => checkCall(agent.tools, request));
    for (const { call } of checked) yield { type: 'tool-started', call };
    if (signal.aborted) throw new TurnAborted();

    const running = new Map<string, Promise<ToolOutcome>>();
    for (const each of checked) {
      const { callId } = each.call;
      const outcome = runCall(each, { services, clock, signal });
      running.set(callId, outcome);
      if ('tool' in each && each.tool.sideEffects) this.#unconfirmed.set(callId, outcome);
    }
    const outcomes = new Map<string, ToolOutcome>();
    while (running.size > 0) {
      const outcome = await waits.for(Promise.race(running.values()), this.#limits.totalMs, modelOverran);
      running.delete(outcome.call.callId);
      outcomes.set(outcome.call.callId, outcome);
      if (outcome.error) log.warn({ tool: outcome.call.name, callId: outcome.call.callId }, 'a tool failed');
      yield { type: 'tool-ended', ...outcome };
    }
    return checked.flatMap(({ call }) => outcomes.get(call.callId) ?? []);
  }

  /** Calls with side effects whose end the history does not show, because their turn was over before they were. */
  async #lateOutcomes(history: readonly HistoryItem[], waits: TurnWaits): Promise<ToolOutcome[]> {
    for (const item of history) if (item.role === 'tool') this.#unconfirmed.delete(item.call.callId);
    if (this.#unconfirmed.size === 0) return [];
    return waits.for(Promise.all(this.#unconfirmed.values()), this.#limits.totalMs, modelOverran);
  }
}

/** Some servers send no ids, or the same ones with every answer; the history must be able to tell calls apart. */
function withOwnId(request: ToolRequest, taken: Set<string>): ToolRequest {
  let callId = request.callId || 'call';
  while (taken.has(callId)) callId = `${request.callId || 'call'}_${taken.size}`;
  taken.add(callId);
  return { ...request, callId };
}

function reasonOf({ argumentText }: ToolRequest): string {
  try {
    const { reason } = JSON.parse(argumentText) as { reason?: unknown };
    if (typeof reason === 'string' && reason !== '') return reason;
  } catch {
    // A model that cannot spell its reason still wants to hang up.
  }
  return 'goodbye';
}
