import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { ConfigError } from '../errors.ts';
import { PriceTable } from './price-table.ts';
import { modelUsage } from './usage.ts';
import { UsageTotals } from './usage-totals.ts';

const source = 'https://prices.example';
const table = (...prices: object[]) =>
  new PriceTable({ currency: 'USD', prices: prices.map((price) => ({ date: '2026-11-01', source, ...price })) });
const chat = { service: 'chat-model', per: 1_000_000 };

test('each token is counted under one unit: what was cached, and what was sound, is not counted again', () => {
  const tokens = { input: 100, output: 30, cached: 40, inputAudio: 50, cachedAudio: 10, outputAudio: 20 };
  const { used } = modelUsage('realtime', 'gpt-realtime', tokens);
  assert.deepEqual(used, {
    requests: 1,
    input_tokens: 20,
    cached_input_tokens: 30,
    output_tokens: 10,
    input_audio_tokens: 40,
    cached_input_audio_tokens: 10,
    output_audio_tokens: 20,
  });
});

test('uses are added up by service and model', () => {
  const totals = new UsageTotals();
  totals.add(modelUsage('chat-model', 'mini', { input: 100, output: 5 }));
  totals.add(modelUsage('chat-model', 'mini', { input: 50, output: 5 }));
  totals.add(modelUsage('chat-model', 'large', { input: 7, output: 1 }));
  totals.add({ service: 'speech-synthesis', model: 'ava', used: { characters: 12, audio_seconds: 0.1 } });
  totals.add({ service: 'speech-synthesis', model: 'ava', used: { characters: 8, audio_seconds: 0.2 } });
  assert.deepEqual(totals.all, [
    { service: 'chat-model', model: 'mini', used: { requests: 2, input_tokens: 150, output_tokens: 10 } },
    { service: 'chat-model', model: 'large', used: { requests: 1, input_tokens: 7, output_tokens: 1 } },
    { service: 'speech-synthesis', model: 'ava', used: { characters: 20, audio_seconds: 0.3 } },
  ]);
});

test('what nobody told is unknown, and never zero: neither in the totals nor in the cost', () => {
  const totals = new UsageTotals();
  totals.add(modelUsage('chat-model', 'mini', { input: 1_000_000, output: 0 }));
  totals.add(modelUsage('chat-model', 'mini', undefined));
  const [total] = totals.all;
  assert.deepEqual(total?.used, { requests: 2, input_tokens: 1_000_000 });
  assert.deepEqual(total?.unknown, { input_tokens: 1, output_tokens: 1 });
  const prices = table({ ...chat, unit: 'input_tokens', price: 0.25 }, { ...chat, unit: 'output_tokens', price: 2 });
  const cost = prices.cost(totals.all);
  assert.equal(cost.total, null);
  assert.equal(cost.at_least, 0.25);
  assert.deepEqual(cost.unknown, [
    'chat-model/mini: input_tokens of 1 uses was not told',
    'chat-model/mini: output_tokens of 1 uses was not told',
  ]);
});

test('what has no price makes the total unknown, and is named', () => {
  const prices = table({ ...chat, unit: 'input_tokens', price: 0.25 });
  const totals = new UsageTotals();
  totals.add(modelUsage('chat-model', 'mini', { input: 400, output: 10 }));
  const cost = prices.cost(totals.all);
  assert.deepEqual([cost.total, cost.at_least], [null, 0.0001]);
  assert.deepEqual(cost.unknown, ['chat-model/mini: output_tokens has no price']);
});

test('a cost names for each price its day and where it stands; a model’s own goes before that of all', () => {
  const prices = table(
    { ...chat, unit: 'input_tokens', price: 1 },
    { ...chat, model: 'mini', unit: 'input_tokens', price: 0.25, date: '2026-10-02' },
  );
  const totals = new UsageTotals();
  totals.add(modelUsage('chat-model', 'mini', { input: 2_000_000, output: 0 }));
  totals.add(modelUsage('chat-model', 'large', { input: 2_000_000, output: 0 }));
  const { items, total } = prices.cost(totals.all);
  assert.equal(total, 2.5);
  assert.deepEqual(
    items.map(({ model, amount, date }) => [model, amount, date]),
    [
      ['mini', 0.5, '2026-10-02'],
      ['large', 2, '2026-11-01'],
    ],
  );
  assert.equal(items[0]?.source, source);
});

test('a table that cannot be right is refused by name: two prices of one thing, no source, another unit', () => {
  const price = { ...chat, unit: 'input_tokens', price: 1 };
  assert.throws(() => table(price, price), /two prices of chat-model/);
  assert.throws(() => new PriceTable({ currency: 'USD', prices: [price] }), /source/);
  assert.throws(() => table({ ...price, unit: 'words' }), /unit/);
  assert.throws(() => PriceTable.read('/nowhere/prices.yaml'), ConfigError);
});

test('the sample of a price table is one', () => {
  const sample = path.join(import.meta.dirname, '../../docs/call-prices.sample.yaml');
  const { currency } = new PriceTable(parse(readFileSync(sample, 'utf8'))).cost([]);
  assert.equal(currency, 'USD');
});
