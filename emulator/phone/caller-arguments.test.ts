import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../../shared/errors.ts';
import { FALLIBLE_NAMES } from '../../shared/protocol/faults.ts';
import { HELP, parseCallerArguments } from './caller-arguments.ts';

test('what is said and played keeps the order of the command line', () => {
  const { lines } = parseCallerArguments(
    ['--say', 'One', '--wav', 'two.wav', '--questions', 'x', '--say', 'Three'],
    {},
  );
  assert.deepEqual(lines, [{ say: 'One' }, { wav: 'two.wav' }, { questions: 'x' }, { say: 'Three' }]);
});

test('without a word it asks about an order at the default addresses', () => {
  const args = parseCallerArguments([], {});
  assert.deepEqual(args.lines, [{ say: 'What is the status of order 1042?' }]);
  assert.equal(args.emulatorUrl, 'http://127.0.0.1:8090');
  assert.equal(args.functionsUrl, 'http://127.0.0.1:7071');
  assert.equal(args.streamHostUrl, 'http://127.0.0.1:8080');
  assert.equal(args.interruptAfterMs, undefined);
});

for (const [option, value] of [
  ['interrupt-after', 'soon'],
  ['interrupt-after', '-1'],
  ['hangup-after', '1.5'],
  ['calls', '0'],
  ['stagger', '-5'],
  ['to', '5550100'],
  ['emulator', 'localhost:8090'],
  ['say', '  '],
  ['voice', 'nobody'],
] as const) {
  test(`--${option}=${value} is refused by name`, () => {
    assert.throws(
      () => parseCallerArguments([`--${option}=${value}`], {}),
      (error) => error instanceof ConfigError && error.message.includes(`--${option}`),
    );
  });
}

test('it finds the stack at the ports of the environment, unless an option says where', () => {
  const env = { EMULATOR_PORT: '1', FUNCTIONS_PORT: '2', STREAM_HOST_PORT: '' };
  const args = parseCallerArguments(['--functions', 'http://far.example/'], env);
  assert.equal(args.emulatorUrl, 'http://127.0.0.1:1');
  assert.equal(args.functionsUrl, 'http://far.example');
  assert.equal(args.streamHostUrl, 'http://127.0.0.1:8080');
  assert.throws(() => parseCallerArguments([], { EMULATOR_PORT: '80x' }), /EMULATOR_PORT is "80x"/);
});

test('what has no effect is refused, and voices are named (newcomer 5.2-17)', () => {
  assert.throws(() => parseCallerArguments(['--outbound', '--to', '+15550100'], {}), /--to .*--outbound/);
  assert.throws(() => parseCallerArguments(['--context', 'a=b'], {}), /--context .*--outbound/);
  assert.throws(() => parseCallerArguments(['--record'], {}), /--record .*--outbound/);
  assert.throws(
    () => parseCallerArguments(['--outbound', '--context', 'Ann'], {}),
    /--context is "Ann".*customer_name=/,
  );
  assert.throws(() => parseCallerArguments(['--voice', 'nobody'], {}), /"nobody"; there are: slt, rms, awb, kal16\./);
  assert.match(HELP, /slt, rms, awb, kal16 \(\w+\)/);
  for (const line of HELP.split('\n')) assert.ok(line.length <= 90, line);
});

test('a mode goes by all the names that it has elsewhere; whether the stack has it is not decided here (newcomer 2)', () => {
  const modeOf = (given: string) => parseCallerArguments(['--mode', given], {}).mode;
  assert.deepEqual(['realtime', ' Voice_Live ', 'Theirs'].map(modeOf), ['media', 'voice_live', 'theirs']);
  assert.equal(parseCallerArguments([], {}).mode, undefined);
});

test('what shall fail is read from one option or several, and refused by name before anybody is called', () => {
  assert.equal(parseCallerArguments([], {}).faults, undefined);
  const { faults } = parseCallerArguments(['--fault', 'model=slow:7s,redis=down@10s', '--fault', 'voice=down'], {});
  assert.equal(faults, 'model=slow:7s,redis=down@10s,voice=down');
  const wrong = (given: string) => () => parseCallerArguments(['--fault', given], {});
  assert.throws(
    wrong('modle=slow'),
    /^ConfigError: --fault: "modle" is nothing that can fail here; there are: model, /,
  );
  assert.throws(wrong('model=slow:7'), /--fault: model=slow takes a time up to ten minutes, such as slow:7s/);
  for (const name of FALLIBLE_NAMES) assert.match(HELP, new RegExp(`\\b${name}\\b`), name);
});

test('an unknown option is named', () => {
  assert.throws(() => parseCallerArguments(['--sing', 'x'], {}), /--sing/);
});

test('a call through Teams goes to a resource account, or comes from one', () => {
  const account = '28:orgid:7e1a0000-0000-4000-8000-000000000100';
  assert.partialDeepStrictEqual(parseCallerArguments(['--teams'], {}), { to: account, teams: account });
  const other = '7E1A0000-0000-4000-8000-000000000200';
  const named = parseCallerArguments(['--teams', '--outbound', '--to', other], {});
  assert.partialDeepStrictEqual(named, { teams: `28:orgid:${other.toLowerCase()}`, outbound: true });
  assert.equal(parseCallerArguments([], {}).teams, undefined);
  assert.throws(
    () => parseCallerArguments(['--teams', '--to', '+15550100'], {}),
    /--teams it takes a Teams resource account/,
  );
});

test('a context for the agent of a call that is placed can be given (stranger16: context_greeting cannot be tried)', () => {
  const given = ['--outbound', '--context', 'customer_name=Ann', '--context', 'topic=boots = two', '--record'];
  assert.partialDeepStrictEqual(parseCallerArguments(given, {}), {
    context: { customer_name: 'Ann', topic: 'boots = two' },
    record: true,
  });
  assert.equal(parseCallerArguments(['--outbound'], {}).context, undefined);
});
