import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { createLogView } from './log-lines.ts';

/** What a terminal gets for a line of a process. */
function shown(line: string, colours = false): string {
  let text = '';
  createLogView((written) => {
    text += written;
  }, colours).show('functions', line);
  return text;
}

const lineOf = (fields: Record<string, unknown>) =>
  shown(JSON.stringify({ level: 30, time: 0, name: 'functions', ...fields }));

test('a line has the process, the ids of session and call, the message and the rest', () => {
  const line = lineOf({ session: 's-1', call: 'c-1', msg: 'the call is over', code: 200 });
  assert.match(line, /INFO.* functions {3}session=s-1 call=c-1 the call is over \{"code":200\}\n$/);
});

test('no id, text or name of a field can break a line or reach the terminal as a command (Lesser: start/log-lines.ts)', () => {
  const evil = 'x\n12:00:00.000 FATAL: forged\r\u001b[2J\u001b]0;title\u0007\u009b31m\u2028\u202ereversed\u007f';
  const nested = { [evil]: [evil, { [evil]: evil }] };
  for (const fields of [
    { session: evil },
    { call: evil },
    { name: evil },
    { other: evil },
    nested,
    { reason: nested },
  ]) {
    const text = lineOf({ msg: 'm', ...fields });
    assert.equal(text.split('\n').length, 2, JSON.stringify(text));
    assertNoControls(text);
  }
  const plain = shown(evil.replaceAll('\n', ' '));
  assert.equal(plain.split('\n').length, 2);
  assertNoControls(plain);
});

test('a message and a stack may have several lines, none of which passes for one of the log (Lesser: start/log-lines.ts)', () => {
  const evil = 'first\n12:00:00.000 FATAL: forged\u001b[2J';
  for (const fields of [{ msg: evil }, { msg: 'm', err: { type: 'Error', message: evil, stack: evil } }]) {
    const [first = '', ...more] = lineOf(fields).trimEnd().split('\n');
    assert.match(first, /INFO/);
    assert.ok(more.length > 0);
    for (const line of more) assert.match(line, /^ {4}/);
    assertNoControls(lineOf(fields));
  }
});

test('an output is shown line by line, whatever a process writes', async () => {
  const lines: string[] = [];
  const view = createLogView((line) => lines.push(line), false);
  const output = new PassThrough();
  view.follow('emulator', output);
  output.end('{"level":40,"time":0,"name":"emulator","msg":"one"}\nno json\u001b[2J\n{"broken\n');
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(
    lines.map((line) => line.slice(line.indexOf(' emulator'))),
    [' emulator    one\n', ' emulator    no json\\u001b[2J\n', ' emulator    {"broken\n'],
  );
});

function assertNoControls(text: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
  assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u202e]/);
}
