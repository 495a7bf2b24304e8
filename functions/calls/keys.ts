import type { CollectInputWish, CollectKeysWish } from '../../shared/calls/keys-wish.ts';
import { sendKeys } from '../../shared/calls/operations/send-keys.ts';
import { callerOf } from '../../shared/calls/parties.ts';
import type { Input } from '../../shared/http/route.ts';
import * as routes from '../../shared/http/routes/call-keys.ts';
import { abilitiesOf } from '../../shared/sessions/agent-abilities.ts';
import { functionRoute, type Route } from '../http/route.ts';
import { operation, portsOf } from './operations.ts';
import { requireInput, requireNoTransfer, requireOffHold, requireVoice } from './what-may-be-done.ts';

/** How long the caller may be asked for keys before anything is waited for. */
const PROMPT_MS = 60_000;
/** Of keys that the agent's definition describes, whose times only its host knows. */
const INPUT_WITHIN_MS = 600_000;

const send = functionRoute(routes.sendCallKeys, ({ params, body, headers }, parts, log, caller) => {
  const { participant, keys } = body;
  // Which keys they are stands nowhere, nor what they could be guessed by.
  const input = { participant, count: keys.length };
  const asked = { route: routes.sendCallKeys, id: params.id, key: headers['idempotency-key'], caller, input };
  return operation(asked, parts, log, (of, { session }) =>
    sendKeys(portsOf(parts), of, keys, participant ?? callerOf(session)),
  );
});

/** Whoever talks on the call collects them. */
const collect = functionRoute(routes.collectCallKeys, ({ params, body, headers }, parts, log, caller) => {
  const wish = wishOf(body);
  const asked = { route: routes.collectCallKeys, id: params.id, key: headers['idempotency-key'], caller, input: body };
  return operation(asked, parts, log, async ({ sessionId, operationContext, askedBy }, { session }) => {
    if (isSpokenOf(wish)) requireVoice(session);
    if (wish.kind === 'collect-input') {
      requireInput(wish.input, session.agent, abilitiesOf(session.agent, await parts.store.hosts.offers()));
    }
    const operations = await parts.ledger.list(sessionId);
    requireNoTransfer(operations);
    requireOffHold(operations, callerOf(session));
    const data = wish.kind === 'collect-input' ? { input: wish.input } : { secret: wish.secret };
    const deadlineMs = deadlineOf(wish);
    return parts.ledger.begin({
      sessionId,
      operationContext,
      kind: 'collect-keys',
      deadlineMs,
      data: { ...data, askedBy },
      order: { type: 'wish', operationContext, wish },
    });
  });
});

function wishOf(body: Input<typeof routes.collectCallKeys>['body']): CollectKeysWish | CollectInputWish {
  const { input, count = 1, least, terminators, attempts, secret, prompt, retry_prompt: retry = '' } = body;
  const { right_prompt: right, wrong_prompt: wrong } = body;
  if (input !== undefined) return { kind: 'collect-input', input };
  return {
    kind: 'collect-keys',
    name: 'keys',
    most: count,
    ...{ least, terminators, attempts, secret, prompt, retry, right, wrong },
    firstKeyMs: body.first_key_s * 1000,
    betweenKeysMs: body.between_keys_s * 1000,
  };
}

/** The caller hears something that the request says, or the agent's definition. */
const isSpokenOf = (wish: CollectKeysWish | CollectInputWish): boolean =>
  wish.kind === 'collect-input' || [wish.prompt, wish.retry, wish.right, wish.wrong].some((line) => !!line);

function deadlineOf(wish: CollectKeysWish | CollectInputWish): number {
  if (wish.kind === 'collect-input') return INPUT_WITHIN_MS;
  return PROMPT_MS + wish.attempts * (PROMPT_MS + wish.firstKeyMs + wish.most * wish.betweenKeysMs);
}

export const keyRoutes: readonly Route[] = [send, collect];
