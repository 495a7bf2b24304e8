import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DependencyError } from '../../shared/errors.ts';
import { PHRASES, Rig, type Script, STANDBY_SPEECH, text } from './testing/rig.ts';

const ANSWER = 'Your tent is on its way, and it arrives tomorrow.';
const PROMISE_MS = 3000;
/** The loudness of a voice beyond doubt: it swings from syllable to syllable. */
const CLEAR = [0x20, 0x20, 0x04, 0x20];

interface Fault {
  readonly script?: Script;
  /** The synthesiser's first sound, or its failure, comes so late. */
  readonly voiceMs?: number;
  readonly voiceFails?: boolean;
  /** What the caller hears in the end. */
  readonly ends: 'answer' | 'apology' | 'give-up';
}

/** Ten ways in which the model or the voice may fail a caller. */
const FAULTS: Readonly<Record<string, Fault>> = {
  'a model that is silent': { script: ['hang'], ends: 'give-up' },
  'a model that takes 7 s': { script: [7000, text(ANSWER)], ends: 'answer' },
  'a model whose answer is empty': { script: [], ends: 'apology' },
  'a model that refuses': { script: [new Error('model.refused')], ends: 'apology' },
  'a model that is throttled for 33 s': { script: [33_000, new Error('model.throttled')], ends: 'give-up' },
  'a model that thinks for 30 s': { script: [30_000, text(ANSWER)], ends: 'answer' },
  'a model that breaks off': {
    script: [300, text('Your tent is packed, and'), 200, new Error('model.cut-off')],
    ends: 'apology',
  },
  'a model that sends a word each 2.5 s': {
    script: ANSWER.split(' ').flatMap((word) => [2500, text(`${word} `)]),
    ends: 'answer',
  },
  'a voice that is mute': { script: [text(ANSWER)], voiceMs: 2000, voiceFails: true, ends: 'apology' },
  'a voice that takes 4 s': { script: [text(ANSWER)], voiceMs: 4000, ends: 'answer' },
  'a voice that is dead': { script: [text(ANSWER)], voiceFails: true, ends: 'apology' },
};

/**
 * The silences that a caller heard from `fromMs` on, until the agent had the floor no more: it was heard to its end, or
 * has said that it gives up. The far side plays as it comes.
 */
function silencesMs(rig: Rig, fromMs: number): number[] {
  const gaps: number[] = [];
  let heardUntilMs = fromMs;
  for (const entry of rig.log) {
    if (entry.atMs < fromMs) continue;
    if (entry.type === 'waitFilled' && entry.kind === 'give-up') return gaps;
    if (entry.type === 'stop') heardUntilMs = Math.min(heardUntilMs, entry.atMs);
    if (entry.type !== 'frame') continue;
    if (entry.atMs > heardUntilMs) gaps.push(entry.atMs - heardUntilMs);
    heardUntilMs = Math.max(heardUntilMs, entry.atMs) + 20;
  }
  return gaps;
}

/** Asks, and waits until the agent listens again. Tells when the caller's words ended. */
async function ask(rig: Rig, words: string, offsetMs: number): Promise<number> {
  await rig.voice(0.9, 800);
  const endedAtMs = rig.clock.now();
  rig.partial(words, offsetMs);
  await rig.voice(0.05, 320);
  rig.final(words, offsetMs);
  for (let at = 0; at < 90_000 && !(at > 1000 && rig.conversation.state === 'listening'); at += 500) {
    await rig.clock.advance(500);
  }
  return endedAtMs;
}

for (const [name, fault] of Object.entries(FAULTS)) {
  test(`with ${name}, no caller of a hundred sits in silence for 3 s, and the dialogue goes on`, async () => {
    for (let caller = 0; caller < 100; caller += 1) {
      const rig = await new Rig({ policy: { onset: { echoGuard: false }, away: { afterMs: 0 } } }).started();
      await rig.clock.advance(caller * 37);
      rig.script = () => fault.script ?? [text(ANSWER)];
      rig.synthesisDelayMs = fault.voiceMs ?? 100;
      rig.synthesisFails = fault.voiceFails ?? false;
      const endedAtMs = await ask(rig, `Where is order ${caller}?`, rig.clock.now());
      const longestMs = Math.max(...silencesMs(rig, endedAtMs));
      assert.ok(longestMs <= PROMISE_MS, `${longestMs} ms of silence`);
      assert.equal(rig.conversation.state, 'listening');
      assertInOrder(rig);
      const heard = rig.of('agentSpoke').at(-1)?.heardText ?? '';
      if (fault.ends === 'answer') assert.equal(heard, ANSWER);
      else if (fault.ends === 'apology')
        assert.match(heard, new RegExp(`(^|[ ])${PHRASES.apology.replaceAll(/[?.]/g, '.')}$`));
      else assert.equal(rig.of('waitFilled').at(-1)?.kind, 'give-up');

      rig.script = () => [text('It is blue.')];
      rig.synthesisDelayMs = 100;
      rig.synthesisFails = false;
      await ask(rig, 'And which colour does it have?', rig.clock.now());
      assert.equal(rig.of('agentSpoke').at(-1)?.heardText, 'It is blue.');
    }
  });
}

/** At most three fillers, no two of them alike in a row, then the explanation, then the end of the wait. */
function assertInOrder(rig: Rig): void {
  const filled = rig.of('waitFilled');
  const kinds = filled.map(({ kind }) => kind).join(' ');
  assert.match(kinds, /^(filler ?){0,3}(explanation ?(give-up)?)?$/);
  for (const [at, { text: said }] of filled.entries()) assert.notEqual(said, filled[at - 1]?.text);
}

test('with providers that are well, a first token after 1.5 s, no wait of a thousand is filled', async () => {
  const rig = await new Rig({ policy: { onset: { echoGuard: false }, away: { afterMs: 0 } } }).started();
  rig.script = () => [1500, text('It is on its way.')];
  for (let turn = 0; turn < 1000; turn += 1) {
    await rig.says(`Where is order number ${turn}?`, { restMs: 4000 });
    while (rig.conversation.state !== 'listening') await rig.voice(0.05, 320);
  }
  assert.equal(rig.of('waitFilled').length, 0);
  assert.equal(rig.of('agentSpoke').length, 1000);
});

test('the answer cuts the filling off, and follows its first token by 300 ms at most', async () => {
  for (let firstTokenMs = 2000; firstTokenMs < 24_000; firstTokenMs += 370) {
    const rig = await new Rig().started();
    rig.script = () => [firstTokenMs, text('It is blue.')];
    const askedAt = rig.clock.now();
    await ask(rig, 'Which colour does it have?', askedAt);
    const audible = rig.log.find(
      (entry) => entry.type === 'frame' && entry.speech !== STANDBY_SPEECH && entry.speech > 1,
    );
    const tokenAtMs = (rig.of('turnLatency')[0]?.firstTokenMs ?? 0) + askedAt + 800;
    assert.ok(
      audible && audible.atMs - tokenAtMs <= 300,
      `${(audible?.atMs ?? 0) - tokenAtMs} ms after ${firstTokenMs}`,
    );
  }
});

test('who asks "are you there?" into a slow answer is not made to wait for it from the start (turns-hello-restarts-the-answer)', async () => {
  const rig = await new Rig({ policy: { onset: { echoGuard: false } } }).started();
  rig.script = () => [7000, text('We have two classes on Friday.')];
  const askedAtMs = rig.clock.now();
  await rig.says('Which class do you have?', { restMs: 3400 });
  await rig.says('Hello, are you there?', { restMs: 2000 });
  await rig.clock.advance(6000);
  assert.equal(rig.prompts.length, 1, 'the model is asked once');
  const answered = rig.of('agentSpoke')[0];
  assert.equal(answered?.heardText, 'We have two classes on Friday.');
  assert.ok(answered && answered.atMs - askedAtMs < 11_500);
});

test('a cough into the wait does not ask the model again', async () => {
  const rig = await new Rig({ policy: { onset: { echoGuard: false } } }).started();
  rig.script = () => [3000, text('It is blue.')];
  await rig.says('Which colour does it have?');
  await rig.voice(0.9, 200);
  rig.noWords(rig.clock.now());
  await rig.voice(0.05, 3000);
  await rig.clock.advance(3000);
  assert.equal(rig.prompts.length, 1);
  assert.equal(rig.of('agentSpoke')[0]?.heardText, 'It is blue.');
});

test('new words into the wait are answered, with the ones before', async () => {
  const rig = await new Rig({ policy: { onset: { echoGuard: false } } }).started();
  rig.script = () => [3000, text('It is blue.')];
  await rig.says('Which colour does it have?');
  await rig.says('And how large is it?', { restMs: 3000 });
  await rig.clock.advance(5000);
  assert.equal(rig.callerWords, 'Which colour does it have? And how large is it?');
  assert.equal(rig.of('agentSpoke').length, 1);
});

test('an agent that is set to hang up says so when the wait is given up, and ends the call', async () => {
  const rig = await new Rig({ policy: { waiting: { afterGivingUp: 'hang-up' } } }).started();
  rig.script = () => ['hang'];
  await rig.says('Where is my order?');
  await rig.clock.advance(60_000);
  assert.equal(rig.of('waitFilled').at(-1)?.kind, 'give-up');
  assert.equal(rig.of('ended')[0]?.reason, 'no-answer');
  const lastFrameMs = rig.of('frame').at(-1)?.atMs ?? 0;
  assert.ok((rig.of('ended')[0]?.atMs ?? 0) >= lastFrameMs, 'what is said is heard to its end');
});

test('a draft whose words the recogniser takes back is dropped, not left to run (review 4.11)', async () => {
  const rig = await new Rig({ policy: { onset: { echoGuard: false } } }).started();
  rig.script = () => ['hang'];
  const offsetMs = rig.clock.now();
  await rig.voice(0.9, 500);
  rig.partial('Where is my order?', offsetMs);
  await rig.voice(0.05, 192);
  assert.equal(rig.openAnswers, 1, 'an answer was begun early');
  rig.noWords(offsetMs);
  await rig.voice(0.05, 8000);
  assert.equal(rig.conversation.state, 'listening');
  assert.equal(rig.openAnswers, 0);
  assert.equal(rig.of('draftDropped').length, 1);
});

test('a hang-up in mid-speech is no barge-in (review 4.6)', async () => {
  const rig = await new Rig().started();
  rig.script = () => [text('It is on its way, and it arrives tomorrow before noon, at the door.')];
  await rig.says('Where is my order?');
  rig.conversation.close('hung up');
  assert.equal(rig.of('bargeIn').length, 0);
  assert.equal(rig.of('stop').at(-1)?.cause, 'closed');
});

test('a voice that is away when the call begins greets all the same, and does not apologise', async () => {
  const rig = new Rig();
  rig.synthesisFails = true;
  rig.conversation.start();
  await rig.clock.advance(3000);
  assert.equal(rig.of('agentSpoke')[0]?.heardText, PHRASES.greeting);
  assert.ok(rig.of('frame').length > 0);
});

test('where a voice is away and no clip has words for its language, the sound that stands in for them ends as speech does', async () => {
  const tones = { text: '', pcm: new Uint8Array(640 * 20).fill(1) };
  const rig = new Rig({ locale: 'de-DE', standby: { speech: () => tones } });
  rig.synthesisFails = true;
  rig.conversation.start();
  await rig.clock.advance(3000);
  assert.deepEqual(
    rig.of('agentSpoke').map(({ heardText, interrupted }) => [heardText, interrupted]),
    [['', false]],
  );
  assert.equal(rig.of('frame').length, 20);
  assert.equal(rig.conversation.state, 'listening');
  assert.deepEqual(rig.conversation.history, []);
});

test('a recogniser that is late is filled like a late model, and its words are answered', async () => {
  const rig = await new Rig({ policy: { onset: { echoGuard: false } } }).started();
  const fromMs = rig.clock.now();
  await rig.voice(0.99, 900, CLEAR);
  const endedAtMs = rig.clock.now();
  await rig.voice(0.05, 4500);
  rig.final('Where is my order?', fromMs);
  await rig.voice(0.05, 3000);
  assert.equal(rig.of('waitFilled')[0]?.kind, 'filler');
  assert.ok(Math.max(...silencesMs(rig, endedAtMs)) <= PROMISE_MS);
  assert.equal(rig.callerWords, 'Where is my order?');
  assert.equal(rig.of('agentSpoke').length, 1);
});

test('a noise that the recogniser has listened to is filled with nothing', async () => {
  const rig = await new Rig({ policy: { onset: { echoGuard: false } } }).started();
  const fromMs = rig.clock.now();
  await rig.voice(0.99, 900, CLEAR);
  rig.noWords(fromMs);
  await rig.voice(0.05, 9000);
  assert.equal(rig.of('waitFilled').length, 0);
  assert.equal(rig.conversation.state, 'listening');
});

test('who speaks on, or hangs up, silences what fills the wait for words', async () => {
  const rig = await new Rig({ policy: { onset: { echoGuard: false } } }).started();
  await rig.voice(0.99, 900, CLEAR);
  await rig.voice(0.05, 2800);
  assert.equal(rig.of('waitFilled').length, 1);
  await rig.voice(0.99, 300, CLEAR);
  assert.equal(rig.of('stop').at(-1)?.cause, 'voice');
  const frames = rig.of('frame').length;
  await rig.voice(0.99, 300, CLEAR);
  assert.equal(rig.of('frame').length, frames);
  await rig.voice(0.05, 2900);
  rig.conversation.close('hung up');
  await rig.clock.advance(5000);
  assert.equal(rig.log.at(-1)?.type, 'ended');
});

test('who meets a throttled model, or one that is not asked now, is not asked to say it again at once', async () => {
  for (const code of ['model.throttled', 'model.away'] as const) {
    const rig = await new Rig().started();
    rig.script = () => [new DependencyError(code, 'Too many requests.')];
    await rig.says('Where is my order?');
    await rig.clock.advance(6000);
    assert.equal(rig.of('agentSpoke').at(-1)?.heardText, PHRASES.giveUp);
    assert.equal(rig.callerWords, 'Where is my order?', 'what was asked stays on record, for the next answer');
  }
});

test('an apology after half a sentence does not run into it', async () => {
  const rig = await new Rig().started();
  rig.script = () => [text('Your tent is packed, and'), new Error('cut off')];
  await rig.says('Where is my order?');
  await rig.clock.advance(9000);
  const said = rig.of('frame').map(({ speech }) => speech);
  const apology = said.indexOf(STANDBY_SPEECH);
  assert.deepEqual(said.slice(apology - 15, apology), Array(15).fill(0));
  assert.equal(rig.of('agentSpoke').at(-1)?.heardText, `Your tent is packed, and ${PHRASES.apology}`);
});

test('the button silences what fills the wait for words, too', async () => {
  const rig = await new Rig({ policy: { onset: { echoGuard: false } } }).started();
  await rig.voice(0.99, 900, CLEAR);
  await rig.voice(0.05, 2800);
  assert.equal(rig.of('waitFilled').length, 1);
  rig.conversation.interrupt();
  assert.equal(rig.of('stop').at(-1)?.cause, 'command');
});
