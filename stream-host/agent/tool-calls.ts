import { createHash } from 'node:crypto';
import type OpenAI from 'openai';
import { z } from 'zod';
import type { RunnableTool, ToolCallContext } from '../../shared/agents/tool.ts';
import type { Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import { withSortedFields } from '../../shared/json.ts';
import type { HistoryItem, ToolCall } from '../../shared/sessions/history.ts';
import { UNKNOWN_TOOL } from '../../shared/telemetry/told-tool.ts';
import { within } from '../../shared/within.ts';
import type { SessionFacts, ToolOutcome, ToolRequest } from '../contract/agent.ts';

/** Characters of a result as JSON: it is stored with the session and sent to the model with every request. */
const LONGEST_RESULT = 8000;
const LONGEST_REASON = 500;

/** A call that was checked: its tool, or why it cannot be run. */
export type CheckedCall =
  | { readonly call: ToolCall; readonly tool: RunnableTool; readonly args: Readonly<Record<string, unknown>> }
  | { readonly call: ToolCall; readonly refusal: ToolFailure };

/** What the model is told in place of a result. */
interface ToolFailure {
  readonly error: typeof UNKNOWN_TOOL | 'invalid_arguments' | 'timed_out' | 'failed' | 'no_json';
  readonly message: string;
}

/** The tools as the model is told of them. */
export function toolDeclarations(
  tools: ReadonlyMap<string, Pick<RunnableTool, 'name' | 'description' | 'parameters'>>,
): OpenAI.ChatCompletionFunctionTool[] {
  return [...tools.values()].map(({ name, description, parameters }) => {
    const { $schema, ...schema } = z.toJSONSchema(parameters, { io: 'input' });
    return { type: 'function', function: { name, description, parameters: schema } };
  });
}

/** Finds the tool and checks the arguments. The model's mistakes are answers to the model, never exceptions. */
export function checkCall(tools: ReadonlyMap<string, RunnableTool>, request: ToolRequest): CheckedCall {
  const { callId, name } = request;
  const refuse = (refusal: ToolFailure): CheckedCall => ({ call: { callId, name, args: {} }, refusal });
  const tool = tools.get(name);
  if (!tool) return refuse({ error: UNKNOWN_TOOL, message: `There is no tool "${name}".` });
  const read = readArguments(tool, request);
  if ('refusal' in read) return refuse(read.refusal);
  // On record stands what the model wrote: what the tool's schema makes of it need not be JSON.
  return { call: { callId, name, args: read.given }, tool, args: read.args };
}

type ReadArguments =
  | { readonly given: Record<string, unknown>; readonly args: Readonly<Record<string, unknown>> }
  | { readonly refusal: ToolFailure };

/** What the model wrote, and what the tool's schema makes of it. */
export function readArguments(
  { parameters }: Pick<RunnableTool, 'parameters'>,
  { argumentText }: ToolRequest,
): ReadArguments {
  let given: unknown;
  try {
    // Several models write nothing at all where there is nothing to say.
    given = JSON.parse(argumentText || '{}');
  } catch {
    // What is wrong with them would quote them, and they may be secret.
    return { refusal: { error: 'invalid_arguments', message: 'The arguments are no JSON.' } };
  }
  const args = parameters.safeParse(given);
  if (args.success) return { given: asRecord(given), args: args.data };
  return { refusal: { error: 'invalid_arguments', message: z.prettifyError(args.error) } };
}

/**
 * Runs one call and always settles with an outcome, at the latest when the tool's time is up. `signal` (the turn's)
 * reaches only tools without side effects.
 */
export async function runCall(
  checked: CheckedCall,
  context: Omit<ToolCallContext, 'signal'>,
  { clock, signal: turnSignal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<ToolOutcome> {
  const { call } = checked;
  if ('refusal' in checked) return failed(call, 0, checked.refusal);

  const { tool, args } = checked;
  const startedMs = clock.now();
  const expiry = new AbortController();
  const signal = tool.sideEffects ? expiry.signal : AbortSignal.any([turnSignal, expiry.signal]);
  const work = (async () => tool.run(args, { ...context, signal }))().then(
    (result) => toOutcome(call, clock.now() - startedMs, result),
    (error: unknown) =>
      failed(call, clock.now() - startedMs, { error: 'failed', message: messageOf(error).slice(0, LONGEST_REASON) }),
  );
  return within(clock, tool.timeoutMs, work, () => {
    expiry.abort();
    const message = `The tool did not answer within ${tool.timeoutMs} ms.`;
    return failed(call, tool.timeoutMs, { error: 'timed_out', message });
  });
}

/**
 * Names the calls of one turn, the same whoever makes them: a host that takes the session over asks the model anew, which
 * gives the same call another id.
 */
export class CallKeys {
  readonly #sessionId: string;
  readonly #turn: number;
  readonly #made = new Map<string, number>();

  constructor({ sessionId }: SessionFacts, history: readonly HistoryItem[]) {
    this.#sessionId = sessionId;
    this.#turn = history.filter(({ role }) => role === 'caller').length;
  }

  next({ name, args }: ToolCall): string {
    const call = JSON.stringify([this.#sessionId, this.#turn, name, withSortedFields(args)]);
    const count = this.#made.get(call) ?? 0;
    this.#made.set(call, count + 1);
    return createHash('sha256').update(`${call}${count}`).digest('hex').slice(0, 32);
  }
}

/** What goes on record and to the model must be JSON, and no more than either can bear. */
function toOutcome(call: ToolCall, elapsedMs: number, result: unknown): ToolOutcome {
  let text: string;
  try {
    text = JSON.stringify(result, (_, value) => (typeof value === 'bigint' ? String(value) : value)) ?? 'null';
  } catch (error) {
    const message = `The tool ran, but what it returned is no JSON: ${messageOf(error).slice(0, LONGEST_REASON)}`;
    return failed(call, elapsedMs, { error: 'no_json', message });
  }
  if (text.length <= LONGEST_RESULT) return { call, elapsedMs, result: JSON.parse(text) };
  return { call, elapsedMs, result: beginningOf(text) };
}

/** As much of it as makes JSON of the allowed length; quotation marks within it take two characters each. */
function beginningOf(text: string): { readonly beginning: string; readonly leftOut: number } {
  let kept = LONGEST_RESULT;
  for (;;) {
    const cut = { beginning: text.slice(0, kept), leftOut: text.length - kept };
    const excess = JSON.stringify(cut).length - LONGEST_RESULT;
    if (excess <= 0) return cut;
    kept -= Math.max(1, Math.ceil(excess / 2));
  }
}

const asRecord = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? { ...value } : {};

/** What the model is told of a call that came to nothing. */
export function failed(call: ToolCall, elapsedMs: number, failure: ToolFailure): ToolOutcome {
  return { call, elapsedMs, result: failure, error: `${failure.error}: ${failure.message}` };
}
