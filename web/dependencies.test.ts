import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dependenciesIn, figuresOf, isTrouble, type PageDependency, summaryOf, titleOf } from './dependencies.ts';

const fine: PageDependency = { name: 'redis', state: 'accepted', latencyMs: 3, ageMs: 12_400 };
const unset: PageDependency = { name: 'call-records', state: 'not configured' };
const refused: PageDependency = { name: 'chat-model', state: 'refused', advice: 'Check AZURE_OPENAI_API_KEY.' };

test('the chip says nothing while all is well, names the one that fails, and counts more than one', () => {
  assert.equal(summaryOf([fine, unset]), '');
  assert.equal(summaryOf([fine, refused]), 'Language model: refused');
  assert.equal(summaryOf([refused, { ...fine, state: 'unreachable' }]), '2 services fail');
  assert.deepEqual([fine, unset, refused].map(isTrouble), [false, false, true]);
});

test('each service is told with what is known of it', () => {
  assert.equal(figuresOf(fine), '3 ms · 12 s ago');
  assert.equal(figuresOf({ ...fine, name: 'stream-hosts', count: 2 }), '2 alive · 3 ms · 12 s ago');
  assert.equal(figuresOf(unset), '');
  assert.equal(titleOf({ name: 'of-a-later-release', state: 'accepted' }), 'of-a-later-release');
  const live: PageDependency = { name: 'realtime', service: 'Azure Voice Live', state: 'accepted' };
  assert.equal(figuresOf(live), 'Azure Voice Live');
});

test('an answer that is none is no news of the services', () => {
  assert.equal(dependenciesIn(undefined), undefined);
  assert.equal(dependenciesIn({ error: { code: 'auth.token-missing' } }), undefined);
  assert.deepEqual(dependenciesIn({ dependencies: [fine] }), [fine]);
});
