import { setTimeout as sleep } from 'node:timers/promises';
import type { CollectKeysWish } from '../../../shared/calls/keys-wish.ts';
import { encodeServiceDtmf } from '../../../shared/carrier/acs/media-frames.ts';
import type { Client } from '../../testing/host-under-test.ts';

/** Waited for longer than any test takes. */
export const PIN: CollectKeysWish = {
  kind: 'collect-keys',
  name: 'pin',
  least: 6,
  most: 8,
  terminators: '#',
  attempts: 2,
  firstKeyMs: 60_000,
  betweenKeysMs: 60_000,
  secret: true,
  prompt: 'Your PIN.',
  retry: 'Again, please.',
  oneOf: ['739184'],
};

/** On a telephone whose host is a real one. */
export async function press(phone: Client, keys: string): Promise<void> {
  for (const key of keys) {
    phone.socket.send(encodeServiceDtmf(key));
    await sleep(20);
  }
}
