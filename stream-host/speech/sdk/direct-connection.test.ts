import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import 'microsoft-cognitiveservices-speech-sdk';
import {
  type ConnectionMessage,
  ConnectionState,
  type IConnection,
  MessageType,
} from 'microsoft-cognitiveservices-speech-sdk/distrib/lib/src/common/Exports.js';
import { WebsocketConnection } from 'microsoft-cognitiveservices-speech-sdk/distrib/lib/src/common.browser/WebsocketConnection.js';
import { WebsocketMessageFormatter } from 'microsoft-cognitiveservices-speech-sdk/distrib/lib/src/common.speech/Exports.js';
import { SpeechConnectionMessage } from 'microsoft-cognitiveservices-speech-sdk/distrib/lib/src/common.speech/SpeechConnectionMessage.Internal.js';
import { type WebSocket, WebSocketServer } from 'ws';
import { audioFrame, parseUsp, textFrame } from '../../../emulator/speech/usp.ts';
import { eventually } from '../../../shared/testing/eventually.ts';
import { DirectConnection } from './direct-connection.ts';
import './speech-service.ts';

const ID = '0123456789abcdef0123456789abcdef';
const ignore = () => undefined;

const textMessage = (body: string) => new SpeechConnectionMessage(MessageType.Text, 'telemetry', ID, '', body);
const audioMessage = (...bytes: number[]) =>
  new SpeechConnectionMessage(MessageType.Binary, 'audio', ID, '', new Uint8Array(bytes).buffer);

/** What both must do alike: the SDK's connection as it is, and with the short way for its messages. */
const KINDS = {
  'as the SDK has it': (connection: IConnection) => connection,
  direct: (connection: IConnection) => new DirectConnection(connection, ignore),
};

test("the Speech SDK's web socket is where it is looked for, so that messages take the short way", () =>
  withServer(async ({ connect }) => {
    const paths: string[] = [];
    const connection = new DirectConnection(connect(), (path) => paths.push(path));
    assert.equal((await connection.open()).statusCode, 200);
    assert.ok(connection.isDirect, 'the SDK has changed: teach webSocketOf the new place');
    await connection.dispose();
  }));

test('without its web socket a connection works all the same, the slow way, and says so', async (t) => {
  const warnings: string[] = [];
  t.mock.method(process, 'emitWarning', (warning: unknown) => warnings.push(String(warning)));
  await withServer(async ({ connect, accepted }) => {
    const paths: string[] = [];
    // Not the SDK's class: as if its insides were others.
    const connection = new DirectConnection(delegateTo(connect()), (path) => paths.push(path));
    await connection.open();
    assert.equal(connection.isDirect, false);
    assert.match(warnings.join(), /1\.52\.0/);
    const server = await accepted();
    await connection.send(textMessage('{"sent":true}'));
    await eventually(() => server.received.length === 1);
    assert.deepEqual(server.received, ['telemetry {"sent":true}']);
    server.socket.send(textFrame('turn.start', ID, {}));
    assert.equal((await connection.read()).headers.path, 'turn.start');
    assert.deepEqual(paths, ['turn.start']);
    await connection.dispose();
  });
});

test('messages are told of with their path before they are read', () =>
  withServer(async ({ connect, accepted }) => {
    const order: string[] = [];
    const connection = new DirectConnection(connect(), (path) => order.push(`told ${path}`));
    await connection.open();
    const { socket } = await accepted();
    const read = connection.read().then((message) => order.push(`read ${message.headers.path}`));
    socket.send(textFrame('turn.start', ID, {}));
    await read;
    assert.deepEqual(order, ['told turn.start', 'read turn.start']);
    await connection.dispose();
  }));

test('when nobody reads any more, the connection is broken off before the messages fill the memory', () =>
  withServer(async ({ connect, accepted }) => {
    const connection = new DirectConnection(connect(), ignore);
    await connection.open();
    const { socket } = await accepted();
    for (let count = 0; count < 1_100; count += 1) socket.send(textFrame('turn.start', ID, {}));
    await eventually(() => connection.state() === ConnectionState.Disconnected);
  }));

for (const [kind, wrap] of Object.entries(KINDS)) {
  test(`${kind}: messages leave in the order in which they were sent, texts and audio alike`, () =>
    withServer(async ({ connect, accepted }) => {
      const connection = wrap(connect());
      await connection.open();
      const { received } = await accepted();
      const expected: string[] = [];
      const sent: Promise<void>[] = [];
      for (let count = 0; count < 50; count += 1) {
        sent.push(connection.send(count % 3 === 0 ? textMessage(`{"n":${count}}`) : audioMessage(count, 1)));
        expected.push(count % 3 === 0 ? `telemetry {"n":${count}}` : `audio ${count},1`);
      }
      await Promise.all(sent);
      await eventually(() => received.length === expected.length);
      assert.deepEqual(received, expected);
      await connection.dispose();
    }));

  test(`${kind}: messages are read in the order in which they came, whoever was first, reader or message`, () =>
    withServer(async ({ connect, accepted }) => {
      const connection = wrap(connect());
      await connection.open();
      const { socket } = await accepted();
      const early = [connection.read(), connection.read()];
      socket.send(textFrame('first', ID, {}));
      socket.send(audioFrame(ID, 'stream', new Uint8Array([7, 8])));
      socket.send(textFrame('third', ID, { late: true }));
      socket.send(textFrame('last', ID, {}));
      const messages = [...(await Promise.all(early)), await connection.read(), await connection.read()];
      assert.deepEqual(
        messages.map(({ headers }) => headers.path),
        ['first', 'audio', 'third', 'last'],
      );
      assert.deepEqual([...new Uint8Array(messages[1]?.binaryBody ?? new ArrayBuffer())], [7, 8]);
      assert.equal(messages[1]?.headers['x-streamid'], 'stream');
      assert.equal(messages[2]?.textBody, '{"late":true}');
      await connection.dispose();
    }));

  test(`${kind}: a close ends the wait for a message, after the event that tells why, and is the end of sending`, () =>
    withServer(async ({ connect, accepted }) => {
      const connection = wrap(connect());
      const order: string[] = [];
      connection.events.attach((event) => order.push(event.name));
      await connection.open();
      const reads = [connection.read(), connection.read()].map((read) =>
        read.then((message) => order.push(`${message}`)),
      );
      (await accepted()).socket.close(1011);
      await Promise.all(reads);
      assert.deepEqual(order.slice(-3), ['ConnectionClosedEvent', 'undefined', 'undefined']);
      assert.equal(connection.state(), ConnectionState.Disconnected);
      assert.match(await refusal(connection.send(textMessage('{}'))), /Cannot send on connection.* Disconnected/);
      assert.match(await refusal(connection.read()), /Cannot read on connection/);
    }));

  test(`${kind}: messages that nobody has read are gone with the connection`, () =>
    withServer(async ({ connect, accepted }) => {
      const connection = wrap(connect());
      await connection.open();
      const { socket } = await accepted();
      socket.send(textFrame('unread', ID, {}));
      socket.close(1000);
      await eventually(() => connection.state() === ConnectionState.Disconnected);
      assert.match(await refusal(connection.read()), /Cannot read on connection/);
    }));

  test(`${kind}: closing it from here ends the wait for a message, too`, () =>
    withServer(async ({ connect, accepted }) => {
      const connection = wrap(connect());
      await connection.open();
      const { socket } = await accepted();
      const read = connection.read();
      const closed = once(socket, 'close');
      await connection.dispose();
      assert.equal(await read, undefined);
      assert.equal((await closed)[0], 1000);
    }));

  test(`${kind}: nothing can be sent or read before it is open`, () =>
    withServer(async ({ connect }) => {
      const connection = wrap(connect());
      assert.match(await refusal(connection.send(textMessage('{}'))), /Cannot send on connection/);
      assert.match(await refusal(connection.read()), /Cannot read on connection/);
    }));

  test(`${kind}: a refused upgrade is an answer, not a failure`, () =>
    withServer(async ({ connect, refuse }) => {
      refuse();
      const connection = wrap(connect());
      const { statusCode, reason } = await connection.open();
      assert.equal(statusCode, 1006);
      assert.match(reason, /401/);
    }));

  test(`${kind}: what is no message is left out`, () =>
    withServer(async ({ connect, accepted }) => {
      const connection = wrap(connect());
      await connection.open();
      const { socket } = await accepted();
      socket.send(Buffer.of(0));
      socket.send(Buffer.of(0, 200, 1));
      socket.send(textFrame('after', ID, {}));
      assert.equal((await connection.read()).headers.path, 'after');
      await connection.dispose();
    }));
}

interface Accepted {
  readonly socket: WebSocket;
  /** Path and body of each message. */
  readonly received: string[];
}

interface Bench {
  /** A connection of the SDK, not open yet. */
  connect(): WebsocketConnection;
  /** The server's end of the first. */
  accepted(): Promise<Accepted>;
  refuse(): void;
}

async function withServer(use: (bench: Bench) => Promise<void>): Promise<void> {
  let refuses = false;
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', verifyClient: () => !refuses });
  await once(server, 'listening');
  const first: Accepted[] = [];
  server.on('connection', (socket) => {
    const received: string[] = [];
    first.push({ socket, received });
    socket.on('error', ignore);
    socket.on('message', (data: Buffer, isBinary) => {
      const { path, body } = parseUsp(data, isBinary);
      received.push(`${path} ${body.type === 'text' ? body.text : [...body.bytes].join()}`);
    });
  });
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  try {
    await use({
      connect: () => {
        const headers: Record<string, string> = {};
        const noProxy = undefined as unknown as ConstructorParameters<typeof WebsocketConnection>[4];
        return new WebsocketConnection(
          `ws://127.0.0.1:${port}/`,
          {},
          headers,
          new WebsocketMessageFormatter(),
          noProxy,
          false,
          ID,
        );
      },
      accepted: async () => {
        await eventually(() => first.length > 0);
        const [accepted] = first;
        assert.ok(accepted);
        return accepted;
      },
      refuse: () => {
        refuses = true;
      },
    });
  } finally {
    for (const socket of server.clients) socket.terminate();
    server.close();
  }
}

const refusal = (promise: Promise<unknown>): Promise<string> => promise.then(() => 'it was not refused', String);

function delegateTo(inner: WebsocketConnection): IConnection {
  return {
    id: inner.id,
    events: inner.events,
    state: () => inner.state(),
    open: () => inner.open(),
    send: (message: ConnectionMessage) => inner.send(message),
    read: () => inner.read(),
    dispose: () => inner.dispose(),
  };
}
