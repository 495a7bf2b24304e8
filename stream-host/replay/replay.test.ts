import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, suite, test } from 'node:test';
import { promisify } from 'node:util';
import { HurriedClock } from '../../test/soak/hurried-clock.ts';
import { InputLines, type RecordedCall, recordCall, runsOf } from '../../test/soak/recorded-call.ts';
import { Rig, text } from '../conversation/testing/rig.ts';
import { newsItem } from '../session/call-news.ts';
import { replay as replayCommand } from './command.ts';
import { type Outcome, Player, type PlayOptions } from './player.ts';

const folder = await mkdtemp(path.join(tmpdir(), 'parley-replay-'));
after(() => rm(folder, { recursive: true }));

/** A virtual call with a caller who cuts in, and one in which model, voice and recogniser fail. */
const CALM = 11;
const TROUBLED = [4, 6];
const calm = recordCall(CALM);

async function play(record: string, options?: PlayOptions): Promise<Outcome> {
  const [run, ...others] = await runsOf(record);
  assert.ok(run && others.length === 0);
  assert.equal(run.isWhole, true);
  return new Player(run, options).play();
}

async function replay(record: string, ...options: string[]) {
  const file = path.join(folder, 'record.jsonl');
  await writeFile(file, record);
  return run(file, ...options);
}

async function run(...args: string[]): Promise<{ readonly code: number; readonly said: string }> {
  const lines: string[] = [];
  const say = (line: string) => void lines.push(`${line}\n`);
  const code = await replayCommand(args, { log: say, error: say }, folder);
  return { code, said: lines.join('') };
}

function assertSame({ text }: RecordedCall, outcome: Outcome, least = 50): void {
  assert.deepEqual([outcome.difference, outcome.guessed], [undefined, undefined]);
  assert.ok(outcome.decisions >= least, `${outcome.decisions} decisions in ${text.length} bytes are no trial`);
  assert.match(text, /"k":"told","item":[^\n]*"by":"service"/, 'something was done with the call');
}

suite('a recorded call is played again', () => {
  test('interruptions, coughs, and faults of model, voice and ear are decided the same, to the microsecond', async () => {
    for (const seed of TROUBLED) {
      const recorded = await recordCall(seed);
      assert.ok(recorded.report.interruptions + recorded.report.faults > 3);
      assertSame(recorded, await play(recorded.text));
    }
  });

  test('so they are where several things come at once, and late, as on a real machine', async () => {
    const calls = await Promise.all([153, 312].map((seed) => recordCall(seed, new HurriedClock(20))));
    // On a busy machine little happens in them.
    for (const recorded of calls) assertSame(recorded, await play(recorded.text), 10);
  });

  test('another time of endpointing is found, and the first event that it changes is named with both times', async () => {
    const recorded = await calm;
    assertSame(recorded, await play(recorded.text));
    const { difference } = await play(recorded.text, { changes: { endpointing: { holdMs: 540, minHoldMs: 290 } } });
    assert.ok(difference?.expected && difference.got);
    assert.notEqual(difference.expected.atMs, difference.got.atMs);
    const { code, said } = await replay(recorded.text, '--set', 'endpointing.min_hold_ms=290');
    assert.equal(code, 1);
    assert.match(said, /endpointing\.minHoldMs is 290, and was 250/);
    assert.match(said, /differs first at \d+\.\d+ s, decision \d+\n +expected: \w+ at .*\n +got: +\w+ at /);
    assert.match(said, /\n +\(compared: what the engine decided in the call, as recorded, and what it decides now; /);
  });

  test('the command says that the decisions are the same, and how it is used', async () => {
    const { text } = await calm;
    const same = await replay(text);
    assert.deepEqual([same.code, same.said.trim().split('\n').length], [0, 1]);
    assert.match(same.said, /^record\.jsonl: the same \d+ decisions come of \d+ inputs, \d+\.\d s$/m);
    const main = path.join(import.meta.dirname, 'main.ts');
    const help = await promisify(execFile)(process.execPath, [main, '--help']);
    assert.match(help.stdout, /Exit codes: 0 the same, 1 it differs, 2 it cannot be played again/);
    await assert.rejects(promisify(execFile)(process.execPath, [main]), { code: 2 });
  });
});

test('a record is found by the id of its session, and by its path (stranger: a session id)', async () => {
  const { text } = await calm;
  const id = 'b7f1c2d4-0c11-4c6e-9d6e-4f5a1b2c3d4e';
  await mkdir(path.join(folder, id));
  await writeFile(path.join(folder, id, 'record.jsonl'), text);
  for (const given of [id, path.join(folder, id), path.join(folder, id, 'record.jsonl')]) {
    const { code, said } = await run(given);
    assert.equal(code, 0, said);
  }
  const { code, said } = await run('no-such-session');
  assert.equal(code, 2);
  assert.match(said, /no file or folder of that name, and no session in .* \(CALL_RECORDS_DIR\)/);
});

suite('what cannot be played again is refused by name', () => {
  test('a record that was changed, or lacks lines, or breaks off', async () => {
    const lines = (await calm).text.trim().split('\n');
    const middle = Math.floor(lines.length / 2);
    const edited = lines.with(middle, lines[middle]?.replace(/"p":0\.\d/, '"p":0.9') ?? '');
    assert.notDeepEqual(edited, lines);
    const cases: readonly [string, readonly string[], RegExp][] = [
      ['edited', edited, new RegExp(`Line ${middle + 1} of the record was changed after it was written`)],
      ['a line less', lines.toSpliced(middle, 1), /but batch \d+ is missing/],
      ['damaged', lines.with(middle, '{"at_ms":1,"li'), new RegExp(`Line ${middle + 1} of the record is no line`)],
      ['cut off', lines.slice(0, middle), /the same \d+ decisions .*; there the record breaks off, without an end/],
      ['cut off in a line', [...lines.slice(0, middle), '{"at_ms":12,"line":"in'], /there the record breaks off/],
      [
        'whole, and torn behind its end',
        [...lines, '{"at_ms":12,"li'],
        /the same \d+ decisions .*\n.*line \d+ of the record is damaged, and what stood behind it is lost/,
      ],
      ['without its beginning', lines.slice(1), /is of a run whose beginning is missing/],
      ['empty', [], /The record is empty/],
      ['no record', ['hello'], /no line of a record/],
    ];
    for (const [name, changed, why] of cases) {
      const { code, said } = await replay(changed.map((line) => `${line}\n`).join(''));
      assert.equal(code, 2, `${name}: ${said}`);
      assert.match(said, why, name);
    }
  });

  test('one without words, one of a mode without inputs, and one of another format', async () => {
    const head = { at_ms: 1, line: 'head', mode: 'transcription', kept: { words: true } };
    const begin = (await calm).text.split('\n')[0]?.replace('"format":1', '"format":99') ?? '';
    const cases: readonly [string, RegExp][] = [
      [JSON.stringify({ ...head, kept: { words: false } }), /made without words \(RECORD_WORDS is false\)/],
      [JSON.stringify(head), /calls of the mode "transcription" may have none/],
      [begin, /is of the format 99; this version plays the format 1/],
    ];
    for (const [record, why] of cases) {
      const { code, said } = await replay(`${record}\n`);
      assert.deepEqual([code, why.test(said)], [2, true], said);
    }
    assert.deepEqual((await run(path.join(folder, 'nobody.jsonl'))).code, 2);
    assert.deepEqual((await replay(begin, '--set', 'endpointing.hold=3')).code, 2);
  });
});

test('what is done with the call, and what comes of it at once, is decided the same', async () => {
  const inputs = new InputLines();
  const call = { callId: 'c1', name: 'transfer_call', args: { target: 'sales' } };
  const rig = new Rig({
    inputs,
    act: () => {
      const item = { role: 'tool', call, result: { status: 'failed' } } as const;
      rig.conversation.told({ item, speech: 'own-words', onSpoken: () => rig.conversation.attend('waiting') });
    },
  });
  rig.script = (prompt) => {
    const wish = { kind: 'transfer', target: '+15551230000', how: 'blind', timeoutS: 30 } as const;
    if (prompt === 1) return [text('One moment please.'), { type: 'call-action', action: { call, key: 'k1', wish } }];
    return [text('I am sorry, nobody answers.')];
  };
  await rig.started();
  await rig.says('Sales, please.');
  await rig.clock.advance(30_000);
  rig.conversation.close('over');
  await rig.clock.advance(100);
  assert.equal(rig.prompts.length, 2);
  for (const nested of [/"k":"told",[^\n]*"awaited":true,"n":\d/, /"k":"attend","to":"waiting","n":\d/]) {
    assert.ok(nested.test(inputs.text), `${nested}`);
  }
  const outcome = await play(inputs.text);
  assert.deepEqual([outcome.difference, outcome.guessed], [undefined, undefined]);
});

test('whatever the agent is told of the call is played again letter for letter, and so is what its tool tells it at once (breaker16c n00)', async () => {
  const inputs = new InputLines();
  const rig = new Rig({ inputs, act: () => {} });
  const call = { callId: 'c1', name: 'collect_keys', args: { input: 'pin' } };
  const wish = { kind: 'collect-input', input: 'pin' } as const;
  const action = { call, key: 'k1', wish, told: { status: 'accepted', say: 'Your PIN, please.' } };
  rig.script = () => [text('Your PIN, please.'), { type: 'call-action', action }];
  await rig.started();
  await rig.says('my balance, please');
  await rig.clock.advance(5000);
  for (const [kind, result] of [
    ['hold_call', { status: 'caller_is_back', note: 'He was on hold, and hears you again.' }],
    ['transfer_call', { status: 'failed', reason: 'declined' }],
    ['collect_keys', { right: true, status: 'right', attempts: 1 }],
    ['add-participant', { status: 'done' }],
  ] as const) {
    rig.conversation.attend('nobody');
    rig.conversation.told({ item: newsItem(`operation-of-${kind}`, kind, result), speech: 'own-words', topic: kind });
    rig.conversation.attend('caller');
    await rig.clock.advance(8000);
  }
  rig.conversation.close('over');
  await rig.clock.advance(100);
  assert.match(inputs.text, /"by":"service"/);
  const outcome = await play(inputs.text);
  assert.deepEqual([outcome.difference, outcome.guessed], [undefined, undefined]);
});

test('keys that the agent presses are not in what a call is played again from (breaker16c n6)', async () => {
  const inputs = new InputLines();
  const pressed: string[] = [];
  const rig = new Rig({ inputs, act: ({ wish }) => wish.kind === 'send-keys' && pressed.push(wish.keys) });
  const call = { callId: 'c1', name: 'send_keys', args: { count: 5 } };
  const wish = { kind: 'send-keys', keys: '4711#' } as const;
  rig.script = () => [text('One moment.'), { type: 'call-action', action: { call, key: 'k1', wish } }];
  await rig.started();
  await rig.says('let me in');
  await rig.clock.advance(5000);
  rig.conversation.close('over');
  await rig.clock.advance(100);
  assert.deepEqual(pressed, ['4711#']);
  assert.doesNotMatch(inputs.text, /4711/);
  const outcome = await play(inputs.text);
  assert.deepEqual([outcome.difference, outcome.guessed], [undefined, undefined]);
});

test('a call that is closed in the middle of being told something comes out the same', async () => {
  const inputs = new InputLines();
  const rig = new Rig({ inputs });
  rig.events.on('agentText', ({ turn }) => turn === 2 && rig.conversation.close('line lost'));
  await rig.started();
  await rig.says('where is my order');
  await rig.clock.advance(5000);
  assert.equal(rig.conversation.state, 'closed');
  const outcome = await play(inputs.text);
  assert.deepEqual([outcome.difference, outcome.guessed], [undefined, undefined]);
});

test('a number that must not stand in the record is another one of as many digits, and the call comes out the same', async () => {
  const inputs = new InputLines((said) => said.replace(/\+?\d{5,}/g, (number) => number.replace(/\d/g, '*')));
  const rig = new Rig({ inputs });
  rig.script = () => [text('I call you back at +1555'), text('0001111, soon.')];
  await rig.started();
  await rig.says('my number is 5550001111');
  await rig.clock.advance(20_000);
  rig.conversation.close('over');
  await rig.clock.advance(100);
  assert.match(JSON.stringify(rig.conversation.history), /5550001111.*15550001111/);
  assert.doesNotMatch(inputs.text, /5550001111|1555|0001111/);
  assert.match(inputs.text, /my number is 0000000000/);
  const outcome = await play(inputs.text);
  assert.equal(outcome.difference, undefined);
  assert.ok(outcome.decisions > 20);
});
