import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { systemClock } from '../shared/clock.ts';
import { eventually } from '../shared/testing/eventually.ts';
import { withoutIdsAndTimes } from '../shared/testing/without-ids-and-times.ts';
import { TalkingService } from '../stream-host/modes/voice-live/testing/talking-service.ts';
import { voiceLiveMode } from '../stream-host/modes/voice-live/voice-live-mode.ts';
import { answering, CallStack, isAgent, isLoud, NOTICE, speak, talksWith } from './testing/call-stack.ts';

/** What can be done with a call, each through all of it: see {@link CallStack}. */

/** So many frames of 20 ms. */
const SECOND_FRAMES = 50;
const SUMMARY = 'I have a caller for you, about a bill.';
let stack: CallStack;

before(async () => {
  const voiceLive = voiceLiveMode({
    openRealtime: new TalkingService(systemClock).open,
    rateHz: 16_000,
    openVoiceActivity: () => ({ write() {}, close() {} }),
    turnsOf: () => ({}),
    random: Math.random,
  });
  stack = await CallStack.start({ voice_live: voiceLive });
});
after(() => stack.close());

test('a blind transfer that the agent wants begins when it was heard, and the two talk on without us', async (context) => {
  const caller = await stack.inCall(context);
  const human = await stack.plugIn(context);
  answering(human.phone);
  stack.agent.wish = { kind: 'transfer', target: human.number, how: 'blind', timeoutS: 5 };
  speak(caller.phone);
  await human.phone.event('ringing');
  assert.deepEqual(await stack.said(caller.id, 2), ['Hello.', 'I put you through, one moment please.']);
  await human.phone.event('connected');
  const { endReason } = await stack.sessionThat(caller.callConnectionId, ({ status }) => status === 'disconnected');
  assert.equal(endReason, 'transferred');
  await talksWith(caller.phone, human.phone);
  assert.partialDeepStrictEqual(await stack.operationsOf(caller.id), [{ kind: 'transfer', state: 'succeeded' }]);
});

test('a blind transfer to somebody who declines leaves the caller with the agent, who says so', async (context) => {
  const caller = await stack.inCall(context);
  const human = await stack.plugIn(context);
  void human.phone.event('ringing').then(() => human.phone.send({ type: 'decline' }));
  stack.agent.wish = { kind: 'transfer', target: human.number, how: 'blind', timeoutS: 5 };
  speak(caller.phone);
  const lines = await stack.said(caller.id, 3);
  assert.equal(lines.at(-1), 'So it is failed, and I am with you.');
  assert.equal((await stack.functions.store.get(caller.id))?.status, 'connected');
  stack.agent.wish = undefined;
  speak(caller.phone);
  assert.equal((await stack.said(caller.id, 4)).at(-1), 'Very well, so be it.');
});

test('a warm transfer: the caller waits, the human hears the summary, then the two are left alone', async (context) => {
  const caller = await stack.inCall(context);
  const human = await stack.plugIn(context);
  answering(human.phone);
  stack.agent.wish = { kind: 'transfer', target: human.number, how: 'warm', summary: SUMMARY, timeoutS: 5 };
  speak(caller.phone);
  await caller.phone.events.first('hold', (event) => event.type === 'hold' && event.state === 'on');
  caller.phone.heard.entries.length = 0;
  await human.phone.event('connected');
  await human.phone.heard.first('the summary', isAgent);
  assert.ok(!caller.phone.heard.entries.some(isAgent), 'the caller does not hear what is said of him');
  await caller.phone.events.first('back', (event) => event.type === 'hold' && event.state === 'off');
  await caller.phone.event('applicationLeft');
  const { endReason } = await stack.sessionThat(caller.callConnectionId, ({ status }) => status === 'disconnected');
  assert.equal(endReason, 'transferred');
  await talksWith(caller.phone, human.phone);
  assert.ok((await stack.said(caller.id, 3)).includes(SUMMARY));
  const operations = await stack.operationsOf(caller.id);
  assert.deepEqual(
    operations.map(({ kind, state }) => [kind, state]),
    [
      ['transfer', 'succeeded'],
      ['hold', 'succeeded'],
      ['add-participant', 'succeeded'],
      ['hold', 'succeeded'],
    ],
  );
});

test('where nobody answers a warm transfer, the caller is taken back, and the agent says so (unanswered)', async (context) => {
  const caller = await stack.inCall(context);
  const human = await stack.plugIn(context);
  stack.agent.wish = undefined;
  const body = { target: human.number, kind: 'warm', timeout_s: 5 };
  const { status, body: asked } = await stack.functions.request('POST', `calls/${caller.id}/transfer`, body);
  assert.equal(status, 202);
  await human.phone.event('ringing');
  await caller.phone.events.first('back', (event) => event.type === 'hold' && event.state === 'off');
  assert.equal((await stack.said(caller.id, 2)).at(-1), 'So it is failed, and I am with you.');
  assert.equal((await stack.settled(caller.id, asked.operation_id)).state, 'failed');
  speak(caller.phone);
  assert.equal((await stack.said(caller.id, 3)).at(-1), 'Very well, so be it.');
});

test('participants are added, heard by all, told and removed; a telephone ACS does not mute, and says so', async (context) => {
  const caller = await stack.inCall(context);
  const human = await stack.plugIn(context);
  stack.agent.wish = undefined;
  answering(human.phone);
  const add = await stack.functions.request('POST', `calls/${caller.id}/participants`, { target: human.number });
  await human.phone.event('connected');
  assert.equal((await stack.settled(caller.id, add.body.operation_id)).state, 'succeeded');
  const { body: there } = await stack.functions.request('GET', `calls/${caller.id}/participants`);
  const ids = there.participants.map(({ id }: { id: string }) => id);
  assert.ok(ids.includes(caller.number) && ids.includes(human.number));
  await talksWith(caller.phone, human.phone);
  const person = encodeURIComponent(human.number);
  const muted = await stack.functions.request('POST', `calls/${caller.id}/participants/${person}/mute`);
  assert.deepEqual([muted.status, muted.body.error.code], [502, 'acs.refused']);
  const remove = await stack.functions.request('DELETE', `calls/${caller.id}/participants/${person}`);
  await human.phone.event('disconnected');
  assert.equal((await stack.settled(caller.id, remove.body.operation_id)).state, 'succeeded');
  assert.equal((await stack.functions.store.get(caller.id))?.status, 'connected');
});

test('a caller on hold is not heard, and is talked with again when he is back', async (context) => {
  const caller = await stack.inCall(context);
  stack.agent.wish = undefined;
  assert.equal((await stack.functions.request('POST', `calls/${caller.id}/hold`, {})).status, 202);
  await caller.phone.events.first('hold', (event) => event.type === 'hold' && event.state === 'on');
  speak(caller.phone);
  await new Promise((resolve) => setTimeout(resolve, 2000));
  assert.equal((await stack.said(caller.id, 1)).length, 1, 'nobody answers what he says to nobody');
  assert.equal((await stack.functions.request('POST', `calls/${caller.id}/unhold`, {})).status, 202);
  await caller.phone.events.first('back', (event) => event.type === 'hold' && event.state === 'off');
  speak(caller.phone);
  assert.equal((await stack.said(caller.id, 2)).at(-1), 'Very well, so be it.');
});

test('a call that shall be recorded is, once its notice was heard; it is paused, gone on with and stopped', async (context) => {
  const callee = await stack.plugIn(context);
  stack.agent.wish = undefined;
  answering(callee.phone);
  const placed = await stack.functions.request('POST', 'calls/initiate', {
    target_number: callee.number,
    record_call: true,
  });
  assert.equal(placed.body.recording_enabled, true);
  const { session_id: id } = placed.body;
  await callee.phone.event('connected');
  const recordingOf = async () => {
    const operations = await stack.operationsOf(id);
    return operations.filter(({ kind }) => kind === 'recording');
  };
  const call = async () => (await stack.functions.request('GET', `calls/${id}`)).body;
  // On its way it stands in the list, too; and the functions may hear of the call later than its host does.
  const isBegun = async () => (await recordingOf())[0]?.state === 'succeeded' && (await call()).status === 'connected';
  for (let tries = 0; !(await isBegun()) && tries < 500; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const events: { type: string }[] = (await call()).events;
  assert.match((await stack.said(id, 1))[0] ?? '', /^This call is recorded\. Hello\.$/);
  assert.ok(events.length > 0);
  const started = (await recordingOf())[0] as unknown as { result: { data: { recordingId: string } } };
  const { recordingId } = started.result.data;
  assert.equal(await stack.carrier.recordingState(recordingId), 'active');
  const record = (action: string) => stack.functions.request('POST', `calls/${id}/recording`, { action });
  assert.equal((await record('pause')).status, 202);
  assert.equal(await stack.carrier.recordingState(recordingId), 'inactive');
  assert.equal((await record('resume')).status, 202);
  assert.equal(await stack.carrier.recordingState(recordingId), 'active');
  assert.equal((await record('stop')).status, 202);
  assert.equal((await record('stop')).body.error.code, 'recording.none');
  callee.phone.send({ type: 'hangup' });
});

test('a recording that ACS accepts and that then fails, or that ends by itself, is told of as failed, and another one begins (breaker16b 0a)', async (context) => {
  stack.agent.wish = undefined;
  stack.agent.recording = { fromStart: false, notice: NOTICE, lost: 'It is not recorded after all.' };
  context.after(() => {
    stack.agent.recording = undefined;
  });
  const { id } = await stack.inCall(context);
  const record = (action: string) => stack.functions.request('POST', `calls/${id}/recording`, { action });
  const ends = async (operation: string, state: string) => {
    for (let tries = 0; tries < 1000; tries += 1) {
      const found = (await stack.operationsOf(id)).find(({ operation_id }) => operation_id === operation);
      if (found?.state === state) return found.result;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.fail(`the recording is not ${state}`);
  };
  stack.faults.order({ 'acs.recording': { times: 1 } });
  const first = (await record('start')).body.operation_id;
  assert.partialDeepStrictEqual(await ends(first, 'failed'), { code: 403, subCode: 7504 });
  assert.equal((await record('stop')).body.error.code, 'recording.none');
  assert.equal((await stack.said(id, 3)).at(-1), 'It is not recorded after all.');

  const second = (await record('start')).body.operation_id;
  const begun = await ends(second, 'succeeded');
  // Somebody at the carrier.
  await stack.carrier.stopRecording(String(begun?.data?.recordingId));
  assert.equal((await ends(second, 'failed'))?.message, 'recording.lost');
  const third = (await record('start')).body.operation_id;
  await ends(third, 'succeeded');
  const { events } = (await stack.functions.request('GET', `calls/${id}`)).body;
  const told = events.filter(({ type }: { type: string }) => type === 'recording.failed');
  assert.deepEqual(
    told.map(({ data }: { data: { operation_id: string } }) => data.operation_id),
    [first, second],
  );
});

test('asked for in the middle of a call, the notice is said first; an agent that has none records nothing', async (context) => {
  const caller = await stack.inCall(context);
  stack.agent.wish = undefined;
  const refused = await stack.functions.request('POST', `calls/${caller.id}/recording`, { action: 'start' });
  assert.equal((await stack.settled(caller.id, refused.body.operation_id)).state, 'failed');

  stack.agent.recording = { fromStart: false, notice: NOTICE };
  context.after(() => {
    stack.agent.recording = undefined;
  });
  const other = await stack.inCall(context);
  const asked = await stack.functions.request('POST', `calls/${other.id}/recording`, { action: 'start' });
  assert.equal((await stack.settled(other.id, asked.body.operation_id)).state, 'succeeded');
  assert.equal((await stack.said(other.id, 2)).at(-1), NOTICE);
});

test('a caller who is put on hold in the middle of an answer hears no more of it; it is not on record, and the agent goes on when he is back (stranger 1)', async (context) => {
  const caller = await stack.inCall(context);
  stack.agent.wish = undefined;
  const whole = 'It was sent on Monday, and it is on its way to you now. '.repeat(8);
  stack.agent.answer = whole;
  context.after(() => {
    stack.agent.answer = 'Very well, so be it.';
  });
  caller.phone.heard.entries.length = 0;
  speak(caller.phone);
  // Of less than a word nothing was heard, and nothing is on record.
  await eventually(() => caller.phone.heard.entries.filter(isAgent).length > SECOND_FRAMES);
  const held = await stack.functions.request('POST', `calls/${caller.id}/hold`);
  assert.equal(held.status, 202);
  await caller.phone.events.first('hold', (event) => event.type === 'hold' && event.state === 'on');
  const [, cut = ''] = await stack.said(caller.id, 2);
  assert.ok(cut.length < whole.trim().length, 'what he did not hear is not on record');
  caller.phone.heard.entries.length = 0;
  const refused = await stack.functions.request('POST', `calls/${caller.id}/keys/collect`, {
    count: 4,
    prompt: 'PIN?',
  });
  assert.deepEqual([refused.status, refused.body.error.code], [409, 'calls.on-hold']);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  assert.ok(!caller.phone.heard.entries.some(isAgent), 'nobody speaks to him');
  await stack.functions.request('POST', `calls/${caller.id}/unhold`);
  assert.equal((await stack.said(caller.id, 3)).at(-1), 'So it is caller_is_back, and I am with you.');
});

test('a PIN that the API has the caller enter: he is asked, enters it, and the agent speaks of it (stranger 9)', async (context) => {
  const caller = await stack.inCall(context);
  stack.agent.wish = undefined;
  const wanted = { count: 4, secret: true, prompt: 'Your PIN, please.' };
  const asked = await stack.functions.request('POST', `calls/${caller.id}/keys/collect`, wanted);
  assert.equal((await stack.said(caller.id, 2)).at(-1), wanted.prompt);
  for (const tone of '4711') {
    caller.phone.send({ type: 'dtmf', tone });
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const { state, result } = await stack.settled(caller.id, asked.body.operation_id);
  assert.deepEqual([state, result?.data?.status], ['succeeded', 'right']);
  assert.equal((await stack.said(caller.id, 3)).at(-1), 'So it is right, and I am with you.');
  const { body } = await stack.functions.request('GET', `calls/${caller.id}`);
  assert.ok(!withoutIdsAndTimes(JSON.stringify(body)).includes('4711'));
});

test('a speech-to-speech agent puts its caller through, too: the human hears the summary, then the two are left alone (VOICE_LIVE)', async (context) => {
  const callee = await stack.plugIn(context);
  const human = await stack.plugIn(context);
  answering(callee.phone);
  answering(human.phone);
  const placed = { target_number: callee.number, streaming_mode: 'voice_live' };
  const { session_id: id, call_id: callId } = (await stack.functions.request('POST', 'calls/initiate', placed)).body;
  await callee.phone.heard.first('the greeting', (frame) => isAgent(frame) || isLoud(frame));
  await stack.said(id, 1);
  const wanted = { target: human.number, kind: 'warm', context: SUMMARY, timeout_s: 5 };
  const asked = await stack.functions.request('POST', `calls/${id}/transfer`, wanted);
  assert.equal(asked.status, 202);
  await callee.phone.events.first('hold', (event) => event.type === 'hold' && event.state === 'on');
  const early = await stack.functions.request('POST', `calls/${id}/unhold`);
  assert.deepEqual([early.status, early.body.error.code], [409, 'calls.transfer-running']);
  await human.phone.event('connected');
  await callee.phone.events.first('back', (event) => event.type === 'hold' && event.state === 'off');
  await callee.phone.event('applicationLeft');
  assert.ok((await stack.said(id, 2)).includes(SUMMARY));
  assert.equal((await stack.sessionThat(callId, ({ status }) => status === 'disconnected')).endReason, 'transferred');
  await talksWith(callee.phone, human.phone);
});
