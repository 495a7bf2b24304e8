import { createHmac, randomBytes } from 'node:crypto';
import type OpenAI from 'openai';
import type { CollectKeysWish } from '../../shared/calls/keys-wish.ts';
import type { Clock } from '../../shared/clock.ts';
import { DependencyError, NotFoundError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { Providers } from '../../shared/providers/provider.ts';
import { modelUsage } from '../../shared/records/usage.ts';
import type { HistoryItem } from '../../shared/sessions/history.ts';
import { toldTool } from '../../shared/telemetry/told-tool.ts';
import type {
  AgentRecording,
  Phrases,
  ReplyPiece,
  Responder,
  SessionFacts,
  ToolOutcome,
  ToolRequest,
  TurnTools,
} from '../contract/agent.ts';
import type { Ending } from '../contract/events.ts';
import type { KeysChecked } from '../contract/keys.ts';
import type { RealtimeBrief } from '../contract/realtime.ts';
import type { Recorder } from '../contract/recorder.ts';
import type { Agent } from './agent-definition.ts';
import { checkCallTool } from './call-tools/check-call-tool.ts';
import { TurnActions } from './call-tools/turn-actions.ts';
import type { TokenCount } from './chat-chunk.ts';
import type { WantedRequest } from './deployment-traits.ts';
import { endingOf, isEndCall } from './end-call.ts';
import { checkKeys } from './key-checks.ts';
import { isRefusedPrompt, modelEmpty, modelOverran, providerReason, toModelError } from './model-errors.ts';
import { type HistoryBudget, toMessages, toolMessages, toolsOf } from './model-messages.ts';
import type { ModelRound, RoundLimits } from './model-round.ts';
import { phrasesIn } from './opening-words.ts';
import { realtimeBrief } from './realtime-brief.ts';
import { recordingOf } from './recording-settings.ts';
import { type ModelService, RoundOpener } from './round-opener.ts';
import { RoundSpeech } from './round-speech.ts';
import { SaidBefore } from './said-before.ts';
import { CallKeys, type CheckedCall, checkCall, runCall } from './tool-calls.ts';
import { forEars } from './transforms/for-ears.ts';
import { type OpenTransform, TransformPipeline } from './transforms/transform.ts';
import { TurnAborted, TurnWaits } from './turn-waits.ts';
import { WithheldWords } from './withheld-words.ts';

export interface ModelLimits extends HistoryBudget, Omit<RoundLimits, 'maxTextCharacters'> {
  /** All waits of one answer together: model and tools. */
  readonly totalMs: number;
  /** Requests to the model for one answer; in the last one it may not call tools. */
  readonly maxRounds: number;
}

/** No language has longer tokens in the mean; a server that minds no limit is stopped beyond. */
const CHARACTERS_A_TOKEN = 8;
const LEAST_CHARACTERS = 2000;
const TIME_TOLD_FOR_MS = 300_000;

const DEFAULT_LIMITS: ModelLimits = {
  firstMs: 45_000,
  silentMs: 10_000,
  totalMs: 60_000,
  maxRounds: 5,
  maxItems: 80,
  maxCharacters: 24_000,
};

export interface ModelResponderOptions {
  /** Shared by all conversations: what is known of one is known to all. */
  readonly models: Providers<ModelService>;
  readonly agent: Agent;
  readonly session: SessionFacts;
  /** What stands between model and mouth, in this order. */
  readonly transforms?: readonly OpenTransform[];
  /** Told what each request used. */
  readonly recorder?: Recorder | undefined;
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
  readonly recording: AgentRecording | undefined;
  readonly #options: ModelResponderOptions;
  readonly #limits: ModelLimits;
  readonly #tools: OpenAI.ChatCompletionFunctionTool[];
  readonly #rounds: RoundOpener;
  readonly #withheld = new WithheldWords();
  readonly #salt = randomBytes(16);
  #told: Date | undefined;
  readonly #unconfirmed = new Map<string, Promise<ToolOutcome>>();

  constructor(options: ModelResponderOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#tools = toolsOf(options.agent);
    this.#rounds = new RoundOpener({
      models: options.models,
      clock: options.clock,
      log: options.log,
      limits: {
        ...this.#limits,
        maxTextCharacters: LEAST_CHARACTERS + CHARACTERS_A_TOKEN * options.agent.model.maxTokens,
      },
      omit: options.agent.model.omit,
      onUsed: (deployment, tokens) => options.recorder?.used(modelUsage('chat-model', deployment, tokens)),
      onServed: (request) => options.recorder?.served?.(request),
    });
    this.locale = options.agent.locale;
    const { agent, session } = options;
    this.recording = recordingOf(agent.recording, session);
    this.phrases = phrasesIn({ ...agent, session, recording: this.recording });
    this.voice = options.agent.voice;
  }

  openTools(history: readonly HistoryItem[]): TurnTools {
    const keys = new CallKeys(this.#options.session, history);
    return {
      use: (request, signal) => {
        const checked = checkCall(this.#options.agent.tools, request);
        return { call: checked.call, outcome: this.#run(checked, keys, signal) };
      },
      action: (request) => checkCallTool(this.#options.agent.callTools ?? new Map(), request, keys),
      ending: (request) => (this.#hangsUp(request) ? endingOf(request) : undefined),
    };
  }

  brief(): RealtimeBrief {
    return realtimeBrief(this.#options.agent, this.#options.session, this.#toldTime());
  }

  keyInput(name: string): CollectKeysWish | undefined {
    return this.#options.agent.keyInputs?.get(name);
  }

  async checkKeys(name: string, keys: string): Promise<KeysChecked> {
    const { agent, clock, session } = this.#options;
    const tool = agent.keyChecks?.get(name);
    if (!tool) throw new NotFoundError('agent.unknown', `The agent has no check "${name}".`);
    // Other keys are another call. What is asked elsewhere shall not tell them: they are few, and may be secret.
    const call = createHmac('sha256', this.#salt).update(keys).digest('hex').slice(0, 16);
    const idempotencyKey = `${session.sessionId}-${name}-${call}`;
    return checkKeys(tool, keys, { ...this.#toolContext(), idempotencyKey }, clock);
  }

  async *respond(history: readonly HistoryItem[], signal: AbortSignal): AsyncGenerator<ReplyPiece, void> {
    const { clock, log } = this.#options;
    const waits = new TurnWaits(clock, signal, this.#limits.totalMs);
    const toMouth = new TransformPipeline((this.#options.transforms ?? [forEars]).map((open) => open()));
    let round: ModelRound | undefined;
    try {
      const takenIds = new Set(history.flatMap((item) => (item.role === 'tool' ? item.call.callId : [])));
      const own: OpenAI.ChatCompletionMessageParam[] = [];
      for (const outcome of await this.#lateOutcomes(history, waits)) {
        takenIds.add(outcome.call.callId);
        yield { type: 'tool-ended', ...outcome };
        own.push(...toolMessages([outcome]));
      }

      let ending: Ending | undefined;
      const actions = new TurnActions(this.#options.agent.callTools);
      let emptyFor: string | undefined;
      const saidBefore = new SaidBefore();
      const callKeys = new CallKeys(this.#options.session, history);
      for (let roundNumber = 1; ; roundNumber++) {
        const isLast = roundNumber === this.#limits.maxRounds;
        const startedMs = clock.now();
        round = await this.#open(history, own, isLast, emptyFor === 'length', waits);
        const speech = new RoundSpeech(round, toMouth, saidBefore);
        // Here and not in a generator of its own: each one on the way costs every token several promises.
        for (let pieces = await speech.next(); pieces; pieces = await speech.next()) {
          for (const piece of pieces) yield piece;
        }
        round.close();
        const requests = round.requests.map((request) => withOwnId(request, takenIds));
        this.#logRound(round, startedMs, requests.length);

        const hangUp = requests.find((request) => this.#hangsUp(request));
        if (hangUp) ending = endingOf(hangUp);
        const { work, told } = actions.takeDown(
          requests.filter((request) => request !== hangUp),
          callKeys,
          speech.hasWords,
        );
        if (work.length + told.length === 0) {
          if (hangUp || speech.hasWords) break;
          emptyFor = this.#askAgain(round, isLast || emptyFor !== undefined);
          continue;
        }
        if (isLast) throw new DependencyError('model.loop', `The model still calls tools after ${roundNumber} rounds.`);
        const outcomes = yield* this.#runTools(work, callKeys, waits, signal);
        own.push(...toolMessages([...told, ...outcomes], speech.text));
      }
      yield* actions.pieces;
      if (ending !== undefined) yield { type: 'end-call', ...ending };
    } catch (thrown) {
      if (signal.aborted || thrown instanceof TurnAborted) return;
      const error = toModelError(thrown);
      log.warn({ code: error.code, ...providerReason(error) }, 'the model gave no answer');
      throw error;
    } finally {
      round?.close();
    }
  }

  #hangsUp(request: ToolRequest): boolean {
    return this.#options.agent.canEndCall && isEndCall(request);
  }

  /**
   * The model has nothing to say: it may, the next time.
   * @throws {DependencyError} `model.empty` where it had that chance
   */
  #askAgain({ finishReason }: ModelRound, isEnough: boolean): string {
    if (isEnough) throw modelEmpty(finishReason);
    this.#options.log.warn({ finishReason }, 'the model answered without a word; it is asked again');
    return finishReason ?? 'none';
  }

  /** Asks the model; where its content filter refuses what it is sent, without the words that it may have meant. */
  async #open(
    history: readonly HistoryItem[],
    own: readonly OpenAI.ChatCompletionMessageParam[],
    isLast: boolean,
    needsRoom: boolean,
    waits: TurnWaits,
  ): Promise<ModelRound> {
    for (;;) {
      const messages = [...this.#messagesOf(history), ...own];
      try {
        return await this.#rounds.open(this.#requestOf(messages, isLast, needsRoom), waits);
      } catch (thrown) {
        if (!isRefusedPrompt(thrown) || !this.#withheld.refuse(history)) throw thrown;
        this.#options.log.warn(
          providerReason(thrown),
          'the content filter refused the caller’s words; asked without them',
        );
      }
    }
  }

  #messagesOf(history: readonly HistoryItem[]): OpenAI.ChatCompletionMessageParam[] {
    const { agent, session, log } = this.#options;
    const { messages, leftOut } = toMessages(agent, this.#withheld.shown(history), {
      budget: this.#limits,
      now: this.#toldTime(),
      facts: session,
    });
    if (leftOut > 0) log.debug({ leftOut }, 'the oldest turns are not sent to the model any more');
    return messages;
  }

  /** Told anew only now and then: as long as it stands, a provider can keep everything that follows it. */
  #toldTime(): Date {
    const { clock, now = () => new Date(clock.wallMs()) } = this.#options;
    const time = now();
    const isFresh = this.#told !== undefined && Math.abs(time.getTime() - this.#told.getTime()) < TIME_TOLD_FOR_MS;
    if (!isFresh) this.#told = time;
    return this.#told ?? time;
  }

  #requestOf(
    messages: OpenAI.ChatCompletionMessageParam[],
    isLast: boolean,
    needsRoom: boolean,
  ): Omit<WantedRequest, 'model'> {
    const { temperature, maxTokens } = this.#options.agent.model;
    return {
      messages,
      // An answer that was used up by thinking is given more room the second time.
      max_completion_tokens: needsRoom ? maxTokens * 4 : maxTokens,
      ...(temperature !== undefined && { temperature }),
      ...(this.#tools.length > 0 && { tools: this.#tools, tool_choice: isLast ? 'none' : 'auto' }),
    };
  }

  #logRound(round: ModelRound, startedMs: number, tools: number): void {
    const ms = Math.round(this.#options.clock.now() - startedMs);
    this.#options.log.debug({ ms, tokens: totalOf(round.tokens), tools }, 'the model answered');
    if (round.refusedCalls > 0) {
      this.#options.log.warn({ made: tools, leftOut: round.refusedCalls }, 'the model made too many calls at once');
    }
  }

  #run(checked: CheckedCall, keys: CallKeys, signal: AbortSignal): Promise<ToolOutcome> {
    const context = { ...this.#toolContext(), idempotencyKey: keys.next(checked.call) };
    return runCall(checked, context, { clock: this.#options.clock, signal });
  }

  #toolContext() {
    const { agent, session } = this.#options;
    return {
      sessionId: session.sessionId,
      callConnectionId: session.callConnectionId,
      caller: session.caller,
      secretKeys: session.secretKeys,
      locale: agent.locale,
      timeZone: agent.timeZone,
    };
  }

  /** Runs the calls of one round side by side; yields each end as it comes, returns all in the order of the calls. */
  async *#runTools(
    requests: readonly ToolRequest[],
    keys: CallKeys,
    waits: TurnWaits,
    signal: AbortSignal,
  ): AsyncGenerator<ReplyPiece, ToolOutcome[]> {
    const { agent, log } = this.#options;
    const checked = requests.map((request) => checkCall(agent.tools, request));
    for (const { call } of checked) yield { type: 'tool-started', call };
    if (signal.aborted) throw new TurnAborted();

    const running = new Map<string, Promise<ToolOutcome>>();
    for (const each of checked) {
      const { callId } = each.call;
      const outcome = this.#run(each, keys, signal);
      running.set(callId, outcome);
      if ('tool' in each && each.tool.sideEffects) this.#unconfirmed.set(callId, outcome);
    }
    const outcomes = new Map<string, ToolOutcome>();
    while (running.size > 0) {
      const outcome = await waits.for(Promise.race(running.values()), this.#limits.totalMs, modelOverran);
      running.delete(outcome.call.callId);
      outcomes.set(outcome.call.callId, outcome);
      if (outcome.error) log.warn({ tool: toldTool(outcome), callId: outcome.call.callId }, 'a tool failed');
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

const totalOf = (tokens: TokenCount | undefined): number | undefined => tokens && tokens.input + tokens.output;

/** Some servers send no ids, or the same ones with every answer; the history must be able to tell calls apart. */
function withOwnId(request: ToolRequest, taken: Set<string>): ToolRequest {
  let callId = request.callId || 'call';
  while (taken.has(callId)) callId = `${request.callId || 'call'}_${taken.size}`;
  taken.add(callId);
  return { ...request, callId };
}
