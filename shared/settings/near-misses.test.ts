import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emulatorSettings } from '../../emulator/settings.ts';
import { functionsSettings } from './functions-settings.ts';
import { nearMisses, nearMissText } from './near-misses.ts';
import { streamHostSettings } from './stream-host-settings.ts';

const KNOWN = Object.keys({ ...functionsSettings.shape, ...streamHostSettings.shape, ...emulatorSettings.shape });

test('a variable that is nearly a setting is pointed out, whatever is wrong with it', () => {
  const typos = {
    MAX_SESSION: 'MAX_SESSIONS',
    OPENAI_BASEURL: 'OPENAI_BASE_URL',
    log_level: 'LOG_LEVEL',
    REDIS_URI: 'REDIS_URL',
    DEFUALT_AGENT: 'DEFAULT_AGENT',
  };
  for (const [given, meant] of Object.entries(typos)) {
    assert.deepEqual(nearMisses({ [given]: '1' }, KNOWN), [{ given, meant }]);
  }
  assert.match(
    nearMissText({ given: 'MAX_SESSION', meant: 'MAX_SESSIONS' }),
    /no such setting: did you mean MAX_SESSIONS\?/,
  );
});

test('settings themselves and variables of other programs are left alone', () => {
  const others = [
    'PATH',
    'HOME',
    'LANG',
    'npm_config_loglevel',
    'OPENAI_API_TYPE',
    'REDIS_HOST',
    'NODE_OPTIONS',
    'PORT',
  ];
  const env = Object.fromEntries([...KNOWN, ...others].map((name) => [name, 'x']));
  assert.deepEqual(nearMisses(env, KNOWN), []);
});
