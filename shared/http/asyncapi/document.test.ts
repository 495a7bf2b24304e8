import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { DEFAULT_TURN_POLICY } from '../../../stream-host/conversation/turns/turn-policy.ts';
import { MESSAGE_MS } from '../../../stream-host/playout/playout.ts';
import { parseAppFrame, parseServiceFrame } from '../../carrier/acs/media-frames.ts';
import { browserCommand, browserMessage } from '../../protocol/browser.ts';
import { CLOSE } from '../../protocol/close-codes.ts';
import { relayMessage } from '../../protocol/relay.ts';
import { ALL_SOCKETS } from '../routes/sockets.ts';
import { asyncApiDocument, SOCKETS } from './document.ts';

const document = JSON.parse(
  JSON.stringify(asyncApiDocument({ version: '1.0.0', socketsUrl: 'wss://host.example/below' })),
);

/** Every object of the document. */
function* objectsIn(value: unknown): Generator<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield value as Record<string, unknown>;
  for (const part of Object.values(value)) yield* objectsIn(part);
}

/** The schema of the specification; ajv has its own copy of draft 07, and takes no second one. */
function specification(): object {
  const schema = createRequire(import.meta.url)('@asyncapi/specs/schemas/3.1.0.json');
  const definitions = Object.fromEntries(
    Object.entries(schema.definitions).filter(([name]) => name !== 'http://json-schema.org/draft-07/schema'),
  );
  return { ...schema, definitions };
}

test('the document of the sockets is valid AsyncAPI 3.1, and every reference in it leads somewhere (promise 6)', () => {
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  const isValid = ajv.validate(specification(), document);
  assert.deepEqual([isValid, ajv.errors], [true, null]);
  for (const { $ref } of objectsIn(document)) {
    if (typeof $ref !== 'string') continue;
    assert.match($ref, /^#\//);
    const target = $ref
      .slice(2)
      .split('/')
      .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], document);
    assert.ok(target, `${$ref} leads nowhere`);
  }
  assert.deepEqual(document.servers['stream-host'], {
    host: 'host.example',
    protocol: 'wss',
    pathname: '/below',
    description: 'The stream host.',
  });
});

test('every socket is in it, with every kind of message that its schema has', () => {
  assert.deepEqual(
    Object.values<{ address: string }>(document.channels).map(({ address }) => address),
    ALL_SOCKETS.map(({ path }) => path),
  );
  const typesOf = (schema: { readonly options: readonly { readonly shape: { readonly type: unknown } }[] }) =>
    schema.options.length;
  const [conversation, relay] = SOCKETS;
  assert.equal(conversation?.down.messages.length, typesOf(browserMessage));
  // And the microphone, and what is typed.
  assert.equal(conversation.up.messages.length, typesOf(browserCommand) + 2);
  assert.equal(relay?.down.messages.length, typesOf(browserMessage) - 1);
});

test('every message has a summary and examples, and what checks it on the wire takes each of them', () => {
  const readers: Record<string, (example: unknown) => void> = {
    'conversation up': (example) => typeof example === 'string' || browserCommand.parse(example),
    'conversation down': (example) => browserMessage.parse(example),
    'dashboardRelay down': (example) => relayMessage.parse(example),
    'mediaStream up': (example) => assert.notEqual(parseServiceFrame(JSON.stringify(example)).kind, 'unknown'),
    'mediaStream down': (example) => assert.notEqual(parseAppFrame(JSON.stringify(example)).kind, 'unknown'),
    'mediaTranscription up': (example) => assert.notEqual(parseServiceFrame(JSON.stringify(example)).kind, 'unknown'),
  };
  const ajv = new Ajv({ strict: false, validateFormats: false });
  for (const { key, up, down } of SOCKETS) {
    for (const [way, messages] of Object.entries({ up: up.messages, down: down.messages })) {
      for (const message of messages) {
        const name = `${key} ${way}: ${message.key}`;
        assert.ok(message.summary.length > 10, name);
        // Bytes have none.
        assert.ok(message.examples.length > 0 || message.schema === undefined, `${name} has no example`);
        const { payload } = document.components.messages[`${key}.${message.key}`];
        for (const example of message.examples) {
          readers[`${key} ${way}`]?.(example);
          assert.ok(message.schema?.safeParse(example).success, name);
          assert.ok(ajv.validate(payload, example), `${name}: ${ajv.errorsText()}`);
        }
      }
    }
  }
});

test('a message that the relay passes on is one that its schema takes, and the voice is none', () => {
  const about = { session_id: 's', call_id: null };
  const said = { type: 'user_partial', content: 'where', ...about };
  assert.deepEqual(relayMessage.parse(said), said);
  const [, voice] = browserMessage.options;
  assert.equal(relayMessage.safeParse({ ...Object(voice.meta()?.examples)[0], ...about }).success, false);
});

test('the pace of the agent’s voice is told as playout keeps it (docs26: 20 ms every 20 ms was told)', () => {
  for (const socket of ['mediaStream', 'conversation']) {
    const { description } = document.channels[socket];
    assert.match(description, new RegExp(`up to\\s${DEFAULT_TURN_POLICY.playout.leadMs} ms at once`), socket);
    assert.match(description, new RegExp(`every ${MESSAGE_MS} ms`), socket);
  }
});

test('each close code of a socket is told with what it means and what to do about it', () => {
  const told = Object.values<{ 'x-close-codes': { code: number }[]; description: string }>(document.channels);
  for (const { 'x-close-codes': codes, description } of told) {
    for (const { code } of codes) assert.match(description, new RegExp(`\\| ${code} \\|`));
  }
  const known: readonly number[] = Object.values(CLOSE);
  const used = new Set(told.flatMap(({ 'x-close-codes': codes }) => codes.map(({ code }) => code)));
  // 4429 is kept for later.
  assert.deepEqual(
    [...known].filter((code) => !used.has(code)),
    [CLOSE.tooManySessions],
  );
});
