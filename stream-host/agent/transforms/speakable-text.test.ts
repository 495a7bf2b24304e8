import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SpeakableText } from './speakable-text.ts';

function spoken(...pieces: readonly string[]): string {
  const text = new SpeakableText();
  return pieces.map((piece) => text.push(piece)).join('') + text.end();
}

const EXAMPLES: readonly [written: string, spoken: string][] = [
  ['**Great news!** Your order is on its way.', 'Great news! Your order is on its way.'],
  ['# Your order\nIt was shipped today.', 'Your order\nIt was shipped today.'],
  ['<think>The caller wants it.</think>\n\nYour number?', 'Your number?'],
  ['[THINK]Hm.[/THINK]Yes.', 'Yes.'],
  ['I see. <think>Never closed', 'I see. '],
  ['Two:\n- One thing\n* *Another* thing\n1. A third', 'Two:\nOne thing\nAnother thing\n1. A third'],
  ['A _nice_ snake_case `code` ~~gone~~.', 'A nice snake case code gone.'],
  ['See [our page](https://example.com/a?b=1) now.', 'See our page now.'],
  ['Go to https://www.example.com/orders?id=1042. Bye.', 'Go to example.com. Bye.'],
  ['Or www.example.org, or mail me@example.org.', 'Or example.org, or mail me@example.org.'],
  ['Well done 👍🏽! 🎉', 'Well done ! '],
  ['Done 1️⃣ 🇩🇪.', 'Done  .'],
  ['<tool_call>{"name": "look", "arguments": {}}</tool_call>', ''],
  ['<function=look>{"a": 1}</function> Done.', 'Done.'],
  ['{"name": "look", "arguments": {"q": "a } \\" {"}}', ''],
  ['[TOOL_CALLS] [{"name": "look"}]', ''],
  ['Like so:\n```json\n{"a": 1}\n```\nThat was it.', 'Like so:\n\nThat was it.'],
  ['| Day | Open |\n|---|---|\n| Monday | nine |', 'Day , Open \nMonday , nine '],
  ['One.\n---\nTwo.', 'One.\nTwo.'],
  ['It is < 5 and > 3, or 3 * 4 = 12.', 'It is < 5 and > 3, or 3 * 4 = 12.'],
  ['It costs $5 &amp; more<br>Next', 'It costs $5 & more\nNext'],
  ['Here【4†source】 it is[^1].<|im_end|>', 'Here it is.'],
  [
    '<|channel|>analysis<|message|>She wants it.<|end|><|start|>assistant<|channel|>final<|message|>Your number?<|return|>',
    'Your number?',
  ],
  ['<|channel|>commentary to=functions.look <|constrain|>json<|message|>{"q": 1}<|call|>', ''],
  ['<|start|>assistant<|channel|>commentary<|message|>Let me look.<|end|>', 'Let me look.'],
  ['<|channel|>analysis<|message|>Hm<|channel|>final<|message|>- Yes.', 'Yes.'],
  ['Your\u0000 or\u202Eder\t7\u2066 is\r\nhere\u0007.\u2069', 'Your order 7 is\nhere.'],
  ['<th\u0000ink>Hm.</think>Yes.', 'Yes.'],
  ['Your order is [interrupted by the caller]', 'Your order is '],
  [
    'Order #1042 has 50% off, "today" (really) - yes: ok; no…',
    'Order #1042 has 50% off, "today" (really) - yes: ok; no…',
  ],
];

for (const [written, expected] of EXAMPLES) {
  test(`what is not for ears is left out of ${JSON.stringify(written)} (speech-reads-markup)`, () => {
    assert.equal(spoken(written), expected);
    assert.equal(spoken(...written), expected, 'letter by letter');
  });
}

const mark = fc.constantFrom(
  '**',
  '*',
  '_',
  '`',
  '```\n',
  '# ',
  '- ',
  '\n',
  ' ',
  '<think>',
  '</think>',
  '<|channel|>',
  'analysis',
  'final',
  'commentary to=x',
  '<|constrain|>',
  '<|message|>',
  '<|end|>',
  '<|start|>',
  '\u202E',
  '<b>',
  '<',
  '>',
  '[',
  ']',
  '(',
  ')',
  '!',
  'https://example.com/a',
  'www.a.org',
  '{"a": 1}',
  '{',
  '"',
  '|',
  '---',
  '👍🏽',
  '🇩🇪',
  '1️⃣',
  'word',
  'Yes.',
  '&amp;',
  '\\',
  '7',
); // prettier-ignore

test('what is spoken does not depend on how the text was cut', () => {
  fc.assert(
    fc.property(fc.array(mark, { maxLength: 12 }), fc.array(fc.nat(7), { minLength: 1 }), (marks, cuts) => {
      const written = marks.join('');
      const pieces: string[] = [];
      for (let at = 0, n = 0; at < written.length; n += 1) {
        const end = at + 1 + (cuts[n % cuts.length] ?? 0);
        pieces.push(written.slice(at, end));
        at = end;
      }
      assert.equal(spoken(...pieces), spoken(written));
    }),
    {
      numRuns: 2000,
      examples: [
        [['<|channel|>', '\n', 'www.a.org', '<|message|>'], [0]],
        [['<|start|>', '<|channel|>', '<|message|>', '---'], [1]],
      ],
    },
  );
});

test('plain sentences pass as they are, each token at once', () => {
  const text = new SpeakableText();
  const tokens = [
    'Your',
    ' order',
    ',',
    ' dear',
    ' caller',
    ',',
    ' is',
    ' on',
    ' its',
    ' way',
    '.',
    ' Größe',
    ' é',
    '.',
  ];
  assert.deepEqual(
    tokens.map((token) => text.push(token)),
    tokens,
  );
});

test('what is kept back is bounded, whatever is opened and never closed', () => {
  for (const opened of ['<think>', '[', '<a href="', 'https://', '{"', '```\n', '【', '| ']) {
    const text = new SpeakableText();
    let out = text.push(opened).length;
    for (let n = 0; n < 2000; n += 1) out += text.push('word ').length;
    const last = text.end().length;
    assert.ok(last < 700, `${opened} kept ${last}`);
    assert.ok(out >= 0);
  }
});
