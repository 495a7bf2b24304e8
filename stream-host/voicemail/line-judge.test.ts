import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Evidence, judgeAgain, judgeLine } from './line-judge.ts';

const NOTHING: Evidence = {
  nowMs: 0,
  firstSoundMs: undefined,
  soundMs: 0,
  silentMs: Number.POSITIVE_INFINITY,
  longestGapMs: 0,
  text: '',
  tones: [],
};

/** Somebody says something from 200 ms on, as the recogniser has it by then. */
function verdictOn(text: string, soundMs: number, silentMs: number) {
  const nowMs = 200 + soundMs + silentMs;
  return judgeLine({ ...NOTHING, nowMs, firstSoundMs: 200, soundMs, silentMs, text })?.verdict;
}

test('nothing is said of a line on which nobody has said anything, but after ten seconds', () => {
  assert.equal(judgeLine({ ...NOTHING, nowMs: 9900 }), undefined);
  assert.deepEqual(judgeLine({ ...NOTHING, nowMs: 10_000 }), { verdict: 'unsure', reason: 'silence' });
});

test('who says hello and waits is human, with and without words', () => {
  assert.equal(verdictOn('Hello?', 500, 700), undefined);
  assert.equal(verdictOn('Hello?', 500, 1300), 'human');
  assert.equal(verdictOn('', 700, 1300), 'human');
  assert.equal(verdictOn('Miller residence.', 1200, 1300), 'human');
});

test('a firm’s whole sentence is no machine', () => {
  const text = 'Good morning, thank you for calling Bright Dental, this is Amy, how may I help you?';
  assert.equal(verdictOn(text, 3400, 600), 'human');
  assert.equal(verdictOn('Good morning, thank you for calling Bright Dental, this is', 3900, 0), 'unsure');
  assert.equal(verdictOn('You have reached the front desk, Kate', 3900, 0), 'unsure');
  assert.equal(verdictOn('You’ve reached the front desk, Kate speaking, how can I help you?', 3300, 600), 'human');
});

test('a person who cannot talk now, or takes a message, is no machine', () => {
  for (const text of [
    'Hello? I’m driving, can I call you back?',
    'She’s not available right now, can I take a message?',
    'Hang on a second, I’m in a meeting.',
    'Yes, who is this?',
  ]) {
    assert.equal(verdictOn(text, 2600, 1300), 'human', text);
  }
});

test('a person who offers to take a message is no machine: he was hung up on for the words "leave a message"', () => {
  for (const text of [
    'Doctor Miller’s office, he’s not in, would you like to leave a message?',
    'She’s in a meeting, could you leave your number?',
    'Do you want to leave a message for him?',
    'He’s away today, I can put you through to his voicemail',
    'Would you like his voicemail?',
  ]) {
    assert.equal(verdictOn(text, 2600, 1300), 'human', text);
    const later = { ...NOTHING, nowMs: 12_000, firstSoundMs: 200, soundMs: 6000, silentMs: 700, text };
    assert.notEqual(judgeAgain(later, 'unsure')?.verdict, 'voicemail', text);
  }
});

test('a menu that has a message among its options is a menu: it became a mailbox in the middle, and was hung up on', () => {
  const menu = { ...NOTHING, nowMs: 9000, firstSoundMs: 200, soundMs: 8000, silentMs: 0 };
  for (const option of ['To leave a message', 'If you would like to leave your name and number', 'For voicemail']) {
    assert.equal(verdictOn(`${option}, press two.`, 2000, 0), 'menu', option);
    const text = `For sales, press one. ${option}, press two. For`;
    assert.equal(judgeAgain({ ...menu, text }, 'menu')?.verdict, 'menu', option);
  }
  const text = 'For sales, press one. Nobody can take your call. Please leave a message after the tone.';
  assert.equal(judgeAgain({ ...menu, text }, 'menu')?.verdict, 'voicemail');
});

const TEXTS: readonly (readonly [verdict: string, text: string])[] = [
  ['voicemail', 'Hi, this is Dan. I can’t come to the phone right now'],
  ['voicemail', 'Please leave your name and number after the beep.'],
  ['voicemail', 'Your call has been forwarded to an automated voice messaging system'],
  ['voicemail', 'The person you are calling is not available. Please leave a message'],
  ['voicemail', 'This is Dan, feel free to leave me a message'],
  ['voicemail', 'To leave a message, please wait for the tone'],
  ['unavailable', 'The number you have dialed is not in service'],
  ['unavailable', 'We’re sorry, your call cannot be completed as dialed'],
  ['menu', 'Thank you for calling Acme. For sales, press one.'],
  ['menu', 'Please listen carefully as our menu options have changed'],
];

for (const [verdict, text] of TEXTS) {
  test(`"${text}" is ${verdict} as soon as it is heard`, () => {
    assert.equal(verdictOn(text, 2000, 0), verdict);
  });
}

test('a long sound without words behind a menu is a telephone that rings, and no beep of whoever connects us', () => {
  const ring = [{ hz: 425, startMs: 2600, endMs: 3590 }];
  const heard = { ...NOTHING, nowMs: 3820, firstSoundMs: 200, soundMs: 3000, silentMs: 220, tones: ring };
  const text = 'Please hold while I connect you.';
  assert.equal(judgeLine({ ...heard, text, wordlessMs: 1000 }), undefined);
  assert.equal(judgeLine({ ...heard, text, wordlessMs: 600 })?.reason, 'beep');
  assert.equal(judgeLine({ ...heard, text, wordlessMs: 600, silentMs: 0, nowMs: 3600 }), undefined, 'it may go on');
  assert.equal(judgeLine({ ...heard, text })?.reason, 'beep');
});

test('in another language a greeting is judged by its rhythm and its beep', () => {
  assert.equal(verdictOn('Müller, guten Tag?', 1500, 1300), 'human');
  const tones = [{ hz: 1000, startMs: 4300, endMs: 4700 }];
  const heard = { ...NOTHING, nowMs: 4800, firstSoundMs: 200, soundMs: 4400, silentMs: 100, tones };
  const text = 'Bitte hinterlassen Sie eine Nachricht nach dem Ton.';
  assert.equal(judgeAgain({ ...heard, text }, 'unsure')?.reason, 'beep');
});

test('who pauses and answers the agent is human, and a machine that pauses is none', () => {
  const answers = { ...NOTHING, nowMs: 4200, firstSoundMs: 200, soundMs: 3000, silentMs: 0, longestGapMs: 900 };
  assert.equal(judgeLine({ ...answers, text: 'Service desk, this is Sam. All right' })?.verdict, 'human');
  assert.equal(judgeLine({ ...answers, text: 'You have reached Sam. I will' })?.verdict, 'unsure');
  assert.equal(judgeLine({ ...answers, text: 'This is Sam and this is', longestGapMs: 700 })?.verdict, 'unsure');
});

test('it is decided within four seconds of the first sound, whatever is said', () => {
  const decided = verdictOn('the quick brown fox jumps over the lazy dog and then it', 3900, 0);
  assert.equal(decided, 'unsure');
});

test('a beep after a speech is a mailbox, and one before it is nothing yet', () => {
  const tone = { hz: 1000, startMs: 2300, endMs: 2700 };
  const heard = { ...NOTHING, nowMs: 2800, firstSoundMs: 200, soundMs: 2400, silentMs: 100, tones: [tone] };
  assert.deepEqual(judgeLine(heard), { verdict: 'voicemail', reason: 'beep' });
  assert.equal(judgeLine({ ...heard, soundMs: 500 }), undefined);
});

test('the tones of the network say that nobody can be had', () => {
  const sit = [950, 1400, 1800].map((hz, i) => ({ hz, startMs: i * 330, endMs: (i + 1) * 330 }));
  const busy = [0, 1, 2].map((i) => ({ hz: 425, startMs: i * 960, endMs: i * 960 + 480 }));
  for (const tones of [sit, busy]) {
    const soundMs = tones.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
    const evidence = { ...NOTHING, nowMs: 3000, firstSoundMs: 0, soundMs, silentMs: 100, tones };
    assert.deepEqual(judgeLine(evidence), { verdict: 'unavailable', reason: 'network-tone' });
  }
});

test('three words before a beep are a mailbox: "Leave a message.", which was heard as something else', () => {
  const beep = [{ hz: 440, startMs: 1450, endMs: 2250 }];
  const heard = { ...NOTHING, nowMs: 2300, firstSoundMs: 0, soundMs: 1900, silentMs: 50, tones: beep };
  assert.deepEqual(judgeLine({ ...heard, text: 'I believe the message.' }), { verdict: 'voicemail', reason: 'beep' });
  assert.equal(judgeLine({ ...heard, soundMs: 1400, text: 'Hello?' }), undefined);
});

test('of a line that nobody was sure about, words, a beep and a long formal speech still tell', () => {
  const later = { ...NOTHING, nowMs: 12_000, firstSoundMs: 200, soundMs: 10_000, silentMs: 0 };
  assert.equal(judgeAgain({ ...later, text: 'and so on and so on' }, 'unsure'), undefined);
  assert.equal(judgeAgain({ ...later, text: 'so leave a message' }, 'unsure')?.verdict, 'voicemail');
  assert.equal(judgeAgain({ ...later, text: 'you have reached Dan' }, 'unsure')?.verdict, 'voicemail');
  assert.equal(
    judgeAgain({ ...later, tones: [{ hz: 900, startMs: 11_500, endMs: 11_940 }] }, 'unsure')?.reason,
    'beep',
  );
  const asks = { ...later, silentMs: 700, text: 'you have reached Dan, how can I help you' };
  assert.equal(judgeAgain(asks, 'unsure')?.verdict, 'human');
  const listens = { ...later, soundMs: 4000, silentMs: 3000, text: 'service desk this is sam' };
  assert.equal(judgeAgain(listens, 'unsure')?.verdict, 'human');
  assert.equal(judgeAgain(listens, 'voicemail'), undefined);
});

test('the tones before an announcement are no beep after it', () => {
  const tones = [950, 1400, 1800].map((hz, i) => ({ hz, startMs: i * 330, endMs: (i + 1) * 330 }));
  const evidence = { ...NOTHING, nowMs: 6000, firstSoundMs: 0, soundMs: 5000, silentMs: 0, tones };
  assert.equal(judgeAgain(evidence, 'unavailable'), undefined);
});
