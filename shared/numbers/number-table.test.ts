import assert from 'node:assert/strict';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { NumberTable } from './number-table.ts';

const ACCOUNT = '1c0a8b3e-5d5f-4a4e-9c57-3d1f6f0e2a11';
const read = (text: string) => NumberTable.parse('numbers.yaml', text);

test('a number, or an account of Teams however it is written, leads to its agent', () => {
  const table = read(`
numbers:
  "+15550101": { agent: orders, mode: media, language: de-DE, recording: true }
  ${ACCOUNT.toUpperCase()}: { agent: desk }
`);
  const orders = { agent: 'orders', mode: 'media', language: 'de-DE', recording: true };
  assert.deepEqual(table.find('+15550101'), orders);
  assert.deepEqual(table.find(`28:orgid:${ACCOUNT}`), { agent: 'desk' });
  assert.equal(table.find('+15550102'), undefined);
  assert.equal(table.size, 2);
});

test('without the file, and with one that lists nothing, the table is empty', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-numbers-'));
  assert.equal(NumberTable.read(folder).size, 0);
  await writeFile(join(folder, 'numbers.yaml'), '# nothing yet\nnumbers:\n');
  assert.equal(NumberTable.read(folder).size, 0);
  assert.equal(read('').size, 0);
});

const FAULTS: readonly (readonly [text: string, told: RegExp])[] = [
  ['numbers: [1', /^numbers\.yaml is no valid YAML: /],
  ['numbers: { "+1555": orders }', /^numbers\.yaml: numbers\."\+1555": /],
  ['numbers: { "+1555": {} }', /^numbers\.yaml: numbers\."\+1555"\.agent: /],
  ['numbers: { "+1555": { agent: orders, mode: video } }', /numbers\."\+1555"\.mode: /],
  ['numbers: { "+1555": { agent: orders, language: german } }', /numbers\."\+1555"\.language: .*region/],
  ['numbers: { "+1555": { agent: orders, recording: yes please } }', /\.recording: must be true or false/],
  ['numbers: { "+1555": { agent: orders, greeting: Hi } }', /numbers\."\+1555": there is no greeting/],
  ['numbers: { "0555 123": { agent: orders } }', /numbers: "0555 123" must be a number in E\.164/],
  ['phones: {}', /there is no phones/],
  ['numbers:\n  "+1555": { agent: a }\n  "+1555": { agent: b }', /is no valid YAML: .*unique/],
  [`numbers:\n  ${ACCOUNT}: { agent: a }\n  "28:orgid:${ACCOUNT}": { agent: b }`, /stands there twice/],
];
for (const [text, told] of FAULTS) {
  test(`a fault of the table is named in a line: ${text.split('\n')[0]}`, () => {
    assert.throws(() => read(text), { name: 'ConfigError', message: told });
  });
}

test('what the table asks for and is not there is told, a line for each', () => {
  const table = read(`
numbers:
  "+15550101": { agent: nobody }
  "+15550102": { agent: orders, language: fr-FR, mode: voice_live }
  "+15550103": { agent: orders, language: en-US, mode: media }
`);
  const agents = [{ name: 'orders', languages: ['en-US', 'de-DE'] }];
  assert.deepEqual(table.problems(agents), [
    'numbers.yaml: numbers."+15550101".agent: there is no agent "nobody". There are: orders.',
    'numbers.yaml: numbers."+15550102".language: orders does not speak fr-FR. It has: en-US, de-DE.',
  ]);
  assert.deepEqual(table.modes, [
    { where: 'numbers.yaml: numbers."+15550102".mode', mode: 'voice_live' },
    { where: 'numbers.yaml: numbers."+15550103".mode', mode: 'media' },
  ]);
});
