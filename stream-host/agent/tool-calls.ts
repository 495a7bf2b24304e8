import type OpenAI from 'openai';
import { z } from 'zod';
import type { Services } from '../../agents/services.ts';
import type { Tool } from '../../agents/tool.ts';
import type { Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { ToolCall } from '../../shared/sessions/history.ts';

/** A call as the model wrote it. */
export interface ToolRequest {
  readonly callId: string;
  readonly name: string;
  /** JSON, if the model did well. */
  readonly argumentText: string;
}

/** A call that was checked: its tool, or why it cannot be run. */
export type CheckedCall =
  | { readonly call: ToolCall; readonly tool: Tool }
  | { readonly call: ToolCall; readonly refusal: ToolFailure };

export interface ToolOutcome {
  readonly call: ToolCall;
  readonly elapsedMs: number;
  /** What the tool returned, or a {@link ToolFailure}. */
  readonly result: unknown;
  /** Set when it failed: the failure's code and message in one line. */
  readonly error?: string;
}

/** What the model is told in place of a result. */
interface ToolFailure {
  readonly error: 'unknown_tool' | 'invalid_arguments' | 'timed_out' | 'failed';
  readonly message: string;
}

/** The tools as the model is told of them. */
export function toolDeclarations(tools: ReadonlyMap<string, Tool>): OpenAI.ChatCompletionFunctionTool[] {
  return [...tools.values()].map(({ name, description, parameters }) => {
    const { $schema, ...schema } = z.toJSONSchema(parameters, { io: 'input' });
    return { type: 'function', function: { name, description, parameters: schema } };
  });
}

/** Finds the tool and checks the arguments. The model's mistakes are answers to the model, never exceptions. */
export function checkCall(tools: ReadonlyMap<string, Tool>, request: ToolRequest): CheckedCall {
  const { callId, name } = request;
  const refuse = (error: ToolFailure['error'], message: string): CheckedCall => ({
    call: { callId, name, args: {} },
    refusal: { error, message },
  });
  const tool = tools.get(name);
  if (!tool) return refuse('unknown_tool', `There is no tool "${name}".`);
  let given: unknown;
  try {
    // Several models write nothing at all where there is nothing to say.
    given = JSON.parse(request.argumentText || '{}');
  } catch (error) {
    return refuse('invalid_arguments', `The arguments are no JSON: ${messageOf(error)}`);
  }
  const args = tool.parameters.safeParse(given);
  return args.success
    ? { call: { callId, name, args: args.data }, tool }
    : refuse('invalid_arguments', z.prettifyError(args.error));
}

/**
 * Runs one call and always settles with an outcome, at the latest when the tool's time is up. `signal` (the turn's)
 * reaches only tools without side effects.
 */
export async function runCall(
  checked: CheckedCall,
  context: { readonly services: Services; readonly clock: Clock; readonly signal: AbortSignal },
): Promise<ToolOutcome> {
  const { call } = checked;
  if ('refusal' in checked) return failed(call, 0, checked.refusal);

  const { tool } = checked;
  const { clock, services } = context;
  const startedMs = clock.now();
  const timeout = Promise.withResolvers<ToolFailure>();
  const expiry = new AbortController();
  const cancelTimeout = clock.after(tool.timeoutMs, () => {
    timeout.resolve({ error: 'timed_out', message: `The tool did not answer within ${tool.timeoutMs} ms.` });
    expiry.abort();
  });
  const signal = tool.sideEffects ? expiry.signal : AbortSignal.any([context.signal, expiry.signal]);
  try {
    const work = (async () => tool.run(call.args, { services, signal }))().then(
      (result) => ({ call, elapsedMs: clock.now() - startedMs, result }),
      (error: unknown) => failed(call, clock.now() - startedMs, { error: 'failed', message: messageOf(error) }),
    );
    return await Promise.race([work, timeout.promise.then((failure) => failed(call, tool.timeoutMs, failure))]);
  } finally {
    cancelTimeout();
  }
}

function failed(call: ToolCall, elapsedMs: number, failure: ToolFailure): ToolOutcome {
  return { call, elapsedMs, result: failure, error: `${failure.error}: ${failure.message}` };
}
