import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BrowserMessage } from '../shared/protocol/browser.ts';
import { tell } from './dialogue.ts';
import { spentText } from './spent.ts';
import { begin, change, EMPTY_TRANSCRIPT, end, withDialogue } from './transcript.ts';

type Spent = Extract<BrowserMessage, { type: 'call_spent' }>;

const spent = (cost: Spent['cost'], unknown?: Record<string, number>): Spent => ({
  type: 'call_spent',
  totals: [
    {
      service: 'chat-model',
      model: 'mini',
      used: { requests: 2, input_tokens: 1200, cached_input_tokens: 34, output_tokens: 56 },
      ...(unknown && { unknown }),
    },
    { service: 'speech-recognition', used: { audio_seconds: 61.4 } },
    { service: 'speech-synthesis', model: 'ava', used: { characters: 812, audio_seconds: 48 } },
  ],
  cost,
});

test('what a talk has used and cost is one line', () => {
  assert.equal(
    spentText(spent({ currency: 'USD', total: 0.031, at_least: 0.031 })),
    'Used: 1,234 tokens in, 56 out; 61 s listened to; 812 characters spoken; 0.03 USD',
  );
});

test('what is not known is said to be so, and never free', () => {
  assert.match(spentText(spent(null)), /no prices set up$/);
  assert.match(
    spentText(spent({ currency: 'USD', total: null, at_least: 0.002 }, { output_tokens: 1 })),
    /some of it not counted by the service; at least 0\.002000 USD, the rest unknown$/,
  );
});

test('it stands at the end of a talk, once, with the last that was told', () => {
  let transcript = begin(EMPTY_TRANSCRIPT, { kind: 'talk', title: 'Talk', startedAt: 0, sessionId: 's' });
  for (const total of [0.01, 0.02]) {
    const message = spent({ currency: 'EUR', total, at_least: total });
    transcript = change(transcript, 1, (part) => withDialogue(part, tell(part.dialogue, message, 1)));
  }
  assert.equal(transcript.parts[0]?.dialogue.lines.length, 0, 'nothing of it is shown meanwhile');
  transcript = change(transcript, 1, (part) => end(part, 'Ended.', 2));
  const notes = transcript.parts[0]?.dialogue.lines.map(({ text }) => text) ?? [];
  assert.equal(notes.length, 2);
  assert.match(notes[1] ?? '', /0\.02 EUR$/);
});
