import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { pino } from 'pino';
import { freePorts } from '../shared/testing/free-ports.ts';
import { PORT_VARIABLES } from './environment.ts';
import type { Form, Forms } from './forms.ts';
import { LocalStack, toldRefusals } from './local-stack.ts';
import { createLogView } from './log-lines.ts';

/** A process that answers every request by what `answer(url)` of this text makes of it. */
const answering = (port: string, answer: string) => `import { createServer } from 'node:http';
const answer = ${answer};
createServer(({ url }, response) => {
  const { status = 200, ...body } = answer(url);
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}).listen(Number(process.env.${port}), '127.0.0.1');
`;

/** A stream host that two services refuse: of the second it knows it a while after the first. */
const REFUSED = `(() => {
  let asked = 0;
  const [ageMs, state] = [1, 'refused'];
  const recogniser = { name: 'speech-recognition', state, ageMs, advice: 'Check SPEECH_KEY.' };
  const model = () => ({ name: 'chat-model', state: 'accepted', ...(asked > 2 && { state, ageMs, advice: 'Check AZURE_OPENAI_API_KEY.' }) });
  const others = [{ name: 'redis', state: 'accepted', ageMs }, { name: 'realtime', state: 'not configured' }];
  return (url) => {
    if (url === '/readyz') return { status: 503 };
    asked += 1;
    return { dependencies: [recogniser, model(), ...others] };
  };
})()`;

test('all services that refuse a start are told at its end, each with the setting to look at, and with the page that shows them (a wrong key)', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-refused-'));
  t.after(() => rm(folder, { recursive: true }));
  const form = async (name: keyof Forms, port: string, answer: string): Promise<Form> => {
    await writeFile(path.join(folder, `${name}.mjs`), answering(port, answer));
    return { entry: `${name}.mjs`, folder };
  };
  const forms: Forms = {
    emulator: await form('emulator', PORT_VARIABLES.emulator, '() => ({})'),
    functions: await form('functions', PORT_VARIABLES.functions, '() => ({})'),
    'stream-host': await form('stream-host', PORT_VARIABLES.streamHost, REFUSED),
  };
  const ports = await freePorts(4);
  const given = Object.fromEntries(Object.values(PORT_VARIABLES).map((name, at) => [name, String(ports[at])]));
  const stack = await LocalStack.start(given, {
    ...{ log: pino({ level: 'silent' }), view: createLogView(() => {}, false), identity: false, forms },
    onHopeless: () => assert.fail('Each of its processes runs.'),
  });
  t.after(() => stack.close());
  const refusals = await stack.ready();
  assert.equal(
    toldRefusals(refusals, stack.pageUrl),
    `Not ready, as a service does not take us. speech-recognition: Check SPEECH_KEY. chat-model: Check AZURE_OPENAI_API_KEY. The page shows it: ${stack.pageUrl}`,
  );
});
