import { z } from 'zod';
import type { RunnableTool, ToolCallContext } from '../../shared/agents/tool.ts';
import type { Clock } from '../../shared/clock.ts';
import { ParleyError } from '../../shared/errors.ts';
import { within } from '../../shared/within.ts';
import type { KeysChecked } from '../contract/keys.ts';

/** What such a tool may answer: whether they are right, alone or with what else the agent shall know. */
const answer = z.union([z.boolean(), z.looseObject({ right: z.boolean() })]);

/**
 * Asks a tool whether keys are right. It is given them in memory, as `keys`; nothing else ever is.
 * @throws what the tool throws, or {@link ParleyError} where it takes no keys, gives no verdict, or takes too long
 */
export async function checkKeys(
  tool: RunnableTool,
  keys: string,
  context: Omit<ToolCallContext, 'signal'>,
  clock: Clock,
): Promise<KeysChecked> {
  const args = tool.parameters.safeParse({ keys });
  // What zod would say of it quotes the keys.
  if (!args.success) return { right: false };
  const expiry = new AbortController();
  const work = tool.run(args.data, { ...context, signal: expiry.signal });
  const given = await within(clock, tool.timeoutMs, work, () => {
    expiry.abort();
    throw new ParleyError('keys.check-failed', `The tool ${tool.name} did not answer within ${tool.timeoutMs} ms.`);
  });
  const parsed = answer.safeParse(given);
  if (!parsed.success) {
    throw new ParleyError(
      'keys.check-failed',
      `The tool ${tool.name} does not say whether they are right: it must return true, false or { right, … }.`,
    );
  }
  if (typeof parsed.data === 'boolean') return { right: parsed.data };
  const { right, ...data } = parsed.data;
  return { right, ...(Object.keys(data).length > 0 && { data }) };
}
