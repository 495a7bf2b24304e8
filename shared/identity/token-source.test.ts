import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { VirtualClock } from '../virtual-clock.ts';
import { Identity } from './identity.ts';
import { type AccessToken, TokenSource } from './token-source.ts';

const SCOPE = 'https://service.example/.default';
const MINUTE = 60_000;

/** Somebody who issues tokens, each with a number, of so long a life. */
function issuer(lifeMs: number) {
  const clock = new VirtualClock();
  const lines: Record<string, unknown>[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const asked: number[] = [];
  const state = {
    /** What is done in place of an answer. */
    instead: undefined as (() => Promise<AccessToken>) | undefined,
    lifeMs,
  };
  const fetchToken = async (): Promise<AccessToken> => {
    asked.push(clock.now());
    if (state.instead) return state.instead();
    return { token: `secret-${asked.length}`, expiresOnTimestamp: clock.wallMs() + state.lifeMs };
  };
  const source = new TokenSource({ scope: SCOPE, fetchToken, clock, log });
  const messages = () => lines.map(({ level, msg }) => `${level} ${msg}`);
  return { clock, lines, messages, asked, state, source, token: async () => (await source.get()).token };
}

test('a token is asked for once, whoever waits for it, and kept', async () => {
  const { source, asked, token, clock } = issuer(60 * MINUTE);
  const tokens = await Promise.all([token(), token(), token()]);
  assert.deepEqual(tokens, ['secret-1', 'secret-1', 'secret-1']);
  await clock.advance(50 * MINUTE);
  assert.equal(await token(), 'secret-1');
  assert.deepEqual(asked, [0]);
  source.close();
});

test('it is renewed five minutes ahead, or by a third of its life, whichever is less', async () => {
  for (const [lifeMs, renewedAtMs] of [
    [24 * 60 * MINUTE, (24 * 60 - 5) * MINUTE],
    [60_000, 40_000],
    [6_000, 4_000],
  ] as const) {
    const { source, asked, token, clock } = issuer(lifeMs);
    await token();
    await clock.advance(renewedAtMs - 1);
    assert.deepEqual(asked, [0]);
    await clock.advance(1);
    assert.deepEqual(asked, [0, renewedAtMs]);
    assert.equal(await token(), 'secret-2');
    source.close();
  }
});

test('in an hour of tokens of a minute each is asked for once, and nobody ever waits or gets one that has expired', async () => {
  const { source, asked, clock } = issuer(MINUTE);
  await source.get();
  for (let at = 0; at < 3_600; at += 1) {
    await clock.advance(1_000);
    assert.ok((source.current?.expiresOnTimestamp ?? 0) > clock.wallMs());
  }
  assert.equal(asked.length, 1 + 3_600 / 40);
  source.close();
});

test('a renewal that fails leaves the old token until it expires, tries again, and is told by name', async () => {
  const { source, asked, state, token, clock, messages, lines } = issuer(MINUTE);
  await token();
  state.instead = async () => Promise.reject(new Error('the endpoint is away'));
  await clock.advance(59_999);
  assert.equal(await token(), 'secret-1');
  // At 40 s, and then after 1, 2, 4, 8 s.
  assert.deepEqual(asked, [0, 40_000, 41_000, 43_000, 47_000, 55_000]);
  assert.deepEqual(messages(), [
    '40 a token of the identity could not be renewed; the old one serves until it expires',
  ]);
  assert.deepEqual([lines[0]?.scope, lines[0]?.reason, lines[0]?.leftMs], [SCOPE, 'the endpoint is away', 20_000]);
  await clock.advance(1);
  await assert.rejects(token(), { code: 'identity.no-token', message: /service\.example.*the endpoint is away/ });
  assert.equal(asked.length, 6, 'who comes between two requests asks for none');
  await clock.advance(5_000);
  state.instead = undefined;
  await clock.advance(10_000);
  assert.match(await token(), /^secret-/);
  assert.deepEqual(messages().slice(1), [
    '50 there is no token of the identity',
    '30 there are tokens of the identity again',
  ]);
  assert.doesNotMatch(JSON.stringify(lines), /secret-/);
  source.close();
});

test('a token that is given again is no failure: it is asked for later, ever nearer to its end', async () => {
  const { source, asked, state, token, clock, messages } = issuer(MINUTE);
  const first = await source.get();
  state.instead = async () => first;
  await clock.advance(57_000);
  // Of 20 s that are left half is waited, then half of 10, then half of 5.
  assert.deepEqual(asked, [0, 40_000, 50_000, 55_000]);
  state.instead = undefined;
  await clock.advance(2_000);
  assert.equal(await token(), 'secret-5');
  assert.deepEqual(messages(), []);
  source.close();
});

test('who gives no answer is waited for ten seconds, and a token that has expired already is none', async () => {
  const { source, state, token, clock } = issuer(MINUTE);
  state.instead = () => new Promise(() => {});
  const waiting = assert.rejects(token(), { code: 'identity.no-token', message: /no answer within 10 s/ });
  await clock.advance(10_000);
  await waiting;
  state.instead = undefined;
  state.lifeMs = -1;
  await clock.advance(1_000);
  await assert.rejects(token(), /expired already/);
  source.close();
});

test('whoever wants to know is told of each new token, and of none after the end', async () => {
  const { source, clock, token } = issuer(MINUTE);
  const told: string[] = [];
  source.onRenewed(() => {
    throw new Error('of a listener');
  });
  const stop = source.onRenewed(({ token: renewed }) => told.push(renewed));
  await token();
  await clock.advance(40_000);
  stop();
  await clock.advance(40_000);
  assert.deepEqual(told, ['secret-1', 'secret-2']);
  source.close();
  assert.equal(clock.pending, 0);
});

test('everybody in a process shares the tokens of a scope, and an SDK gets the same', async () => {
  const clock = new VirtualClock();
  const asked: string[] = [];
  const fetchToken = async (scope: string) => {
    asked.push(scope);
    return { token: `for ${scope}`, expiresOnTimestamp: clock.wallMs() + MINUTE };
  };
  const identity = new Identity({ fetchToken, clock, log: pino({ level: 'silent' }) });
  assert.equal(identity.tokens('a'), identity.tokens('a'));
  await identity.tokens('a').get();
  assert.equal((await identity.credential.getToken('a'))?.token, 'for a');
  assert.equal((await identity.credential.getToken(['b']))?.token, 'for b');
  assert.deepEqual(asked, ['a', 'b']);
  identity.close();
  assert.equal(clock.pending, 0);
});
