import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { RunningStack } from '../testing/running-stack.ts';

const stack = await RunningStack.startRefused({
  SPEECH_KEY: 'not-the-right-one',
  EMULATOR_SPEECH_KEY: 'the-right-one',
});
after(() => stack.close());

test('a key that a service does not take is told at the end of the start, in one line that names the setting, and the page is there', async () => {
  const told = stack.log.filter((line) => line.includes('Not ready'));
  assert.equal(told.length, 1);
  assert.match(told[0] ?? '', /ERROR.*speech-recognition: .*Check SPEECH_KEY.*http:\/\/localhost/);
  assert.doesNotMatch(stack.log.join('\n'), /not-the-right-one/);
  assert.equal((await fetch(`${stack.streamHostUrl}/readyz`)).status, 503);
  assert.equal((await fetch(stack.streamHostUrl)).status, 200);
  const { dependencies } = (await stack.getJson(`${stack.streamHostUrl}/api/v1/health/dependencies`)) as {
    dependencies: { name: string; state: string }[];
  };
  assert.deepEqual(
    dependencies.filter(({ state }) => state === 'refused').map(({ name }) => name),
    ['speech-recognition', 'speech-synthesis'],
  );
});
