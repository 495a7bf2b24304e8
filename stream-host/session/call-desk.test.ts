import assert from 'node:assert/strict';
import { test } from 'node:test';
import { enterAgain } from '../../shared/calls/operations/enter-again.ts';
import { beginWarmTransfer, openTransfer } from '../../shared/calls/operations/transfer.ts';
import { CarrierError, notSupported } from '../../shared/carrier/carrier-error.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { blind, CALLER, type CallAtDesk, callInProgress, HUMAN, ledger, lose, warm } from './testing/call-at-desk.ts';

/** The human answers as soon as he is rung. */
function answers({ carrier, tell }: CallAtDesk): void {
  carrier.onAsked = (what, context) => {
    if (!what.startsWith('add')) return;
    carrier.inCall = [CALLER, HUMAN];
    setImmediate(() => tell(context, true));
  };
}

test('an agent learns that a transfer failed before anybody asks the caller for keys again (breaker16c n5)', async () => {
  for (const action of [warm(), blind()]) {
    const call = await callInProgress();
    call.agent.speaks = false;
    const refused = new CarrierError('refused', 'acs.refused', 'No.');
    const knew: (string | undefined)[] = [];
    call.heard.push = (to) => {
      if (to === 'caller') knew.push(call.results().at(-1));
      return 0;
    };
    call.carrier.failing.set(
      action.wish.kind === 'transfer' && action.wish.how === 'warm' ? 'add' : 'transfer',
      refused,
    );
    call.desk.act(action);
    await eventually(() => knew.length > 0);
    assert.deepEqual(knew, ['failed']);
    call.desk.close();
  }
});

test('a warm transfer: the caller waits, the human is told, the caller is put through, and we leave the two', async () => {
  const call = await callInProgress();
  answers(call);
  call.desk.act(warm());
  await eventually(() => call.over.length > 0);
  assert.deepEqual(call.carrier.asked, [`hold ${CALLER}`, `add ${HUMAN}`, `unhold ${CALLER}`]);
  assert.deepEqual(call.heard, ['interrupted', 'nobody'], 'the caller’s line is not listened to meanwhile');
  assert.deepEqual(
    call.news.map(({ speech }) => speech),
    [{ line: 'Ann, about a bill.' }],
  );
  assert.deepEqual(call.over, ['put through']);
  assert.equal(await call.state(), 'succeeded');
});

test('what comes of a transfer is told as the result of the tool that asked for it (stranger16: hand_to_human was told as transfer_call)', async () => {
  const call = await callInProgress();
  answers(call);
  call.desk.act(warm());
  await eventually(() => call.over.length > 0);
  const declined = await callInProgress();
  declined.carrier.failing.set('add', new CarrierError('refused', 'acs.refused', 'No.'));
  declined.desk.act(warm());
  await eventually(() => declined.results().includes('failed'));
  const names = [...call.news, ...declined.news].map(({ item }) => item?.call.name);
  assert.deepEqual(names, ['hand_to_human', 'hand_to_human']);
});

test('a warm transfer that ACS refuses for want of a number of ours is on record with the code that tells the setting (issue 16: Teams, acs.refused)', async () => {
  const call = await callInProgress(undefined, { hasNumber: false });
  call.carrier.failing.set('add', new CarrierError('refused', 'acs.refused', 'No.'));
  call.desk.act(warm());
  await eventually(async () => (await call.state()) === 'failed');
  const operations = await ledger.list(call.session.id);
  const { result } = operations.find(({ kind }) => kind === 'transfer') ?? {};
  assert.equal(result?.message, 'calls.no-source-number');
});

test('without a summary the agent sums up in its own words', async () => {
  const call = await callInProgress();
  answers(call);
  call.desk.act(warm({ summary: undefined }));
  await eventually(() => call.over.length > 0);
  assert.equal(call.news[0]?.speech, 'own-words');
  assert.deepEqual(call.results(), ['human_answered']);
});

const UNANSWERED: readonly [how: string, reason: RegExp, happens: (call: CallAtDesk) => void][] = [
  [
    'is busy',
    /486/,
    ({ carrier, tell }) => {
      carrier.onAsked = (what, context) => {
        if (what.startsWith('add')) setImmediate(() => tell(context, false, '486'));
      };
    },
  ],
  ['never answers, and nobody says so', /no answer/, () => {}],
  [
    'declines, of which ACS is known to tell as of an answer (azure-sdk-for-net 41032)',
    /declined/,
    ({ carrier, tell }) => {
      carrier.onAsked = (what, context) => {
        if (what.startsWith('add')) setImmediate(() => tell(context, true));
      };
    },
  ],
];
for (const [how, reason, happens] of UNANSWERED) {
  test(`where the human ${how}, the agent takes the caller back and says so`, { timeout: 20_000 }, async () => {
    const call = await callInProgress();
    happens(call);
    call.desk.act(warm({ timeoutS: 0.05 }));
    await eventually(() => call.results().includes('failed'));
    assert.equal(call.carrier.asked.at(-1), `unhold ${CALLER}`);
    const isKnown = how === 'is busy';
    assert.equal(call.carrier.asked.includes(`remove ${HUMAN}`), !isKnown, 'he does not come in later');
    const failed = (await ledger.list(call.session.id)).filter(({ state }) => state === 'failed');
    // One failure, and not a second one of the clean-up (breaker16b I).
    assert.deepEqual(
      failed.map(({ kind }) => kind),
      ['transfer'],
    );
    assert.deepEqual(call.heard, ['interrupted', 'nobody', 'caller']);
    assert.equal(call.news.at(-1)?.speech, 'own-words');
    assert.match(JSON.stringify(call.news.at(-1)?.item?.result), reason);
    assert.equal(await call.state(), 'failed');
    assert.deepEqual(call.over, []);
  });
}

test('a human who hangs up while he is told is gone, and the agent takes the caller back', async () => {
  const call = await callInProgress();
  answers(call);
  call.agent.speaks = false;
  call.desk.act(warm());
  await eventually(() => call.news.length > 0);
  call.desk.take({ type: 'participants', ids: [CALLER] });
  await eventually(() => call.results().includes('failed'));
  assert.equal(call.carrier.asked.at(-1), `unhold ${CALLER}`);
  assert.match(JSON.stringify(call.news.at(-1)?.item?.result), /hung up/);
});

test('a caller who hangs up while he waits leaves nobody behind in a call', async () => {
  const call = await callInProgress();
  call.desk.act(warm());
  await eventually(() => call.carrier.asked.includes(`add ${HUMAN}`));
  call.desk.take({ type: 'participants', ids: [HUMAN] });
  await eventually(() => call.over.length > 0);
  assert.deepEqual(call.over, ['caller left']);
  assert.equal(await call.state(), 'failed');
});

test('a caller whom the carrier lists by another name than he called with is put through like any other', async () => {
  const call = await callInProgress();
  call.carrier.inCall = ['4:anonymous'];
  call.carrier.onAsked = (what, context) => {
    if (!what.startsWith('add')) return;
    call.carrier.inCall = ['4:anonymous', HUMAN];
    call.desk.take({ type: 'participants', ids: ['4:anonymous', HUMAN] });
    setImmediate(() => call.tell(context, true));
  };
  call.desk.act(warm());
  await eventually(() => call.over.length > 0);
  assert.deepEqual(call.over, ['put through']);
});

test('a host that takes the call over in the middle goes on: nobody is rung twice', async () => {
  const first = await callInProgress();
  answers(first);
  first.agent.speaks = false;
  first.desk.act(warm());
  await eventually(() => first.news.length > 0);
  await ledger.settle(first.session.id, { operationContext: 'key-1.add', state: 'succeeded' });
  first.desk.close();

  const second = await callInProgress(first.session);
  second.carrier.inCall = [CALLER, HUMAN];
  await second.desk.resume();
  assert.deepEqual(second.carrier.asked, [`unhold ${CALLER}`]);
  assert.deepEqual([second.over, first.over], [['put through'], []]);
  assert.equal(await second.state(), 'succeeded');
});

test('a blind transfer that fails leaves the caller with the agent, who is told; one that succeeds takes us out', async () => {
  const call = await callInProgress();
  call.desk.act(blind());
  await eventually(() => call.carrier.asked.length > 0);
  assert.deepEqual(call.carrier.asked, [`transfer ${HUMAN}`]);
  assert.deepEqual(call.heard, ['waiting']);
  await ledger.settle(call.session.id, { operationContext: 'key-1', state: 'failed' });
  call.tell('key-1', false, '480');
  await eventually(() => call.results().includes('failed'));
  assert.deepEqual(call.heard, ['waiting', 'caller']);
  assert.deepEqual(call.over, []);
});

test('an agent’s blind transfer is known again once Redis has lost it, at the next host, too: nobody could tell what came of it (left 16)', async () => {
  const call = await callInProgress();
  call.desk.act(blind());
  await eventually(() => call.carrier.asked.length > 0);
  const next = await callInProgress(call.session);
  await next.desk.resume();
  for (const { desk } of [call, next]) {
    await lose(call.session.id);
    await enterAgain(ledger, call.session.id, desk.operations);
    assert.equal(openTransfer(await ledger.list(call.session.id))?.operationContext, 'key-1');
  }
  await ledger.settle(call.session.id, { operationContext: 'key-1', state: 'failed' });
  call.tell('key-1', false, '480');
  await eventually(() => call.results().includes('failed'));
  assert.deepEqual([call.heard.at(-1), call.desk.operations], ['caller', []]);
});

test('the same wish twice is carried out once, and a second one meanwhile is refused', async () => {
  const call = await callInProgress();
  call.desk.act(blind());
  call.desk.act(blind());
  call.desk.act({ ...blind(), key: 'key-2' });
  await eventually(() => call.results().length > 0 && call.carrier.asked.length > 0);
  assert.deepEqual(call.carrier.asked, [`transfer ${HUMAN}`]);
  assert.match(JSON.stringify(call.news[0]?.item?.result), /something else/);
  // Another host may be given it, too.
  const again = await callInProgress(call.session);
  again.desk.act(blind());
  await eventually(() => again.heard.length > 0);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual(again.carrier.asked, []);
});

test('a hold takes the caller back by itself, and the agent goes on', async () => {
  const call = await callInProgress();
  const wish = { kind: 'hold', forS: 0.05 } as const;
  call.desk.act({ call: { callId: 'c', name: 'hold_call', args: {} }, key: 'hold-1', wish });
  await eventually(() => call.results().includes('caller_is_back'));
  assert.deepEqual(call.carrier.asked, [`hold ${CALLER}`, `unhold ${CALLER}`]);
  assert.deepEqual(call.heard, ['nobody', 'caller']);
  assert.equal(call.news[0]?.speech, 'own-words');
});

test('of a blind transfer that the API asked for and that failed the caller hears from the agent (stranger 1)', async () => {
  const call = await callInProgress();
  const operationContext = 'api-transfer';
  const data = { how: 'blind', target: HUMAN, askedBy: 'api' };
  await ledger.begin({ sessionId: call.session.id, operationContext, kind: 'transfer', deadlineMs: 60_000, data });
  call.desk.take({ type: 'operation', operationContext, succeeded: false, reason: 'busy' });
  await eventually(() => call.results().includes('failed'));
  assert.equal(call.news[0]?.speech, 'own-words');
  assert.equal(call.heard.at(-1), 'caller');
});

test('a caller whom the carrier does not take off hold is not left there: it is asked again and again', async () => {
  const call = await callInProgress();
  call.carrier.failing.set('unhold', new CarrierError('unavailable', 'acs.unavailable', 'Later.'));
  const wish = { kind: 'hold', forS: 0.02 } as const;
  call.desk.act({ call: { callId: 'c', name: 'hold_call', args: {} }, key: 'hold-1', wish });
  const asked = () => call.carrier.asked.filter((what) => what.startsWith('unhold')).length;
  await eventually(() => asked() >= 5);
  call.carrier.failing.clear();
  await eventually(() => call.results().includes('caller_is_back'));
  const times = asked();
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(asked(), times);
});

test('what the carrier refuses or cannot do is told to the agent, and the caller is with it', async () => {
  for (const failure of [
    notSupported('scripted', 'put anybody on hold'),
    new CarrierError('refused', 'acs.refused', 'No.'),
  ]) {
    const call = await callInProgress();
    call.carrier.failing.set('hold', failure);
    call.desk.act(warm());
    await eventually(() => call.results().includes('failed'));
    assert.match(JSON.stringify(call.news[0]?.item?.result), new RegExp(failure.code));
    assert.equal(call.heard.at(-1), 'caller');
    assert.ok(!call.carrier.asked.includes(`add ${HUMAN}`));
  }
});

test('keys are pressed beside whatever else is done with the call, and stand nowhere', async () => {
  const call = await callInProgress();
  call.desk.act(blind());
  const wish = { kind: 'send-keys', keys: '12#' } as const;
  call.desk.act({ call: { callId: 'c', name: 'send_keys', args: {} }, key: 'keys-1', wish });
  await eventually(async () => (await call.state('keys-1')) === 'accepted');
  assert.ok(call.carrier.asked.includes(`keys 12# ${CALLER}`));
  assert.ok(!JSON.stringify(await ledger.list(call.session.id)).includes('12#'));
});

test('a caller whom the API puts on hold is not listened to until he is back', async () => {
  const call = await callInProgress();
  const data = { participant: CALLER, askedBy: 'api' };
  const begun = { sessionId: call.session.id, kind: 'hold', deadlineMs: 30_000 } as const;
  await ledger.begin({ ...begun, operationContext: 'api-1', data: { ...data, on: true } });
  call.tell('api-1', true);
  await eventually(() => call.heard.length === 1);
  await ledger.begin({ ...begun, operationContext: 'api-2', data: { ...data, on: false } });
  call.tell('api-2', true);
  await eventually(() => call.heard.length === 2);
  assert.deepEqual(call.heard, ['nobody', 'caller']);
});

test('a blind transfer of a call with others in it ends our part when the human answers: nobody is left alone with the agent (breaker16b F)', async () => {
  const call = await callInProgress();
  const added = { sessionId: call.session.id, operationContext: 'added' } as const;
  await ledger.begin({ ...added, kind: 'add-participant', deadlineMs: 60_000, data: { target: '+15557777' } });
  await ledger.settle(added.sessionId, { operationContext: 'added', state: 'succeeded' });
  call.desk.act(blind());
  await eventually(() => call.carrier.asked.length > 0);
  call.tell('key-1', true);
  await eventually(() => call.over.length > 0);
  assert.deepEqual(call.over, ['transferred']);
});

test('an agent puts nobody through to one who is being rung already, or is in the call: the caller is not held for it (breaker16b E)', async () => {
  const rung = await callInProgress();
  const data = { target: HUMAN, askedBy: 'api' };
  const added = { sessionId: rung.session.id, operationContext: 'added', kind: 'add-participant' } as const;
  await ledger.begin({ ...added, deadlineMs: 60_000, data });
  const there = await callInProgress();
  there.carrier.inCall = [CALLER, HUMAN];
  for (const call of [rung, there]) {
    call.desk.act(warm());
    await eventually(() => call.results().includes('failed'));
    assert.match(JSON.stringify(call.news[0]?.item?.result), /calls.participant-there/);
    assert.deepEqual([call.carrier.asked, call.heard.at(-1)], [[], 'caller']);
  }
});

test('a wish that a host takes while it still finds out what is open is carried out once: the human is not taken out of the call again as if he had not answered (left 16-9)', async () => {
  const call = await callInProgress();
  answers(call);
  const { wish } = warm({ timeoutS: 0.05 });
  assert.ok(wish.kind === 'transfer');
  const of = { sessionId: call.session.id, callId: 'connection', operationContext: 'key-1', askedBy: 'api' } as const;
  await beginWarmTransfer({ carrier: call.carrier, ledger }, of, wish);
  const resumed = call.desk.resume();
  call.desk.take({ type: 'wish', operationContext: 'key-1', wish });
  await resumed;
  await eventually(() => call.over.length > 0);
  await new Promise((resolve) => setTimeout(resolve, 150));
  assert.deepEqual(call.carrier.asked, [`hold ${CALLER}`, `add ${HUMAN}`, `unhold ${CALLER}`]);
  assert.deepEqual([call.over, call.news.length], [['put through'], 1]);
});

test('a host that takes a call over whose caller was put through leaves him and the human alone, as the one before would have (left 16-9)', async () => {
  const first = await callInProgress();
  answers(first);
  first.desk.act(warm());
  await eventually(async () => (await first.state()) === 'succeeded');
  const second = await callInProgress(first.session);
  await second.desk.resume();
  assert.deepEqual([second.over, second.news], [['put through'], []]);
});

test('a caller who was put through is left with the human, though Redis is away by then and cannot note it', async () => {
  const call = await callInProgress(undefined, {
    hostsLedger: {
      settle: (sessionId, settlement) =>
        settlement.operationContext === 'key-1'
          ? Promise.reject(new Error('Redis is away.'))
          : ledger.settle(sessionId, settlement),
    },
  });
  answers(call);
  call.desk.act(warm());
  await eventually(() => call.over.length > 0);
  assert.deepEqual([call.over, call.results()], [['put through'], ['human_answered']]);
});
