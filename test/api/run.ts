import assert from 'node:assert/strict';
import fc from 'fast-check';
import { standingCall } from '../../functions/testing/good-requests.ts';
import { assertDocumented } from '../../shared/http/testing/documented.ts';
import { phoneSession } from '../../stream-host/testing/host-under-test.ts';
import type { BothHalves } from '../testing/both-halves.ts';
import { requestsOf } from './requests.ts';

/** A machine that is starved loses a connection now and then; an answer that never comes is another thing. */
const TRIES = 3;

async function ask(address: string, request: RequestInit): Promise<Response> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await fetch(address, request);
    } catch (error) {
      if (attempt === TRIES) throw error;
    }
  }
}

export interface ApiRun {
  readonly requests: number;
  readonly seed: number;
}

/**
 * Sends requests made from the OpenAPI document to both halves by one address, and holds each answer against it: none is 500,
 * and each is one that the document names.
 * @returns how many answers of which status there were
 */
export async function runRequests(
  { host, functions, authorization }: BothHalves,
  { requests, seed }: ApiRun,
): Promise<ReadonlyMap<number, number>> {
  const calls = await Promise.all([standingCall(functions), standingCall(functions, { status: 'ringing' })]);
  const over = await functions.store.create({ ...phoneSession('a-call-that-is-over'), status: 'disconnected' });
  const ids = [...calls.flatMap(({ id, callConnectionId = '' }) => [id, callConnectionId]), over.id];
  const bearer = await authorization();
  const statuses = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(requestsOf(ids), async ({ method, path, headers, body, access }) => {
      const response = await ask(host.http + path, {
        method,
        headers: {
          'content-type': 'application/json',
          ...headers,
          ...(access === 'acs-token' && { authorization: bearer }),
        },
        // A GET has none (RFC 9110 §9.3.1).
        ...(body !== undefined && method !== 'GET' && { body }),
        redirect: 'manual',
      });
      const text = await response.text();
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
      assert.notEqual(response.status, 500, text);
      const isJson = response.headers.get('content-type')?.includes('json');
      assertDocumented(
        method,
        new URL(response.url).pathname,
        response.status,
        isJson ? JSON.parse(text) : text || undefined,
      );
    }),
    { numRuns: requests, seed },
  );
  return statuses;
}
