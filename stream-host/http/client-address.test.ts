import assert from 'node:assert/strict';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { test } from 'node:test';
import { clientOf } from './client-address.ts';

function asked(peer: string, forwarded: string | undefined, trustedHops: number): string {
  const socket = new Socket();
  Object.defineProperty(socket, 'remoteAddress', { value: peer });
  const request = new IncomingMessage(socket);
  if (forwarded !== undefined) request.headers['x-forwarded-for'] = forwarded;
  return clientOf(request, trustedHops);
}

test('without a trusted proxy a client cannot name itself', () => {
  assert.equal(asked('203.0.113.5', '1.1.1.1', 0), '203.0.113.5');
  assert.equal(asked('::ffff:203.0.113.5', '1.1.1.1', 0), '203.0.113.5');
});

test('behind trusted proxies the address counts that the first of ours has seen', () => {
  assert.equal(asked('10.0.0.1', '1.1.1.1, 203.0.113.5', 1), '203.0.113.5');
  assert.equal(asked('10.0.0.1', '1.1.1.1, 203.0.113.5, 10.0.0.2', 2), '203.0.113.5');
  assert.equal(asked('10.0.0.1', '203.0.113.5:51234', 1), '203.0.113.5');
  assert.equal(asked('10.0.0.1', '[2001:db8:1:2:3::4]:51234', 1), '2001:db8:1:2::/64');
});

test('a header that is missing, short or nonsense leaves the address of the connection', () => {
  for (const forwarded of [undefined, '', 'unknown', '203.0.113.5']) {
    assert.equal(asked('10.0.0.1', forwarded, 2), '10.0.0.1');
  }
});

test('all addresses of one IPv6 network are one client', () => {
  for (const address of ['2001:db8::1', '2001:0DB8:0:0:ffff::', '2001:db8:0:0:1:2:3:4', '2001:db8::ffff:1.2.3.4']) {
    assert.equal(asked(address, undefined, 0), '2001:db8:0:0::/64', address);
  }
  assert.equal(asked('fe80::1%eth0', undefined, 0), 'fe80:0:0:0::/64');
  assert.notEqual(asked('2001:db8:0:1::1', undefined, 0), asked('2001:db8::1', undefined, 0));
});
