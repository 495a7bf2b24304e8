import { setTimeout as sleep } from 'node:timers/promises';
import { RunningStack } from '../testing/running-stack.ts';
import { FaultyCall } from './faulty-call.ts';
import { answers, FaultyModel, garbles, hangs, isEmpty, type ModelDeed, says } from './faulty-model.ts';
import { FaultyVoice, type VoiceFault } from './faulty-voice.ts';

/** `node test/faults/main.ts`: what callers hear while the model or the voice fails, in real calls on a stack of its own. */
const CALLS = 3;
const PROMISE_MS = 3000;
/** Never the same, or it would be spoken from memory. */
let count = 0;
const answer = (): string => `Your tent of shelf ${++count} is on its way.`;
const SECOND = 'It is blue.';

interface Fault {
  readonly model?: ModelDeed;
  readonly voice?: VoiceFault;
}

const only = process.argv[2] ?? '';
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
};

const healthy: ModelDeed = (response) => says(answer())(response);
if (!Object.keys(FAULTS).some((name) => name.includes(only))) {
  console.error(`usage: npm run faults [-- PART_OF_A_NAME]; the faults are: ${Object.keys(FAULTS).join(', ')}`);
  process.exit(2);
}
let deed = healthy;
const model = await FaultyModel.start((words) => (/colo(u)?r/i.test(words) ? says(SECOND) : deed));
let servicePort = 0;
const voice = await FaultyVoice.start(() => servicePort);
const [port = 0] = await import('../../shared/testing/free-ports.ts').then(({ freePorts }) => freePorts(1));
servicePort = port;
const stack = await RunningStack.start({
  AZURE_OPENAI_BASE_URL: model.url,
  SPEECH_HOST: voice.url,
  EMULATOR_PORT: String(port),
});
let failures = 0;
try {
  const [question, colour] = await Promise.all([
    stack.record('What is the status of my order?'),
    stack.record('And which colour does it have?'),
  ]);
  for (const [name, fault] of Object.entries(FAULTS).filter(([each]) => each.includes(only))) {
    deed = fault.model ?? healthy;
    const calls = await Promise.all(Array.from({ length: CALLS }, () => FaultyCall.open(stack.streamHostUrl)));
    voice.become(fault.voice ?? 'none');
    await Promise.all(calls.map((call) => call.asks(question, 60_000)));
    voice.become('none');
    deed = healthy;
    await sleep(1500);
    const longestMs = Math.max(...calls.map((call) => call.longestSilenceMs));
    await Promise.all(calls.map((call) => call.asks(colour, 20_000)));
    const goesOn = calls.every((call) => call.lastHeard === SECOND);
    const holds = longestMs <= PROMISE_MS && goesOn;
    if (!holds) failures += 1;
    console.log(`${holds ? 'ok  ' : 'FAIL'} ${name}: longest silence ${longestMs} ms; goes on: ${goesOn}`);
    for (const line of calls[0]?.transcript ?? []) console.log(`       ${line}`);
    for (const call of calls) call.close();
  }
} finally {
  await stack.close();
  model.close();
  voice.close();
}
process.exit(failures === 0 ? 0 : 1);
