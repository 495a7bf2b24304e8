import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { LineFault } from '../testing/faulty-line.ts';
import { FaultStack, type FaultyService } from './fault-stack.ts';
import { FaultyCall } from './faulty-call.ts';
import { answers, garbles, hangs, isEmpty, type ModelDeed, says } from './faulty-model.ts';
import type { VoiceFault } from './faulty-voice.ts';

/**
 * `npm run faults -- [PART OF A NAME] [--second]`: what callers hear while a service fails, in real calls on a stack of its
 * own, and whether it comes back. With `--second` there are a second model and a second region. Ends with the table of it.
 */
const CALLS = 3;
const PROMISE_MS = 3000;
/** So long after the service is back what was said meanwhile has been heard, and answered. */
const BACK_MS = 30_000;
/** Never the same, or it would be spoken from memory. */
let count = 0;
const answer = (): string => `Your tent of shelf ${++count} is on its way.`;
const SECOND = 'It is blue.';

interface Fault {
  readonly model?: ModelDeed;
  readonly voice?: VoiceFault;
  readonly line?: readonly [service: FaultyService, fault: LineFault];
  /** It lasts so long at least. */
  readonly lastsMs?: number;
}

const WAYS: Readonly<Record<string, LineFault>> = {
  throttled: 429,
  stalled: 'stalled',
  dropped: 'none',
  refused: 'down',
};
const onLines = (service: FaultyService): Record<string, Fault> =>
  Object.fromEntries(Object.entries(WAYS).map(([way, fault]) => [`${service} ${way}`, { line: [service, fault] }]));

const FAULTS: Readonly<Record<string, Fault>> = {
  'model silent': { model: hangs },
  'model slow (7 s)': { model: (response) => says(answer(), 7000)(response) },
  'model empty': { model: isEmpty },
  'model refusing': {
    model: answers(400, {}, { error: { message: 'no', code: 'invalid_request', param: 'messages' } }),
  },
  'model throttled (33 s)': {
    model: answers(429, { 'retry-after': '33' }, { error: { code: '429', message: 'Please retry after 33 seconds.' } }),
  },
  'model thinking (30 s)': { model: (response) => says(answer(), 30_000)(response) },
  'model garbled': { model: garbles },
  'voice mute': { voice: 'mute' },
  'voice slow (4 s)': { voice: 'slow' },
  'voice dead': { voice: 'dead' },
  ...onLines('openai'),
  ...onLines('speech'),
  'redis stopped (30 s)': { line: ['redis', 'down'], lastsMs: 30_000 },
  'redis stalled (30 s)': { line: ['redis', 'stalled'], lastsMs: 30_000 },
  ...onLines('acs'),
};

const { values, positionals } = parseArgs({ options: { second: { type: 'boolean' } }, allowPositionals: true });
const only = positionals[0] ?? '';
const chosen = Object.entries(FAULTS).filter(([each]) => each.includes(only));
if (chosen.length === 0) {
  console.error(
    `usage: npm run faults [-- PART_OF_A_NAME] [--second]; the faults are: ${Object.keys(FAULTS).join(', ')}`,
  );
  process.exit(2);
}
const healthy: ModelDeed = (response) => says(answer())(response);
let deed = healthy;
const isSecond = (words: string): boolean => /colo(u)?r/i.test(words);
const faulty = await FaultStack.start(
  (words) => (isSecond(words) ? says(SECOND) : deed),
  values.second ? (words) => (isSecond(words) ? says(SECOND) : healthy) : undefined,
);
const { stack, voice } = faulty;
const rows: string[] = [];
let failures = 0;

function note(name: string, holds: boolean, heard: string, wedged: number): void {
  if (!holds) failures += 1;
  rows.push(`| ${name} | ${heard} | ${wedged} |`);
  console.log(`${holds ? 'ok  ' : 'FAIL'} ${name}: ${heard}; wedged: ${wedged}`);
}

/** In calls that stand: the longest time in which a caller heard nothing after his words, and whether all go on. */
async function inCalls(name: string, fault: Fault): Promise<void> {
  deed = fault.model ?? healthy;
  const calls = await Promise.all(Array.from({ length: CALLS }, () => FaultyCall.open(stack.streamHostUrl)));
  const beganMs = performance.now();
  voice.become(fault.voice ?? 'none');
  if (fault.line) faulty.become(...fault.line);
  do await Promise.all(calls.map((call) => call.asks(question, 60_000)));
  while (performance.now() - beganMs < (fault.lastsMs ?? 0));
  const longestMs = Math.max(...calls.map((call) => call.longestSilenceMs));
  voice.become('none');
  if (fault.line) faulty.become(fault.line[0], 'none');
  deed = healthy;
  const goesOn = async (call: FaultyCall): Promise<boolean> => {
    for (let times = 0; times < 2 && call.lastHeard !== SECOND; times++) {
      await call.settles(BACK_MS);
      await call.asks(colour, 20_000);
    }
    return call.lastHeard === SECOND;
  };
  const wedged = (await Promise.all(calls.map(goesOn))).filter((goes) => !goes).length;
  note(name, longestMs <= PROMISE_MS && wedged === 0, `${longestMs} ms`, wedged);
  for (const line of calls[0]?.transcript ?? []) console.log(`       ${line}`);
  for (const call of calls) call.close();
}

/** The telephone: calls that ring while ACS fails for six seconds are answered after it. */
async function inRingingCalls(name: string, [service, fault]: NonNullable<Fault['line']>): Promise<void> {
  faulty.become(service, fault);
  const beganMs = performance.now();
  const calls = Array.from({ length: CALLS }, async (_, n) => {
    const result = await stack.call('--say', 'What is the status of my order?', '--number', `+1555000880${n}`);
    const talkedMs = Number(result.events.findLast(({ event }) => event === 'completed')?.durationMs ?? 0);
    return { ...result, rangMs: Math.round(performance.now() - beganMs - talkedMs) };
  });
  await sleep(6000);
  faulty.become(service, 'none');
  const results = await Promise.all(calls);
  const wedged = results.filter(({ exitCode }) => exitCode !== 0).length;
  for (const { problems } of results) if (problems !== '') console.log(`       ${problems}`);
  note(name, wedged === 0, `rang for ${Math.max(...results.map(({ rangMs }) => rangMs))} ms`, wedged);
}

let question: Int16Array;
let colour: Int16Array;
try {
  [question, colour] = await Promise.all([
    stack.record('What is the status of my order?'),
    stack.record('And which colour does it have?'),
  ]);
  for (const [name, fault] of chosen) {
    if (fault.line && !faulty.has(fault.line[0])) console.log(`---- ${name}: no redis-server is on the path`);
    else if (fault.line?.[0] === 'acs') await inRingingCalls(name, fault.line);
    else await inCalls(name, fault);
  }
  const title = values.second ? 'with a second provider' : 'with one provider each';
  console.log(
    `\n| ${title} | longest silence after the caller's words | wedged |\n| --- | --- | --- |\n${rows.join('\n')}`,
  );
} finally {
  await faulty.close();
}
process.exit(failures === 0 ? 0 : 1);
