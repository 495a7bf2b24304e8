import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { CarrierError } from '../../shared/carrier/carrier-error.ts';
import { systemClock } from '../../shared/clock.ts';
import type { RecordStore } from '../../shared/records/record-store.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { defaultPhrases } from '../agent/phrases.ts';
import type { ModeKind } from '../contract/mode.ts';
import { CallRecords } from '../record/call-records.ts';
import { type Client, phoneSession, redisForTests, responder, startHost } from '../testing/host-under-test.ts';

const GREETING = 'Hello, this is the order desk. How can I help you today?';

const redis = await redisForTests();

/** A carrier that opens a call's media socket at the other host, as it is asked to. */
function carrierOf(at: () => Awaited<ReturnType<typeof startHost>>) {
  const sockets = new Map<string, Client>();
  const lines = new Map<string, ReturnType<Client['startCall']>>();
  const asked: string[] = [];
  const refuses = { times: 0 };
  const carrier = {
    state: async () => 'connected' as const,
    hangUp: async () => {},
    end: async () => false,
    participants: async () => [],
    recordingState: async () => 'inactive' as const,
    stopRecording: async () => {},
    startTranscription: async () => {},
    stopMedia: async (callId: string) => {
      asked.push(`stop ${callId}`);
      sockets.get(callId)?.socket.close(1000);
      return sockets.delete(callId);
    },
    startMedia: async (callId: string) => {
      asked.push(`start ${callId}`);
      refuses.times -= 1;
      if (refuses.times >= 0) throw new CarrierError('unavailable', 'acs.unavailable', 'Try again later.');
      const socket = await at().phone(callId, callId.slice('call-'.length));
      sockets.set(callId, socket);
      lines.set(callId, socket.startCall());
    },
  };
  return { carrier, sockets, lines, asked, refuses };
}

const saidIn = async (host: Awaited<ReturnType<typeof startHost>>, id: string) =>
  (await host.store.history(id)).flatMap((item) => ('text' in item ? [`${item.role}: ${item.text}`] : []));

test('a host that is asked to end hands a call over in the agent’s pause: no word is cut, none is said of it, and the talk goes on (issue 17)', async () => {
  const { carrier, sockets, lines, asked } = carrierOf(() => second);
  const openResponder = () => ({ ...responder(), phrases: defaultPhrases('en-US', GREETING) });
  const first = await startHost(redis.url, { calls: carrier, openResponder, place: 'going' });
  const second = await startHost(redis.url, { calls: carrier, openResponder, place: 'staying' });
  await first.store.create(phoneSession('moved'));
  const phone = await first.phone('call-moved', 'moved');
  sockets.set('call-moved', phone);
  phone.startCall();
  await phone.untilKind('AudioData');
  const framesBefore = phone.messages.length;
  // In the middle of the greeting.
  await first.leave(5000);
  assert.ok(phone.messages.length > framesBefore, 'the greeting went on meanwhile');
  assert.deepEqual(asked, ['stop call-moved', 'start call-moved']);
  await eventually(async () => (await first.store.owner('moved'))?.startsWith('staying') === true);
  const [greeting] = (await first.store.events('moved')).filter(({ type }) => type === 'agent.said');
  assert.partialDeepStrictEqual(greeting?.data, { text: GREETING, interrupted: false });

  const next = sockets.get('call-moved') ?? assert.fail('no other socket was opened');
  await sleep(300);
  assert.deepEqual(next.messages, [], 'nothing is said of what nobody has noticed');
  lines.get('call-moved')?.say(400);
  await next.untilKind('AudioData');
  await eventually(async () => (await saidIn(first, 'moved')).length === 3);
  assert.deepEqual((await saidIn(first, 'moved')).slice(0, 2), [`agent: ${GREETING}`, 'caller: where is my order']);
  assert.equal(first.live.held.length, 0);
  next.socket.terminate();
  await Promise.all([first.close(), second.close()]);
});

test('a host that is too busy for new calls takes those of one that goes, in their pause (issue 17)', async () => {
  const { carrier, sockets, asked } = carrierOf(() => busy);
  const admission: { overload: 'cpu' | undefined } = { overload: undefined };
  const openAdmission = () => ({
    get overload() {
      return admission.overload;
    },
    reading: { open: false, loopDelayMs: 0, speechLaneMs: 0, cpu: 1 },
    onChange: () => {},
    close: () => {},
  });
  const going = await startHost(redis.url, { calls: carrier, place: 'going-too' });
  const busy = await startHost(redis.url, { calls: carrier, place: 'busy', openAdmission });
  // It is its own calls that make it busy.
  await busy.store.create(phoneSession('own'));
  const own = await busy.phone('call-own', 'own');
  own.startCall();
  await own.untilKind('AudioData');
  admission.overload = 'cpu';
  await going.store.create(phoneSession('kept'));
  const phone = await going.phone('call-kept', 'kept');
  sockets.set('call-kept', phone);
  phone.startCall();
  await phone.untilKind('AudioData');
  await going.leave(2000);
  assert.deepEqual(asked, ['stop call-kept', 'start call-kept']);
  await eventually(async () => (await going.store.owner('kept'))?.startsWith('busy') === true);
  own.socket.terminate();
  sockets.get('call-kept')?.socket.terminate();
  await Promise.all([going.close(), busy.close()]);
});

test('a host that is asked to end hands no call over to one that drains, too, and does to one that comes meanwhile (closer17 2)', async () => {
  let comes: Awaited<ReturnType<typeof startHost>> | undefined;
  const { carrier, sockets, asked } = carrierOf(() => comes ?? assert.fail('nobody is there'));
  const going = await startHost(redis.url, { calls: carrier, place: 'going-both' });
  const draining = await startHost(redis.url, { calls: carrier, place: 'draining' });
  for (const [host, id] of [
    [going, 'waits'],
    [draining, 'stays'],
  ] as const) {
    await host.store.create(phoneSession(id));
    const phone = await host.phone(`call-${id}`, id);
    sockets.set(`call-${id}`, phone);
    phone.startCall();
    await phone.untilKind('AudioData');
  }
  draining.live.drain(1001, 'It is being restarted.');
  const placesOf = async (place: string) =>
    (await going.store.hosts.all()).find(({ hostId }) => hostId.startsWith(place))?.maxSessions;
  await eventually(async () => (await placesOf('draining')) === 0);
  const left = going.leave(20_000);
  await sleep(1_500);
  assert.deepEqual(asked, []);
  comes = await startHost(redis.url, { calls: carrier, place: 'comes' });
  await left;
  assert.deepEqual(asked, ['stop call-waits', 'start call-waits']);
  await eventually(async () => (await going.store.owner('waits'))?.startsWith('comes') === true);
  for (const { socket } of sockets.values()) socket.terminate();
  await Promise.all([going.close(), draining.close(), comes.close()]);
});

test('a call whose old socket is closed and for which ACS opens no other at once is brought back within seconds (closer17 5)', async () => {
  const { carrier, sockets, asked, refuses } = carrierOf(() => staying);
  const going = await startHost(redis.url, { calls: carrier, place: 'going-slow' });
  const staying = await startHost(redis.url, { calls: carrier, place: 'staying-slow' });
  await going.store.create({ ...phoneSession('slow'), callConnectionId: 'call-slow' });
  const phone = await going.phone('call-slow', 'slow');
  sockets.set('call-slow', phone);
  phone.startCall();
  await phone.untilKind('AudioData');
  // One hand-over asks six times.
  refuses.times = 8;
  await going.leave(5_000);
  const sinceMs = performance.now();
  await eventually(async () => (await going.store.owner('slow'))?.startsWith('staying-slow') === true);
  assert.ok(performance.now() - sinceMs < 15_000, 'the sweep looks later');
  assert.equal(asked.filter((each) => each === 'start call-slow').length, 9);
  for (const { socket } of sockets.values()) socket.terminate();
  await Promise.all([going.close(), staying.close()]);
});

test('a call that is just being taken when its host is asked to end is handed over, too (closer17 3)', async () => {
  const { carrier, sockets, asked } = carrierOf(() => staying);
  const going = await startHost(redis.url, { calls: carrier, place: 'going-early' });
  const staying = await startHost(redis.url, { calls: carrier, place: 'staying-early' });
  await going.store.create(phoneSession('early'));
  // Somebody who is heard still has it.
  await going.store.hosts.announce('slow#1', { sessions: 1, maxSessions: 1 }, 6_000);
  assert.ok(await going.store.claim('early', 'slow#1#a', 30_000));
  const phone = await going.phone('call-early', 'early');
  sockets.set('call-early', phone);
  phone.startCall();
  await eventually(() => going.live.held.length === 1);
  const left = going.leave(5_000);
  await sleep(300);
  await going.store.release('early', 'slow#1#a');
  await left;
  assert.deepEqual(asked, ['stop call-early', 'start call-early']);
  await eventually(async () => (await going.store.owner('early'))?.startsWith('staying-early') === true);
  for (const { socket } of sockets.values()) socket.terminate();
  await Promise.all([going.close(), staying.close()]);
});

test('without another host nobody is asked to open a socket that none could take (issue 17)', async () => {
  const { carrier, sockets, asked } = carrierOf(() => alone);
  const alone = await startHost(redis.url, { calls: carrier, place: 'alone' });
  await alone.redis.del('parley:hosts');
  await alone.store.create(phoneSession('last'));
  const phone = await alone.phone('call-last', 'last');
  sockets.set('call-last', phone);
  phone.startCall();
  await phone.untilKind('AudioData');
  await alone.redis.del('parley:hosts');
  await alone.leave(5000);
  assert.deepEqual(asked, []);
  assert.equal(phone.socket.readyState, phone.socket.OPEN);
  await alone.close();
  assert.equal((await phone.closed).code, 1001);
});

test('a call is handed over at once though the storage of its record is silent: its caller heard nobody for as long as that was waited for (close reading 7)', async () => {
  const { carrier, sockets, asked } = carrierOf(() => staying);
  const never = () => new Promise<never>(() => {});
  const store: RecordStore = { begin: never, files: never, erase: never, async *read() {} };
  const records = new CallRecords({
    ...{ store, privacy: { words: true, audio: false, numbers: false }, clock: systemClock },
    ...{ version: '1.2.3', agentVersion: () => undefined, host: 'here' },
  });
  const going = await startHost(redis.url, { calls: carrier, place: 'going-recorded', records });
  const staying = await startHost(redis.url, { calls: carrier, place: 'staying-recorded' });
  await going.store.create(phoneSession('recorded'));
  const phone = await going.phone('call-recorded', 'recorded');
  sockets.set('call-recorded', phone);
  phone.startCall();
  await phone.untilKind('AudioData');
  // In a pause of its talk, by when a first line of the record is on its way.
  await sleep(1_500);
  const sinceMs = performance.now();
  const left = going.leave(5_000);
  await eventually(() => asked.includes('stop call-recorded'));
  assert.ok(performance.now() - sinceMs < 1_900, `${Math.round(performance.now() - sinceMs)} ms`);
  await eventually(async () => (await going.store.owner('recorded'))?.startsWith('staying-recorded') === true);
  await left;
  for (const { socket } of sockets.values()) socket.terminate();
  await Promise.all([going.close(), staying.close()]);
});

test('a session that is handed over before its line was ready is not begun after that (close reading 10)', async () => {
  const begun: string[] = [];
  const kind: ModeKind = {
    answers: false,
    rateHz: 16_000,
    open({ events }) {
      let isOver = false;
      return {
        start: () => void begun.push(isOver ? 'late' : 'in time'),
        audio() {},
        pressed() {},
        interrupt() {},
        close(reason) {
          isOver = true;
          events.emit('ended', { reason });
        },
      };
    },
  };
  const { carrier, sockets } = carrierOf(() => staying);
  const calls = {
    ...carrier,
    stopMedia: async (callId: string) => {
      sockets.get(callId)?.startCall();
      await sleep(200);
      return carrier.stopMedia(callId);
    },
  };
  const modes = { counted: kind };
  const going = await startHost(redis.url, { calls, modes, place: 'going-unready' });
  const staying = await startHost(redis.url, { calls, modes, place: 'staying-unready' });
  await going.store.create({ ...phoneSession('unready'), mode: 'counted' });
  const phone = await going.phone('call-unready', 'unready');
  sockets.set('call-unready', phone);
  await eventually(async () => (await going.store.events('unready')).some(({ type }) => type === 'media.connected'));
  await going.leave(2_000);
  await eventually(() => begun.length > 0);
  await sleep(100);
  assert.deepEqual(begun, ['in time']);
  for (const { socket } of sockets.values()) socket.terminate();
  await Promise.all([going.close(), staying.close()]);
});
