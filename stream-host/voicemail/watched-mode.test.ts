import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VoicemailPolicy } from '../../shared/calls/voicemail-policy.ts';
import type { AgentRecording } from '../contract/agent.ts';
import { babble, joined, silence, tones } from './testing/sounds.ts';
import { WatchedCall } from './testing/watched-call.ts';

/** Made once, as many seconds of it are heard. */
const PHRASE = joined(babble(400), silence(1600));

test('the agent is started at once, whatever is done with machines', async () => {
  assert.deepEqual(new WatchedCall({ on_machine: 'hang_up' }).log, ['started']);
});

test('a human is told of, and nothing is done', async () => {
  const call = new WatchedCall({ on_machine: 'hang_up', on_menu: 'hang_up' });
  await call.hears(babble(800));
  call.recognises('Hello?');
  await call.hears(silence(2000));
  assert.deepEqual(call.log, ['started', 'answered by human']);
  // A human stays one, whatever he says later.
  call.recognises('please leave a message after the tone');
  await call.hears(babble(3000));
  assert.equal(call.log.length, 2);
});

test('a menu that pauses behind its welcome, and is taken for a person, is one as soon as it speaks of keys (issue 16)', async () => {
  const call = new WatchedCall({ on_menu: 'hang_up' });
  await call.hears(babble(1500));
  call.recognises('Thank you for calling.');
  await call.hears(silence(1500));
  await call.hears(babble(1500));
  call.recognises('Thank you for calling. For orders, press 1.');
  await call.hears(babble(200));
  assert.deepEqual(call.log.slice(1), ['answered by human', 'answered by menu', 'closed menu', 'ended menu']);

  // Who has been a person for long stays one.
  const person = new WatchedCall({ on_menu: 'hang_up' });
  await person.hears(babble(800));
  person.recognises('Hello?');
  await person.hears(silence(13_000));
  person.recognises('Hello? Shall I press 1?');
  assert.deepEqual(person.log, ['started', 'answered by human']);
});

test('a machine is hung up on as soon as it is one, where that is the policy', async () => {
  const call = new WatchedCall({ on_machine: 'hang_up' });
  await call.hears(babble(1500));
  call.recognises('Hi, I cannot come to the phone');
  await call.hears(babble(200));
  assert.deepEqual(call.log, ['started', 'answered by voicemail', 'closed voicemail', 'ended voicemail']);
});

test('what is to be said while a message is left is not heard, and whoever waits for it is told so (stranger17 6)', async () => {
  const call = new WatchedCall({ on_machine: 'leave_message', message: 'Please call back.' });
  await call.hears(babble(1500));
  call.recognises('Hi, I cannot come to the phone');
  await call.hears(babble(200));
  const heard: boolean[] = [];
  call.mode.told?.({ speech: { line: 'This call is recorded.' }, onSpoken: (was) => heard.push(was) });
  assert.deepEqual(heard, [false]);
});

test('the agent talks on to a machine where nothing else is wanted', async () => {
  const call = new WatchedCall();
  await call.hears(babble(1500));
  call.recognises('Hi, I cannot come to the phone');
  await call.hears(babble(200));
  assert.deepEqual(call.log, ['started', 'answered by voicemail', 'attends to waiting']);
});

test('a machine that the agent talks with is not asked whether it is there: in the end it is said goodbye to, and the end names it (issue 16)', async () => {
  const call = new WatchedCall();
  await call.hears(babble(1500));
  call.recognises('Please listen carefully');
  await call.hears(babble(200));
  // A hold that ends meanwhile changes nothing of it.
  call.mode.attend?.('nobody');
  await call.hears(silence(45_000));
  call.mode.attend?.('caller');
  assert.deepEqual(call.log.slice(1), [
    'answered by menu',
    'attends to waiting',
    'attends to nobody',
    'attends to waiting',
  ]);
  await call.hears(silence(21_000));
  assert.equal(call.log.at(-1), 'told {"line":"Goodbye."}');
  call.said?.(true);
  assert.deepEqual(call.log.slice(-2), ['closed menu', 'ended menu']);
});

test('a machine that lets nobody say goodbye is hung up on once it is silent, and one that is spoken with is not', async () => {
  const call = new WatchedCall();
  await call.hears(babble(1500));
  call.recognises('Hi, I cannot come to the phone');
  for (let i = 0; i < 6; i++) {
    await call.hears(silence(15_000));
    call.events.emit('callerPartial', { text: 'and one more thing' });
  }
  assert.equal(call.log.at(-1), 'attends to waiting');
  await call.hears(silence(41_000));
  assert.equal(call.log.at(-1), 'ended voicemail');
});

test('who is behind a menu in which the agent itself has pressed keys is found out anew', async () => {
  const call = new WatchedCall();
  await call.hears(babble(1500));
  call.recognises('For sales press one.');
  await call.hears(babble(200));
  call.acts({ call: { callId: 'c', name: 'send_keys', args: {} }, key: 'k', wish: { kind: 'send-keys', keys: '1' } });
  await call.hears(babble(800));
  call.recognises('Hello?');
  await call.hears(silence(2000));
  assert.deepEqual(call.log.slice(-2), ['answered by human', 'attends to caller']);
});

test('a menu is navigated by its phrases, unheard by the agent, which greets whoever answers at last', async () => {
  const call = new WatchedCall({ on_menu: 'navigate', keys: [{ phrase: 'for support', keys: '2' }] });
  await call.hears(babble(1500));
  call.recognises('For sales press one.');
  await call.hears(babble(500));
  assert.deepEqual(call.log, ['started', 'answered by menu', 'interrupted', 'attends to nobody']);
  call.recognises('For sales press one. For support, press two.');
  assert.deepEqual(
    call.actions.map(({ wish }) => wish),
    [{ kind: 'send-keys', keys: '2' }],
  );
  await call.hears(silence(1000));
  await call.hears(babble(900));
  call.recognises('Hello?');
  await call.hears(silence(2000));
  const told = 'told {"line":"Hello, it is me."}';
  assert.deepEqual(call.log.slice(4), ['answered by human', 'attends to caller', 'interrupted', told]);
});

test('a menu whose key was pressed is judged no more: what it said in the same breath made it a mailbox, which was hung up on', async () => {
  const call = new WatchedCall({ ...NAVIGATE, on_machine: 'hang_up' });
  await call.hears(babble(1500));
  call.recognises('For sales press one.');
  await call.hears(babble(500));
  const before = call.log.length;
  call.recognises('For sales press one. For support, press two. For the answering service, press three.');
  assert.equal(call.actions.length, 1);
  assert.equal(call.log.length, before);
});

/** Whoever is behind the menu has not been made out yet. */
async function behindMenu(options: { recording?: AgentRecording; greeting?: string } = {}): Promise<WatchedCall> {
  const call = new WatchedCall({ on_menu: 'navigate', keys: [{ phrase: 'for support', keys: '2' }] }, {}, options);
  await call.hears(babble(1500));
  call.recognises('For support, press two.');
  await call.hears(babble(500));
  assert.equal(call.actions.length, 1);
  call.log.length = 0;
  // Neither a word nor a rhythm that tells what it is.
  await call.hears(babble(5000));
  assert.deepEqual(call.log, ['answered by unsure', 'attends to caller', 'interrupted']);
  call.log.length = 0;
  return call;
}

test('a telephone that rings behind a menu is no person: the greeting was spoken to it, and whoever then answered was not greeted', async () => {
  // In Europe one tone (ITU-T E.180), in North America the sum of two.
  for (const hz of [[425], [440, 480]]) {
    const call = new WatchedCall({ ...NAVIGATE, on_machine: 'hang_up' });
    await call.hears(babble(1500));
    call.recognises('For support, press two.');
    await call.hears(babble(500));
    call.log.length = 0;
    // The end of the menu, before it has heard the key.
    await call.hears(babble(400));
    call.recognises('two');
    await call.hears(silence(300));
    for (let ring = 0; ring < 3; ring++) await call.hears(joined(tones(hz, 1500), silence(3500)));
    const waits = ['answered by unsure', 'attends to caller', 'interrupted'];
    assert.deepEqual(call.log, waits, `${hz} Hz`);
    await call.hears(babble(1500));
    assert.deepEqual(call.log, waits, 'somebody who speaks after tones is no mailbox');
    call.recognises('Good morning, how can I help you?');
    await call.hears(silence(800));
    assert.deepEqual(call.log.slice(3), ['answered by human', 'told {"line":"Hello, it is me."}'], `${hz} Hz`);
  }
});

test('who is made out late behind a menu is greeted, unless the agent has spoken with him, and is not answered what the menu said (breaker16e 2)', async () => {
  const human = async (call: WatchedCall) => {
    call.recognises('This is Bob, how can I help you?');
    await call.hears(silence(800));
  };
  const late = await behindMenu();
  await human(late);
  assert.deepEqual(late.log, ['answered by human', 'told {"line":"Hello, it is me."}']);

  const spokenWith = await behindMenu();
  spokenWith.events.emit('agentHeard', { turn: 1, heardText: 'Where' });
  await human(spokenWith);
  assert.deepEqual(spokenWith.log, ['answered by human']);
});

test('who is behind a menu is greeted without the notice, which the recording has him told (breaker16e 1)', async () => {
  const notice = 'This call is recorded.';
  const call = await behindMenu({ recording: { fromStart: true, notice }, greeting: `${notice} Hello, it is me.` });
  call.recognises('This is Bob, how can I help you?');
  await call.hears(silence(800));
  assert.deepEqual(call.log, ['answered by human', 'told {"line":"Hello, it is me."}']);
});

test('a hold that ends while a menu is navigated does not have the agent talk to it (sister of stranger 1)', async () => {
  const call = new WatchedCall({ on_menu: 'navigate', keys: [{ phrase: 'for support', keys: '2' }] });
  await call.hears(babble(1500));
  call.recognises('For sales press one.');
  await call.hears(babble(500));
  const before = call.log.length;
  call.mode.attend?.('nobody');
  call.mode.attend?.('caller');
  assert.equal(call.log.length, before);
  call.mode.attend?.('nobody');
  await call.hears(silence(90_000));
  assert.equal(call.log.length, before, 'nobody is hung up on meanwhile');
  call.mode.attend?.('caller');
  await call.hears(silence(1_000));
  assert.equal(call.log.at(-1), 'ended menu');
});

const NAVIGATE: Partial<VoicemailPolicy> = { on_menu: 'navigate', keys: [{ phrase: 'for support', keys: '2' }] };

test('a menu that says none of the phrases is hung up on, and what it said instead is told (issue 16: the agent asked it whether it is there)', async () => {
  const call = new WatchedCall(NAVIGATE);
  await call.hears(babble(1500));
  call.recognises('For sales press one.');
  await call.hears(silence(29_000));
  assert.equal(call.log.at(-1), 'attends to nobody');
  await call.hears(silence(2000));
  assert.deepEqual(call.log.slice(4), ['missed for support in "For sales press one."', 'closed menu', 'ended menu']);
  assert.equal(call.actions.length, 0);
});

const LONG_MENU = 'Thank you for calling the order desk. For sales please press one. For billing please press two.';

test('a long menu is heard out for a minute, unless it begins again', async () => {
  const long = new WatchedCall(NAVIGATE);
  await long.hears(babble(1500));
  long.recognises('For sales press one.');
  for (let i = 0; i < 20; i++) await long.hears(PHRASE);
  assert.equal(long.log.at(-1), 'attends to nobody');
  long.recognises('For sales press one. For support press two.');
  assert.equal(long.actions.length, 1);

  const endless = new WatchedCall(NAVIGATE);
  await endless.hears(babble(1500));
  endless.recognises('For sales press one.');
  for (let i = 0; i < 31; i++) await endless.hears(PHRASE);
  assert.equal(endless.log.at(-1), 'ended menu');

  const again = new WatchedCall(NAVIGATE);
  await again.hears(babble(1500));
  again.recognises(LONG_MENU);
  for (let i = 0; i < 14; i++) await again.hears(PHRASE);
  again.recognises(`${LONG_MENU} ${LONG_MENU}`);
  assert.equal(again.log.at(-1), 'attends to nobody');
  await again.hears(PHRASE);
  assert.equal(again.log.at(-1), 'ended menu');
});

test('a menu that hangs up first has said none of the phrases either, and one in which a key was pressed has', async () => {
  for (const text of ['For sales press one.', 'For support press one.']) {
    const call = new WatchedCall(NAVIGATE);
    await call.hears(babble(1500));
    call.recognises(text);
    await call.hears(babble(500));
    call.mode.close('caller-ended');
    assert.equal(call.log.filter((line) => line.startsWith('missed')).length, text.includes('sales') ? 1 : 0);
  }
});

test('a call that comes to us, and one that is taken up again, are not watched', async () => {
  const call = new WatchedCall({ on_machine: 'hang_up' }, { direction: 'inbound' });
  await call.hears(babble(1500));
  call.recognises('leave a message');
  await call.hears(babble(200));
  assert.deepEqual(call.log, ['started']);
});
