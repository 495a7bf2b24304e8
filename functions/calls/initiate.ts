import type { Caller } from '../../shared/auth/api-door.ts';
import { RequestError } from '../../shared/errors.ts';
import type { Answer, Input } from '../../shared/http/route.ts';
import { idempotencyKey, initiateCall } from '../../shared/http/routes/calls.ts';
import { withSortedFields } from '../../shared/json.ts';
import type { Logger } from '../../shared/log.ts';
import type { Parts } from '../composition.ts';
import { functionRoute } from '../http/route.ts';
import { placeCall, placeOnce } from './place-call.ts';

/** Places a call. With an `Idempotency-Key`, a repeated request gets the first one's answer. */
export const initiateRoute = functionRoute(initiateCall, initiate);

async function initiate(
  { body: wanted, headers }: Input<typeof initiateCall>,
  parts: Parts,
  log: Logger,
  caller: Caller,
): Promise<Answer<typeof initiateCall>> {
  const key = headers['idempotency-key'];
  if (key === undefined) return { status: 200, body: await placeCall(parts.newId(), wanted, caller, parts, log) };
  validateKey(key);
  // Of its caller: two may choose the same key, and neither is shown what the other has asked for.
  const name = `initiate:${caller.id}:${key}`;
  const place = () => placeOnce(name, wanted, caller, parts, log);
  const { answer } = await parts.once.run(name, fingerprinted(wanted), log, place);
  return { status: 200, body: initiateCall.answers[200].parse(answer) };
}

/** The schema gives its fields an order; those of `context` have their sender's. */
const fingerprinted = (wanted: Input<typeof initiateCall>['body']): string =>
  JSON.stringify({ ...wanted, context: withSortedFields(wanted.context) });

function validateKey(key: string): void {
  const { error } = idempotencyKey.safeParse(key);
  if (error) throw new RequestError('request.idempotency-key', `Idempotency-Key ${error.issues[0]?.message ?? ''}`);
}
