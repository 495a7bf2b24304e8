import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { eventually } from '../../shared/testing/eventually.ts';
import { listening } from '../../shared/testing/listening.ts';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import { redisLineOf, redisOrder } from '../disturbances/redis-order.ts';
import { RedisLine } from './redis-line.ts';

const PING = '*1\r\n$4\r\nPING\r\n';

/** Something that answers each command, as Redis does, and a line to it. */
async function start(t: TestContext) {
  const clock = new VirtualClock();
  const redis = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => socket.write('+PONG\r\n'.repeat(data.toString().split('PING').length - 1)));
  });
  const line = await RedisLine.to(`redis://127.0.0.1:${await listening(redis)}`, clock);
  t.after(async () => {
    await line.close();
    redis.close();
  });
  const open = async () => {
    const socket = connect(Number(new URL(line.url).port), '127.0.0.1');
    let said = '';
    let isClosed = false;
    socket.on('data', (data) => {
      said += data;
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      isClosed = true;
    });
    await once(socket, 'connect');
    return { socket, said: () => said, isClosed: () => isClosed };
  };
  return { clock, line, open };
}

const ping = (socket: Socket) => socket.write(PING);

test('all passes as it is, until answers are to be late', async (t) => {
  const { clock, line, open } = await start(t);
  const client = await open();
  ping(client.socket);
  await eventually(() => client.said() === '+PONG\r\n');
  line.obey(redisOrder({ fault: 'slow', amountMs: 200 }));
  ping(client.socket);
  await eventually(() => clock.pending > 0);
  assert.equal(client.said(), '+PONG\r\n');
  await clock.advance(200);
  await eventually(() => client.said() === '+PONG\r\n+PONG\r\n');
  line.obey(undefined);
  ping(client.socket);
  await eventually(() => client.said().length === 21);
});

test('a Redis that is silent answers in the end', async (t) => {
  const { line, open } = await start(t);
  const client = await open();
  line.obey(redisOrder({ fault: 'silent', amountMs: 0 }));
  ping(client.socket);
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.equal(client.said(), '');
  line.obey(redisOrder(undefined));
  await eventually(() => client.said() === '+PONG\r\n');
});

test('one that is away cuts its clients off and takes no new ones, until it is back', async (t) => {
  const { line, open } = await start(t);
  const client = await open();
  ping(client.socket);
  await eventually(() => client.said() !== '');
  line.obey(redisOrder({ fault: 'down', amountMs: 0 }));
  await eventually(client.isClosed);
  const second = await open();
  await eventually(second.isClosed);
  line.obey(redisOrder(undefined));
  const third = await open();
  ping(third.socket);
  await eventually(() => third.said() === '+PONG\r\n');
});

test('one that refuses says so to each command, and whoever was refused connects anew afterwards', async (t) => {
  const { line, open } = await start(t);
  const before = await open();
  ping(before.socket);
  await eventually(() => before.said() !== '');
  line.obey(redisOrder({ fault: 'refused', amountMs: 0 }));
  await eventually(before.isClosed);
  const client = await open();
  client.socket.write(PING + PING);
  await eventually(() => client.said() === '-NOAUTH Authentication required.\r\n'.repeat(2));
  line.obey(redisOrder(undefined));
  await eventually(client.isClosed);
});

test('what is no order has the line whole', async (t) => {
  const { line, open } = await start(t);
  for (const order of [{ redis: { fault: 'wobbly', amountMs: 1 } }, 'down', null, { redis: null }]) {
    line.obey(redisOrder({ fault: 'down', amountMs: 0 }));
    line.obey(order);
    const client = await open();
    ping(client.socket);
    await eventually(() => client.said() === '+PONG\r\n');
  }
});

/** The process that orders, and the channel to the one that has the line; what that tells is `late` or comes at once. */
function orderer(line: RedisLine) {
  const told = new EventEmitter();
  const late: object[] = [];
  const channel = { isLate: false };
  const reply = (message: object) => (channel.isLate ? late.push(message) : told.emit('message', message));
  const send = (message: unknown) => {
    line.obey(message, reply);
    return true;
  };
  const order = redisLineOf(Object.assign(told, { send, connected: true }));
  const arrive = () => {
    for (const message of late.splice(0)) told.emit('message', message);
  };
  return { order: order ?? assert.fail('It has a line.'), told, channel, arrive };
}

test('how often it is felt is told to whoever wants it, and nothing while nothing fails (stranger17 3)', async (t) => {
  const { clock, line, open } = await start(t);
  const { order, told } = orderer(line);
  const count = { felt: 0 };
  const client = await open();
  order(undefined);
  ping(client.socket);
  await eventually(() => client.said() === '+PONG\r\n');
  assert.equal(count.felt, 0);
  order({ fault: 'slow', amountMs: 100, count });
  ping(client.socket);
  await eventually(() => count.felt === 1);
  await clock.advance(100);
  order({ fault: 'down', amountMs: 0, count });
  await eventually(client.isClosed);
  const second = await open();
  await eventually(second.isClosed);
  assert.equal(count.felt, 3);
  told.emit('message', { redisFelt: 'often', redisOrder: 3 });
  assert.equal(count.felt, 3);
});

test('what was felt of a fault is counted with it, though it is told when another is in force (soak17 3)', async (t) => {
  const { line, open } = await start(t);
  const { order, channel, arrive } = orderer(line);
  const [first, second] = [{ felt: 0 }, { felt: 0 }];
  channel.isLate = true;
  const client = await open();
  ping(client.socket);
  await eventually(() => client.said() === '+PONG\r\n');
  order({ fault: 'down', amountMs: 0, count: first });
  order(undefined);
  order({ fault: 'refused', amountMs: 0, count: second });
  arrive();
  assert.deepEqual([first.felt, second.felt], [1, 0]);
});
