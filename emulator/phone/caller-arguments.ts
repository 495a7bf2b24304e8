import { parseArgs } from 'node:util';
import { teamsAccount } from '../../shared/carrier/party-id.ts';
import { ConfigError, messageOf } from '../../shared/errors.ts';
import { streamingMode } from '../../shared/modes/streaming-modes.ts';
import { FALLIBLE_NAMES, FAULT_GRAMMAR, parseFaults } from '../../shared/protocol/faults.ts';
import { FLITE_VOICES } from '../speech/flite.ts';
import type { Line } from './caller-script.ts';
import { SCRIPTED_HELP } from './phone-scripts.ts';

const DEFAULT_VOICE = 'rms';
const DEFAULT_JOIN_VOICE = 'slt';
const DEFAULT_JOIN_LINE: Line = { say: 'It was sent on Monday and comes on Friday.' };
const DEFAULT_NUMBER = '+15550100';
/** Any will do: the emulator has every account. */
const DEFAULT_ACCOUNT = '28:orgid:7e1a0000-0000-4000-8000-000000000100';
const VOICES = FLITE_VOICES.join(', ');
const HELP_WIDTH = 90;
const HELP_INDENT = 24;

/** Names in a list, in lines of the help; what stands before them in the first one is not longer than its indent. */
function wrapped(names: readonly string[]): string {
  const lines = [''];
  for (const [at, name] of names.entries()) {
    const piece = at === names.length - 1 ? `${name}.` : `${name}, `;
    const line = lines.at(-1) ?? '';
    if (line.length + piece.length + 2 * HELP_INDENT > HELP_WIDTH) lines.push(piece);
    else lines[lines.length - 1] = line + piece;
  }
  return lines.map((line) => line.trimEnd()).join(`\n${' '.repeat(HELP_INDENT)}`);
}

export const HELP = `Calls the agent by phone, through the stack that npm start runs, and tells what is said.

  npm run call -- --say "What is the status of order 1042?" --say "Thank you, goodbye."

What the caller says
  --say TEXT            this; again for the next turn. Each waits for the answer to the
                        one before. Without any, asks about order 1042
  --questions FILE      the lines of a text file, one after the other. Empty lines and
                        those that begin with # are left out
  --keys KEYS           these keys of his phone, such as 1042#
  --wait MS             nothing for so long, and no answer is waited for
  --wav FILE            a recording: 16-bit WAV, any rate, mono or stereo. All of these
                        may be mixed, and keep their order
  --voice NAME          in this voice: ${VOICES} (${DEFAULT_VOICE})
  --interrupt-after MS  the second utterance cuts in, MS after the first answer is
                        heard. With one utterance only, says "Stop, wait a second."

  --join NUMBER         a second party is added to the call, from this number, where the
                        mode answers nobody: the two speak in turn
  --join-say TEXT       what it says; again for the next turn
  --join-voice NAME     in this voice (${DEFAULT_JOIN_VOICE})

The call
  --agent NAME          talk with this one of agents/. Without it, the one that
                        DEFAULT_AGENT names: orders, unless npm start was told otherwise
  --mode NAME           what is done with the line: media, voice_live or transcription, of
                        those that the stack has. Without it, the agent's own mode, or
                        that of ACS_STREAMING_MODE
  --outbound            be called: asks the functions to call, rings, answers
  --context NAME=VALUE  what the agent knows of such a call, and may greet with (its
                        context_greeting); again for the next. Only with --outbound
  --record              such a call is recorded, as record_call of the API has it
  --to NUMBER           the number to dial (${DEFAULT_NUMBER}); not with --outbound
  --teams               through Teams Phone: dials a Teams resource account, or with
                        --outbound is called from one. --to names another account
  --number NUMBER       the caller's own number (drawn at random)
  --hangup-after MS     hang up MS after being connected, whatever is being said
  --calls N             N callers at once with the same script, and a summary (1)
  --stagger MS          begin each of them so long after the one before (100)
  --fault FAULTS        what shall fail meanwhile; docs/faults.md has what each does:
                        ${FAULT_GRAMMAR.replace(', separated by commas', ',')}
                        separated by commas: --fault model=slow:7s,redis=down@10s-30s
                        What can fail: ${wrapped(FALLIBLE_NAMES)}
                        How: slow (:7s), down, silent, throttled (:20s), refused, garbled.
                        Times count from the answer. Without one it fails from before the
                        call on; with @ringing-5s from there for 5 s. It fails for every
                        call of the stack, and is whole again when this one is over.
                        One that ends within 30 s of the last word is heard to its end

What to see
  --out FILE            record the call: WAV, caller left, agent right, on one clock
  --json                one event a line, as JSON, and nothing else
  --quiet               only the summary, or what went wrong
  --help                this text

Where the stack is; without these, on this machine, at the ports that the variables
EMULATOR_PORT, FUNCTIONS_PORT and STREAM_HOST_PORT name
  --emulator URL        (http://127.0.0.1:8090)
  --functions URL       (http://127.0.0.1:7071)
  --stream-host URL     (http://127.0.0.1:8080)

${SCRIPTED_HELP}

Times count from the moment of being connected, before it from the dialling. Each line has
that of when it was said. "Answered after" is the time from the caller's last sound to the
first of the answer, as they lie in the recording (a sound is louder than -46 dBFS); where
something filled the wait, such as "One moment", the first sound stands before it. Behind
it stand the stages of the answer, as the stream host saw them from the end of the
caller's speech: words recognised, end of turn, the model's first word, the voice's first
sound, and the first frame sent. A draft may have begun some of them early.

Ends with 0 where the call went well, and with 1 where it failed or the agent did not
understand or answer something; with 2 for wrong options, and with 130 after Ctrl-C.
`;

export interface CallerArguments {
  readonly help: boolean;
  readonly lines: readonly Line[];
  readonly interruptAfterMs: number | undefined;
  readonly hangUpAfterMs: number | undefined;
  readonly voice: string;
  readonly agent: string | undefined;
  readonly mode: string | undefined;
  readonly outbound: boolean;
  /** Of a call that we are to get: what its agent knows. */
  readonly context: Readonly<Record<string, string>> | undefined;
  readonly record: boolean;
  readonly to: string;
  /** The Teams resource account that the call goes to, or comes from. */
  readonly teams: string | undefined;
  readonly number: string | undefined;
  readonly join: { readonly number: string; readonly lines: readonly Line[]; readonly voice: string } | undefined;
  /** What shall fail meanwhile, checked. */
  readonly faults: string | undefined;
  readonly calls: number;
  readonly staggerMs: number;
  readonly out: string | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly emulatorUrl: string;
  readonly functionsUrl: string;
  readonly streamHostUrl: string;
}

const OPTIONS = {
  say: { type: 'string', multiple: true },
  wav: { type: 'string', multiple: true },
  questions: { type: 'string', multiple: true },
  keys: { type: 'string', multiple: true },
  wait: { type: 'string', multiple: true },
  'interrupt-after': { type: 'string' },
  voice: { type: 'string', default: DEFAULT_VOICE },
  agent: { type: 'string' },
  mode: { type: 'string' },
  outbound: { type: 'boolean', default: false },
  context: { type: 'string', multiple: true },
  record: { type: 'boolean', default: false },
  teams: { type: 'boolean', default: false },
  to: { type: 'string' },
  number: { type: 'string' },
  join: { type: 'string' },
  'join-say': { type: 'string', multiple: true },
  'join-voice': { type: 'string', default: DEFAULT_JOIN_VOICE },
  'hangup-after': { type: 'string' },
  fault: { type: 'string', multiple: true },
  calls: { type: 'string', default: '1' },
  stagger: { type: 'string' },
  out: { type: 'string' },
  json: { type: 'boolean', default: false },
  quiet: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
  emulator: { type: 'string' },
  functions: { type: 'string' },
  'stream-host': { type: 'string' },
} as const;

const DEFAULT_LINE: Line = { say: 'What is the status of order 1042?' };
const DEFAULT_STAGGER_MS = 100;
const MOST_CALLS = 1000;
const LONGEST_MS = 3_600_000;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * @param env the environment variables, of which those that move the stack's ports are read
 * @throws {ConfigError} that names the wrong option or variable and what it takes
 */
export function parseCallerArguments(given: readonly string[], env: Environment): CallerArguments {
  const { values, tokens } = parse(given);
  const lines = tokens.flatMap((token): Line[] => {
    if (token.kind !== 'option' || token.value === undefined) return [];
    if (token.name === 'say') return [{ say: token.value }];
    if (token.name === 'wav') return [{ wav: token.value }];
    if (token.name === 'keys') return [{ keys: keys(token.value) }];
    if (token.name === 'wait') return [{ waitMs: wholeNumber('wait', token.value, 0, LONGEST_MS) ?? 0 }];
    return token.name === 'questions' ? [{ questions: token.value }] : [];
  });
  if (lines.some((line) => 'say' in line && line.say.trim() === '')) throw new ConfigError('--say needs some words.');
  const calls = wholeNumber('calls', values.calls, 1, MOST_CALLS) ?? 1;
  if (calls > 1 && values.out !== undefined) throw new ConfigError('--out records one call; leave --calls out.');
  const teams = values.teams ? account(values.to) : undefined;
  if (values.outbound && values.to !== undefined && teams === undefined) {
    throw new ConfigError('--to is the number to dial, and with --outbound nobody dials; leave one of them out.');
  }
  if (!values.outbound && (values.context !== undefined || values.record)) {
    const option = values.context === undefined ? '--record' : '--context';
    throw new ConfigError(`${option} is for a call that the application places; give --outbound, too.`);
  }
  return {
    help: values.help,
    lines: lines.length > 0 ? lines : [DEFAULT_LINE],
    interruptAfterMs: wholeNumber('interrupt-after', values['interrupt-after'], 0, LONGEST_MS),
    hangUpAfterMs: wholeNumber('hangup-after', values['hangup-after'], 0, LONGEST_MS),
    voice: voice('voice', values.voice),
    agent: values.agent,
    // A mode that this release does not know may be one of the stack's.
    mode: streamingMode.safeParse(values.mode).data ?? values.mode?.trim().toLowerCase(),
    outbound: values.outbound,
    context: values.context && Object.fromEntries(values.context.map(fact)),
    record: values.record,
    to: teams ?? phoneNumber('to', values.to ?? DEFAULT_NUMBER),
    teams,
    number: values.number === undefined ? undefined : phoneNumber('number', values.number),
    join: joinOf(values, calls),
    faults: values.fault && faultsOf(values.fault),
    calls,
    staggerMs: wholeNumber('stagger', values.stagger, 0, LONGEST_MS) ?? DEFAULT_STAGGER_MS,
    out: values.out,
    json: values.json,
    quiet: values.quiet,
    emulatorUrl: httpUrl('emulator', values.emulator ?? localUrl('EMULATOR_PORT', 8090, env)),
    functionsUrl: httpUrl('functions', values.functions ?? localUrl('FUNCTIONS_PORT', 7071, env)),
    streamHostUrl: httpUrl('stream-host', values['stream-host'] ?? localUrl('STREAM_HOST_PORT', 8080, env)),
  };
}

function parse(given: readonly string[]) {
  try {
    return parseArgs({ args: [...given], options: OPTIONS, strict: true, allowPositionals: false, tokens: true });
  } catch (error) {
    throw new ConfigError(`${messageOf(error)}: see npm run call -- --help`);
  }
}

function fact(given: string): readonly [name: string, value: string] {
  const [, name, value] = /^(\w+)=(.*)$/s.exec(given) ?? [];
  if (name !== undefined && value !== undefined) return [name, value];
  throw new ConfigError(`--context is "${given}"; it takes a name and a value, such as customer_name=Ann.`);
}

function account(given = DEFAULT_ACCOUNT): string {
  const { success, data } = teamsAccount.safeParse(given);
  if (success) return data;
  throw new ConfigError(`--to is "${given}"; with --teams it takes a Teams resource account: 28:orgid:<object id>.`);
}

function faultsOf(given: readonly string[]): string {
  const text = given.join(',');
  const read = parseFaults(text);
  if ('problem' in read) throw new ConfigError(`--fault: ${read.problem}`);
  return text;
}

function voice(option: string, name: string): string {
  if (FLITE_VOICES.some((known) => known === name)) return name;
  throw new ConfigError(`--${option} is "${name}"; there are: ${VOICES}.`);
}

function joinOf(
  { join, 'join-say': say, 'join-voice': name }: ReturnType<typeof parse>['values'],
  calls: number,
): CallerArguments['join'] {
  if (join === undefined) {
    if (say !== undefined) throw new ConfigError('--join-say is what a second party says; give --join NUMBER, too.');
    return undefined;
  }
  if (calls > 1) throw new ConfigError('--join is for one call; leave --calls out.');
  const lines = say?.map((text): Line => ({ say: text })) ?? [DEFAULT_JOIN_LINE];
  return { number: phoneNumber('join', join), lines, voice: voice('join-voice', name) };
}

function wholeNumber(name: string, value: string | undefined, from: number, to: number): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (value.trim() !== '' && Number.isInteger(number) && number >= from && number <= to) return number;
  throw new ConfigError(`--${name} is "${value}"; it takes a whole number from ${from} to ${to}.`);
}

function keys(value: string): string {
  if (/^[0-9A-D*#]{1,100}$/.test(value)) return value;
  throw new ConfigError(`--keys is "${value}"; it takes keys of a phone: 0 to 9, * and #.`);
}

function phoneNumber(name: string, value: string): string {
  if (/^\+[1-9]\d{1,14}$/.test(value)) return value;
  throw new ConfigError(`--${name} is "${value}"; it takes a number with its country code, such as +15550100.`);
}

/** Where `npm start`, given the same variables, has a part of the stack listen. */
function localUrl(variable: string, defaultPort: number, env: Environment): string {
  const port = env[variable] || String(defaultPort);
  if (/^\d+$/.test(port) && Number(port) <= 65_535) return `http://127.0.0.1:${port}`;
  throw new ConfigError(`${variable} is "${port}"; it takes the number of a port.`);
}

function httpUrl(name: string, value: string): string {
  if (URL.canParse(value) && /^https?:/.test(value)) return value.replace(/\/+$/, '');
  throw new ConfigError(`--${name} is "${value}"; it takes an address such as http://127.0.0.1:8090.`);
}
