import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isBackchannel } from './backchannel.ts';
import { completeness } from './completeness.ts';
import { languageFor } from './language.ts';

const en = languageFor('en-US');

/** Written after the lexicon, to see what it is worth on sentences that it was not made for. */
const FINISHED = lines(`
  i ordered a pair of boots last week and they are too small
  can you send me a new invoice
  my card was declined
  the parcel never arrived
  what are your opening hours
  i would like to speak to someone in sales
  how much does it cost to return it
  is there a later flight on tuesday
  it was delivered to the wrong address
  yes that's my account
  no i already did that
  nothing else thanks
  can i pay with a gift card
  book a table for four at eight o'clock
  i don't know
  about two weeks ago
  john smith
  do you have it in a larger size
  when does the store close
  could you repeat that
  it's leaking everywhere
  who should i talk to about a refund
  i haven't received anything
  that's what it says on the box
  tell me how it works
  where do i send it
  i want you to cancel it
  what is that for
  i'll take it
  neither of them works
  good morning i have a question about my bill`);
const UNFINISHED = lines(`
  i ordered a pair of boots last week and
  can you send me a
  my card was
  the parcel that i
  what are your
  i would like to speak to someone in
  how much does it cost to
  is there a later flight on
  it was delivered to the
  yes that's my
  no i already did that but
  can i pay with
  book a table for
  i don't know if
  about two weeks ago i
  my name is john and my account number is
  do you have it in
  when does the
  could you
  the screen stays black when
  who should i talk to about
  it's not working because
  i haven't received the
  i've been waiting for
  tell me how
  he told me to
  my phone number is oh seven seven
  it's order number four two
  hang on i've got it here
  so what happened was
  the confirmation code is b seven
  we were supposed to get
  well the thing is
  i need it before`);

test('of a finished and an unfinished sentence, the finished one is nearly always told as such', () => {
  const finished = FINISHED.map((words) => completeness(words, en));
  const unfinished = UNFINISHED.map((words) => completeness(words, en));
  const pairs = finished.flatMap((high) => unfinished.map((low) => (high > low ? 1 : high === low ? 0.5 : 0)));
  const share = pairs.reduce((sum: number, pair) => sum + pair, 0) / pairs.length;
  assert.ok(share > 0.95, `right in ${share.toFixed(3)} of the pairs`);
  assert.deepEqual(
    FINISHED.filter((words) => completeness(words, en) < 0.5),
    [],
    'a finished sentence that is held makes the agent slow',
  );
});

test('words that cannot end a sentence hold the turn, whatever full stop the recogniser sets', () => {
  for (const words of ['I want to send it back and', 'Please deliver it to the', 'My number is', 'I called because']) {
    for (const mark of ['', '.', ',', '…', ' -']) {
      assert.ok(completeness(words + mark, en) < 0.25, `${words}${mark}: ${completeness(words + mark, en)}`);
    }
  }
});

test('a filler at the end holds the turn, one before an answer does not', () => {
  for (const words of ['My number is, um', 'Can you, uh,', 'I think it was ummm', 'Um.', 'er, uh']) {
    assert.ok(completeness(words, en) < 0.2, words);
  }
  for (const words of ['Um, yes.', 'uh no', 'um next Tuesday']) assert.ok(completeness(words, en) > 0.65, words);
});

test('short answers and goodbyes are finished at once', () => {
  for (const words of [
    'Yes.',
    'no',
    'No thanks',
    'thank you',
    'goodbye',
    "that's all",
    'Cancel it please',
    'Yes, it is',
  ]) {
    assert.ok(completeness(words, en) > 0.8, words);
  }
});

test('prepositions and auxiliaries end a question that leaves them behind, and nothing else', () => {
  for (const words of ['where are you from', 'what is it about', 'can you tell me what my number is']) {
    assert.ok(completeness(words, en) > 0.6, words);
  }
  for (const words of ['what is the status of', 'i am calling from', 'what i wanted to ask is', 'my number is']) {
    assert.ok(completeness(words, en) < 0.3, words);
  }
});

test('a number that is dictated is open until it is long', () => {
  const dictated = ['one', 'one oh', 'one oh four', 'one oh four two', '425 819', '425 819 3307'];
  const likely = dictated.map((digits) => completeness(`my number is ${digits}`, en));
  assert.ok(Math.max(...likely.slice(0, 3)) < 0.3, likely.join(' '));
  assert.ok((likely[3] ?? 1) <= 0.5 && (likely[5] ?? 0) > 0.7, likely.join(' '));
  assert.ok((likely[4] ?? 1) < 0.3, 'the second of a telephone number’s three groups has ended');
  assert.ok(completeness('it is spelled s m', en) < 0.4);
  assert.ok(completeness('What is the status of order 1042?', en) > 0.7, 'said as one figure');
  assert.ok(completeness('i would like the blue one', en) > 0.6, 'no figure at all');
});

test('a mark moves what is undecided: a question mark and a full stop up, a comma and a broken-off end down', () => {
  const of = (mark: string) => completeness(`i would like the blue shoes${mark}`, en);
  assert.ok(of('?') > of('.') && of('.') > of('') && of('') > of(',') && of(',') > of('...'));
  assert.ok(completeness('I ordered shoes. And', en) < 0.1, 'only the last sentence counts');
});

test('listeners take no floor by acknowledgements, alone, doubled or mixed with fillers', () => {
  const acknowledgements = lines(`
    mhm
    Mm-hmm.
    mmmm
    uh-huh
    Uh huh, okay.
    Okay
    O.K.
    right, right
    Yeah yeah, I see
    Um, sure
    got it
    All right.
    That’s right`);
  assert.deepEqual(
    acknowledgements.filter((words) => !isBackchannel(words, en)),
    [],
  );
});

test('whatever says more than that takes the floor', () => {
  const taking = lines(`
    no
    stop
    wait
    okay stop
    yeah but
    right now
    uh-huh, and when
    I see a problem
    hold on
    what
    sorry
    yes I want to change it`);
  assert.deepEqual(
    taking.filter((words) => isBackchannel(words, en)),
    [],
  );
  for (const nothing of ['', '  ', '…', '?!']) assert.equal(isBackchannel(nothing, en), false);
});

test('whatever the words are, the answer is a probability, and letters’ case changes nothing', () => {
  const word = fc.constantFrom(
    'and',
    'um',
    'is',
    'what',
    'my',
    'number',
    'two',
    '42',
    'yes',
    'it',
    'a',
    'from',
    '.',
    ',',
  );
  const text = fc.oneof(
    fc.string(),
    fc.array(word, { maxLength: 8 }).map((words) => words.join(' ')),
  );
  const locale = fc.constantFrom('en', 'de', 'fr', 'es', 'it', 'pt', 'nl', 'xx');
  fc.assert(
    fc.property(text, locale, (words, code) => {
      const likely = completeness(words, languageFor(code));
      assert.ok(likely >= 0 && likely <= 1, `${likely}`);
      isBackchannel(words, languageFor(code));
    }),
  );
  assert.equal(completeness('MY NUMBER IS', en), completeness('my number is', en));
});

function lines(text: string): string[] {
  return text
    .trim()
    .split('\n')
    .map((line) => line.trim());
}

test('a question that ends in its own verb, or is no longer than three words, is not waited out', () => {
  for (const whole of ['what else can you do', 'what can you do']) assert.ok(completeness(whole, en) > 0.6, whole);
  for (const likely of ['who are you', 'where are you']) assert.ok(completeness(likely, en) >= 0.5, likely);
  for (const begun of ['what else can you', 'are you', 'what do you']) assert.ok(completeness(begun, en) < 0.6, begun);
});

test('a verb that wants an object is waited for, unless a question has it in front', () => {
  for (const begun of ['could you check', 'i would like to book', 'can i add', 'i have to send']) {
    assert.ok(completeness(begun, en) < 0.3, begun);
  }
  for (const whole of ['how long does the repair take', 'what do you need', 'tell me what i should bring']) {
    assert.ok(completeness(whole, en) > 0.6, whole);
  }
});

test('who takes a word back goes on, who excuses himself has said all', () => {
  assert.ok(completeness('the blue one sorry', en) < 0.2);
  for (const whole of ['sorry', 'yes sorry', "i'm sorry"]) assert.ok(completeness(whole, en) > 0.6, whole);
});
