import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../shared/testing/eventually.ts';
import {
  acsTokens,
  type Client,
  type HostUnderTest,
  phoneSession,
  redisForTests,
  startHost,
} from '../testing/host-under-test.ts';

const redis = await redisForTests();
const host = await startHost(redis.url, { waits: { pickUpMs: 1500 } });

/** The call is talking: the greeting comes down its socket. */
async function isTalking(phone: Client): Promise<void> {
  phone.startCall();
  await phone.untilKind('AudioData');
}

suite('picking a call up', { concurrency: true }, () => {
  test('the session first, then the socket by session id: the socket binds the call', async () => {
    await host.store.create(phoneSession('order-1'));
    const phone = await host.phone('call-1', 'order-1');
    await isTalking(phone);
    assert.equal((await host.store.findByCall('call-1'))?.id, 'order-1');
    assert.equal((await host.store.get('order-1'))?.callConnectionId, 'call-1');
  });

  test('the call bound first: the socket needs no session id', async () => {
    await host.store.create(phoneSession('order-2'));
    await host.store.bind('order-2', { callConnectionId: 'call-2' });
    await isTalking(await host.phone('call-2'));
  });

  test('the socket first: it waits for its session', async () => {
    const phone = await host.phone('call-3', 'order-3');
    phone.startCall();
    await sleep(100);
    assert.deepEqual(phone.messages, []);
    await host.store.create(phoneSession('order-3'));
    await phone.untilKind('AudioData');
    assert.equal((await host.store.findByCall('call-3'))?.id, 'order-3');
  });

  test('the socket first and by its call alone: it waits for the call to be bound', async () => {
    const phone = await host.phone('call-4');
    phone.startCall();
    await host.store.create(phoneSession('order-4'));
    await sleep(50);
    await host.store.bind('order-4', { callConnectionId: 'call-4' });
    await phone.untilKind('AudioData');
  });

  test('the socket and the callback at the same time agree on one binding', async () => {
    await host.store.create(phoneSession('order-5'));
    const [phone, bound] = await Promise.all([
      host.phone('call-5', 'order-5'),
      host.store.bind('order-5', { callConnectionId: 'call-5' }),
    ]);
    assert.equal(bound.id, 'order-5');
    await isTalking(phone);
  });

  test('a socket without the header finds its call by the query that the old server took', async () => {
    await host.store.create(phoneSession('order-6'));
    const phone = await host.connect('/api/v1/media/stream?call_connection_id=call-6&session_id=order-6', {
      authorization: `Bearer ${await acsTokens.sign(60)}`,
    });
    await isTalking(phone);
    assert.equal((await host.store.findByCall('call-6'))?.id, 'order-6');
  });

  test('a call that is over is not picked up', async () => {
    await host.store.create({ ...phoneSession('order-7'), status: 'disconnected' });
    const { code, reason } = await (await host.phone('call-7', 'order-7')).closed;
    assert.equal(code, 4404);
    assert.match(reason, /call\.ended/);
  });

  test('a socket that goes away while it waits leaves nothing behind', async () => {
    const phone = await host.phone('call-8', 'order-8');
    phone.socket.close(1000);
    await phone.closed;
    await host.store.create(phoneSession('order-8'));
    await sleep(400);
    // On a busy machine it may be taken up late, and is let go of then.
    await eventually(async () => (await host.store.owner('order-8')) === undefined);
  });

  test('a call goes on at another host, with what was said, when its own is gone', async () => {
    await host.store.create(phoneSession('order-9'));
    const phone = await host.phone('call-9', 'order-9');
    await isTalking(phone);
    await eventually(async () => (await host.store.history('order-9')).length > 0);
    // The host dies without a word: its lease stays behind, its announcement runs out.
    await host.store.release('order-9', (await host.store.owner('order-9')) ?? '');
    await host.store.claim('order-9', 'dead-host:8080#run-1#socket-1', 60_000);

    const other = await startHost(redis.url);
    const again = await other.phone('call-9', 'order-9');
    again.startCall();
    await eventually(async () => (await ownerPlace(other, 'order-9')) === other.host.place);
    await eventually(async () => (await host.store.history('order-9')).length > 1);
    const said = (await host.store.history('order-9')).map((item) => (item as { text: string }).text);
    assert.match(said[1] ?? '', /cut off/, 'an excuse, and no second greeting');
  });

  test('a host that was replaced in its place takes its own sessions back at once', async () => {
    await host.store.create(phoneSession('order-10'));
    await host.store.claim('order-10', `${host.host.place}#an-earlier-run#socket-1`, 60_000);
    await isTalking(await host.phone('call-10', 'order-10'));
  });

  test('a session that a living host holds is refused, and taken once that host lets go', async () => {
    await host.store.hosts.announce('alive:8080#run-1', { sessions: 1, maxSessions: 9 }, 60_000);
    await host.store.create(phoneSession('order-11'));
    await host.store.claim('order-11', 'alive:8080#run-1#socket-1', 60_000);
    const refused = await host.phone('call-11', 'order-11');
    assert.equal((await refused.closed).code, 4409);
    const waiting = await host.phone('call-11', 'order-11');
    waiting.startCall();
    await sleep(100);
    await host.store.release('order-11', 'alive:8080#run-1#socket-1');
    await waiting.untilKind('AudioData');
  });

  test('a host that loses its lease falls silent and says why', async () => {
    const brief = await startHost(redis.url, { waits: { leaseMs: 300 } });
    await host.store.create(phoneSession('order-12'));
    const phone = await brief.phone('call-12', 'order-12');
    await isTalking(phone);
    await host.store.release('order-12', (await host.store.owner('order-12')) ?? '');
    await host.store.claim('order-12', 'alive:8080#run-1#socket-2', 60_000);
    const { code, reason } = await phone.closed;
    assert.equal(code, 4409);
    assert.match(reason, /Another server/);
    assert.equal(await host.store.owner('order-12'), 'alive:8080#run-1#socket-2');
  });

  test('a command ends the conversation; the function that sent it hangs up, not this host', async () => {
    await host.store.create(phoneSession('order-13'));
    const phone = await host.phone('call-13', 'order-13');
    await isTalking(phone);
    await host.store.command('order-13', { type: 'end', reason: 'hangup-requested' });
    assert.deepEqual(await phone.closed, { code: 1000, reason: 'hangup-requested' });
    assert.deepEqual(host.hungUp, []);
  });

  test('a call that lasts too long is hung up, with the reason written first', async () => {
    const strict = await startHost(redis.url, { maxCallMs: 200 });
    await host.store.create(phoneSession('order-14'));
    const phone = await strict.phone('call-14', 'order-14');
    phone.startCall();
    assert.deepEqual(await phone.closed, { code: 1000, reason: 'call-too-long' });
    assert.deepEqual(strict.hungUp, ['call-14']);
    assert.equal((await host.store.get('order-14'))?.endReason, 'call-too-long');
  });
});

const ownerPlace = async (at: HostUnderTest, id: string) => (await at.store.owner(id))?.split('#')[0];
