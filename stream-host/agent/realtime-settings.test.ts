import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ConfigError } from '../../shared/errors.ts';
import { loadAgent } from './agent-definition.ts';
import { realtimeBrief } from './realtime-brief.ts';
import { testAgent } from './testing/language-model.ts';

async function load(context: TestContext, realtime: string, realtimeProblems?: () => readonly string[]) {
  const folder = await mkdtemp(join(tmpdir(), 'agents-'));
  context.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'desk.yaml');
  await writeFile(file, `greeting: Hello.\nprompt: Be kind.\n${realtime}`);
  return (await loadAgent(file, { realtimeProblems })).agent;
}

test('an agent may say how it speaks by a speech-to-speech service', async (context) => {
  assert.deepEqual((await load(context, '')).realtime, {});
  const { realtime } = await load(
    context,
    `realtime:
  voice: { type: azure-custom, name: OurVoice, endpoint_id: e1, temperature: 0.8 }
  turn_detection: { type: azure_semantic_vad, threshold: 0.5, end_of_utterance: { model: semantic_detection_v1 } }
  noise_suppression: azure_deep_noise_suppression
  transcription: { phrases: [Parley] }
  interim_response: { type: static_interim_response, texts: [One moment.] }
  mcp_servers: [{ server_label: crm, server_url: "https://crm.example/mcp", authorization_setting: MCP_CRM }]
`,
  );
  assert.deepEqual(realtime.voice, { type: 'azure-custom', name: 'OurVoice', endpoint_id: 'e1', temperature: 0.8 });
  assert.equal(realtime.turn_detection?.end_of_utterance?.model, 'semantic_detection_v1');
});

test('what no service takes is refused by its place, and so is what the engine decides', async (context) => {
  const bad = {
    'realtime: { turn_detection: { type: server_vad, interrupt_response: false } }':
      /realtime\.turn_detection: create_response/,
    'realtime: { turn_detection: { type: whenever } }': /realtime\.turn_detection\.type: /,
    'realtime: { voice: { type: azure-custom, name: x } }': /realtime\.voice: /,
    'realtime: { speed: 2 }': /realtime\.speed: is no field that is known here/,
    'realtime: { temperature: 9 }': /realtime\.temperature: /,
    'realtime: { interim_response: { type: static_interim_response } }':
      /realtime\.interim_response\.texts: is missing/,
    'realtime: { mcp_servers: [{ server_label: a, server_url: "ftp://x" }] }':
      /realtime\.mcp_servers\[0\]\.server_url: /,
  };
  for (const [realtime, message] of Object.entries(bad)) {
    await assert.rejects(load(context, realtime), (error: Error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, message);
      return true;
    });
  }
});

test('what the deployment’s service does not have stops the agent from loading, by file and field', async (context) => {
  const loading = load(context, 'realtime: { temperature: 1 }', () => ['temperature: is not to be had']);
  await assert.rejects(loading, /desk\.yaml: realtime\.temperature: is not to be had/);
});

test('a speech-to-speech model is told the agent’s instructions, its tools and what is known of the call', () => {
  const facts = { sessionId: 's1', direction: 'outbound', context: { order: 1042 } } as const;
  const { instructions, tools, locale, voice } = realtimeBrief(
    testAgent(),
    facts,
    new Date(Date.UTC(2026, 10, 29, 18)),
  );
  assert.match(instructions, /^Be kind\./);
  assert.match(instructions, /You have called this person/);
  // Only the model can greet again in this mode whoever said his hello into the greeting (issue 16).
  assert.match(instructions, /where it was cut off by no more than that, say again who you are/);
  assert.match(instructions, /1042/);
  assert.match(instructions, /Sunday,? 29 November 2026.* \(America\/New_York\)\.$/);
  assert.deepEqual([locale, voice], ['en-US', 'en-US-AvaMultilingualNeural']);
  assert.deepEqual(
    tools.map(({ name, parameters }) => [name, parameters.type]),
    [['end_call', 'object']],
  );
});
