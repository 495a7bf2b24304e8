import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RespCommands, RespError, respCommand } from './resp-commands.ts';

const part = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
const command = fc.tuple(fc.stringMatching(/^[a-zA-Z]{1,12}$/), fc.array(part, { maxLength: 5 }));

test('commands are found again wherever the pieces that come are cut, byte for byte', () => {
  fc.assert(
    fc.property(fc.array(command, { minLength: 1, maxLength: 6 }), fc.array(fc.nat(50)), (commands, cuts) => {
      const sent = commands.map(([name, args]) => respCommand(name, ...args));
      const reader = new RespCommands();
      const found = pieces(Buffer.concat(sent), cuts).flatMap((piece) => [...reader.read(piece)]);
      assert.deepEqual(
        found.map(({ name, args }) => [name, ...args]),
        commands.map(([name, args]) => [name.toUpperCase(), ...args]),
      );
      assert.deepEqual(
        found.map(({ bytes }) => bytes),
        sent,
      );
    }),
  );
});

test('what is no command is refused and not waited for', () => {
  for (const text of [
    'GET key\r\n',
    '*0\r\n',
    '*-1\r\n',
    '*2\r\n+OK\r\n',
    '*1\r\n$-1\r\n',
    `*${'1'.repeat(40)}`,
    '*x\r\n',
  ]) {
    assert.throws(() => [...new RespCommands().read(Buffer.from(text))], RespError, text);
  }
});

function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const found: Buffer[] = [];
  let at = 0;
  for (const cut of cuts) {
    found.push(bytes.subarray(at, at + cut));
    at += cut;
  }
  return [...found, bytes.subarray(at)];
}
