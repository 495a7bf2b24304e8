import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLOSE } from '../shared/protocol/close-codes.ts';
import { closeTrouble, describeTrouble, microphoneTrouble } from './trouble.ts';

test('each way in which a microphone fails is told apart', () => {
  const failures = {
    NotFoundError: 'no-microphone',
    NotAllowedError: 'microphone-refused',
    NotReadableError: 'microphone-busy',
  };
  for (const [name, trouble] of Object.entries(failures)) {
    assert.equal(microphoneTrouble(new DOMException('', name)).trouble, trouble);
  }
  assert.equal(microphoneTrouble('nonsense').trouble, 'audio-failed');
});

test('every close code is either no trouble or one that tells a person what to do', () => {
  for (const code of [...Object.values(CLOSE), 1006]) {
    const loss = closeTrouble(code);
    if (code === CLOSE.normal) assert.equal(loss, undefined);
    else assert.ok(describeTrouble(loss?.trouble ?? 'server-fault').advice.length > 20, `${code}`);
  }
  assert.equal(closeTrouble(CLOSE.goingAway)?.retry, true);
  assert.equal(closeTrouble(CLOSE.internal)?.retry, true);
  assert.equal(closeTrouble(CLOSE.malformed)?.retry, false);
});
