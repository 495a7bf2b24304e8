import { pino } from 'pino';
import { connectRedis } from '../connect.ts';
import { SessionStore } from '../session-store.ts';

/** A process that holds a session and writes to it in every way, without a pause, until it has lost the lease for good. */
const [url = '', id = '', owner = '', lease = ''] = process.argv.slice(2);
const leaseMs = Number(lease);
const redis = connectRedis(url, pino({ level: 'silent' }));
const store = new SessionStore(redis, { ttlSeconds: 600 });
const session = store.owned(id, owner);

process.stdout.write((await store.claim(id, owner, leaseMs)) ? 'claimed\n' : 'refused\n');
let lost = 0;
for (let n = 0; lost < 50; n++) {
  const writes = [
    session.append({ type: owner, source: 'stream-host', data: { n } }),
    session.set({ endReason: owner }),
    session.writeHistory(0, [{ role: 'caller', text: owner }]),
    store.renew(id, owner, leaseMs),
  ];
  const outcomes = await Promise.allSettled(writes);
  if (outcomes.some(({ status }) => status === 'rejected')) lost += 1;
}
process.stdout.write('lost\n');
redis.disconnect();
