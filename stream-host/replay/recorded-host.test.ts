import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { systemClock } from '../../shared/clock.ts';
import { FolderRecordStore } from '../../shared/records/folder-store.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { CallRecords } from '../record/call-records.ts';
import { phoneSession, redisForTests, startHost } from '../testing/host-under-test.ts';
import { replay } from './command.ts';

const folder = await mkdtemp(path.join(tmpdir(), 'parley-recorded-'));
const redis = await redisForTests();
const recordedHost = (words: boolean) =>
  startHost(redis.url, {
    records: new CallRecords({
      store: new FolderRecordStore(folder),
      privacy: { words, audio: false, numbers: false },
      clock: systemClock,
      version: '1.2.3',
      agentVersion: () => undefined,
      host: 'here',
    }),
  });
const host = await recordedHost(true);
after(() => rm(folder, { recursive: true, force: true }));

/** What the command says of a session's record, once that has its end. */
async function replayed(sessionId: string) {
  const record = path.join(folder, sessionId);
  await eventually(async () => {
    const text = await readFile(path.join(record, 'record.jsonl'), 'utf8').catch(() => '');
    return text.includes('"line":"end"');
  });
  const lines: string[] = [];
  const say = (line: string) => void lines.push(line);
  return { code: await replay([record], { log: say, error: say }), said: lines.join('\n') };
}

test('a call on a phone line, cut in on and ended by the line, is decided the same when it is played again', async () => {
  await host.store.create({ ...phoneSession('on-phone'), from: '+15551239876' });
  const phone = await host.phone('call-1', 'on-phone');
  const talking = phone.startCall();
  await phone.untilKind('AudioData');
  for (const ms of [400, 600]) {
    const { length } = phone.messages;
    talking.say(ms);
    // The answer; the second time the caller speaks into it.
    await phone.untilKind('AudioData', length);
  }
  phone.socket.terminate();
  const { code, said } = await replayed('on-phone');
  assert.equal(code, 0, said);
  assert.match(said, /the same \d{2,} decisions come of \d{2,} inputs/);
});

test('so is a call in a browser, spoken and typed, that its caller ends', async () => {
  const browser = await host.browser('?session_id=in-browser');
  await browser.untilType('session_ready');
  const talking = browser.talk((frame) => frame);
  talking.say(400);
  await browser.until((message) => message.type === 'assistant_spoken' && message.turn === 2);
  browser.socket.send(JSON.stringify({ type: 'text', text: 'and order 1043?' }));
  await browser.until((message) => message.type === 'assistant_spoken' && message.turn === 3);
  browser.socket.send(JSON.stringify({ type: 'end' }));
  await browser.closed;
  const { code, said } = await replayed('in-browser');
  assert.equal(code, 0, said);
});

test('a call whose words must not be recorded has no inputs, and the replay says why', async () => {
  const silent = await recordedHost(false);
  const browser = await silent.browser('?session_id=without-words');
  await browser.untilType('session_ready');
  browser.socket.close(1000);
  const { code, said } = await replayed('without-words');
  assert.deepEqual([code, /made without words/.test(said)], [2, true], said);
});
