import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { settingsDocument, settingsSample } from '../../start/settings-documents.ts';
import { functionsSettings, readFunctionsSettings } from './functions-settings.ts';
import { factsOf } from './setting.ts';
import { readStreamHostSettings, streamHostSettings } from './stream-host-settings.ts';
import { ticketsRequired } from './this-machine.ts';

const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
const sample: { Values: Record<string, string> } = JSON.parse(settingsSample());

test('what people read of the settings is what their schemas say; `npm run settings` makes it anew', () => {
  assert.equal(read('docs/settings.md'), settingsDocument());
  assert.equal(read('local.settings.sample.json'), settingsSample());
});

test('every setting says what it is for and what it takes, each its own', () => {
  const told = new Set<string>();
  for (const [name, schema] of Object.entries({ ...functionsSettings.shape, ...streamHostSettings.shape })) {
    const { about, allowed } = factsOf(schema);
    assert.ok(!told.has(about), name);
    told.add(about);
    assert.match(about, /^[A-Z].*\.$/, name);
    assert.notEqual(allowed, '', name);
  }
});

test('what the sample says passes as it stands, in both halves', () => {
  assert.doesNotThrow(() => readFunctionsSettings(sample.Values));
  assert.doesNotThrow(() => readStreamHostSettings(sample.Values));
});

test('the functions start without the keys of speech and model (review 3.5)', () => {
  const { SPEECH_KEY: _, AZURE_OPENAI_API_KEY: __, SPEECH_HOST: ___, ...rest } = sample.Values;
  const settings = readFunctionsSettings(rest);
  assert.ok(!('SPEECH_KEY' in settings));
  assert.throws(() => readStreamHostSettings(rest), /SPEECH_HOST is not set/);
});

test('a key that is not set means the identity of the process, whose tokens go over TLS or to this machine only', () => {
  const { SPEECH_KEY: _, AZURE_OPENAI_API_KEY: __, ACS_CONNECTION_STRING: ___, ...rest } = sample.Values;
  const keyless = {
    ...rest,
    ACS_ENDPOINT: 'https://parley.communication.azure.com',
    SPEECH_HOST: 'wss://parley.cognitiveservices.azure.com',
    AZURE_OPENAI_BASE_URL: 'https://parley.openai.azure.com/openai/v1',
    REDIS_URL: 'rediss://parley.westeurope.redis.azure.net:10000',
    REDIS_IDENTITY: 'true',
  };
  assert.equal(readStreamHostSettings(keyless).SPEECH_KEY, undefined);
  assert.equal(readFunctionsSettings(keyless).REDIS_IDENTITY, true);
  const refused = (given: Record<string, string>, line: RegExp) =>
    assert.throws(
      () => readStreamHostSettings({ ...keyless, ...given }),
      ({ message }: Error) => line.test(message) && !/hunter2/.test(message),
    );
  refused({ SPEECH_HOST: 'ws://speech.example' }, /SPEECH_KEY is not set: it takes .* none where SPEECH_HOST is wss:/);
  refused({ AZURE_OPENAI_BASE_URL: 'http://model.example/v1' }, /AZURE_OPENAI_API_KEY is not set: it takes/);
  refused({ AZURE_VOICE_LIVE_ENDPOINT: 'http://voice.example' }, /AZURE_VOICE_LIVE_API_KEY is not set: it takes/);
  refused({ AZURE_OPENAI_REALTIME_BASE_URL: 'http://a.example' }, /AZURE_OPENAI_REALTIME_API_KEY is not set: it takes/);
  refused({ SPEECH_FALLBACK_HOST: 'ws://speech.example' }, /SPEECH_FALLBACK_KEY is not set: it takes/);
  refused({ AZURE_OPENAI_FALLBACK_BASE_URL: 'http://a.example' }, /AZURE_OPENAI_FALLBACK_API_KEY is not set: it takes/);
  refused({ REDIS_URL: 'redis://cache.example:6379' }, /REDIS_IDENTITY is "true": it takes/);
  refused({ REDIS_URL: 'rediss://me:hunter2@cache.example:10000' }, /REDIS_IDENTITY is "true": it takes/);
  refused({ ACS_ENDPOINT: 'http://parley.example' }, /ACS_ENDPOINT is "http:\/\/parley.example": it takes https:/);
  refused({ ACS_ENDPOINT: '' }, /ACS_CONNECTION_STRING is not set: it takes/);
  refused({ ACS_CONNECTION_STRING: 'endpoint=https://a.example/;accesskey=hunter2' }, /ACS_ENDPOINT is ".*": it takes/);
});

test('a webhook’s address that is no address is named with all else that is wrong, and is no fault of ours (found by check:infra)', () => {
  const values = { ...sample.Values, TRANSCRIPTION_WEBHOOK_URL: 'not an address', LOG_LEVEL: 'verbose' };
  assert.throws(
    () => readStreamHostSettings(values),
    /LOG_LEVEL is "verbose".*\n.*TRANSCRIPTION_WEBHOOK_URL was given/,
  );
});

test('a webhook’s address with a password in it, which nothing can be sent to, is refused and not shown (breaker 11)', () => {
  const values = { ...sample.Values, TRANSCRIPTION_WEBHOOK_URL: 'https://parley:opensesame@example.org/words' };
  assert.throws(
    () => readStreamHostSettings(values),
    ({ message }: { message: string }) => /TRANSCRIPTION_WEBHOOK_URL/.test(message) && !/opensesame/.test(message),
  );
});

test('a webhook without its secret is refused with the other bad settings at once (newcomer 3)', () => {
  const given = { ...sample.Values, TRANSCRIPTION_WEBHOOK_URL: 'https://example.org/words', LOG_LEVEL: 'verbose' };
  assert.throws(
    () => readStreamHostSettings(given),
    ({ message }: Error) => {
      assert.match(message, /TRANSCRIPTION_WEBHOOK_SECRET is not set: .* where TRANSCRIPTION_WEBHOOK_URL is set\./);
      assert.match(message, /LOG_LEVEL is "verbose"/);
      return true;
    },
  );
  const TRANSCRIPTION_WEBHOOK_SECRET = 'sixteen characters';
  assert.doesNotThrow(() => readStreamHostSettings({ ...given, LOG_LEVEL: 'info', TRANSCRIPTION_WEBHOOK_SECRET }));
});

test('a bad setting is named with what it was given and what it takes, and a secret is not shown (start-with-a-bad-log-level)', () => {
  const bad = { ...sample.Values, LOG_LEVEL: 'verbose', STREAM_HOST_PORT: '99999', ACS_CONNECTION_STRING: 'hunter2' };
  assert.throws(
    () => readStreamHostSettings(bad),
    ({ message }: Error) => {
      assert.match(message, /LOG_LEVEL is "verbose": it takes debug, info, warn or error\./);
      assert.match(message, /STREAM_HOST_PORT is "99999": it takes a port, 1 to 65535\./);
      assert.match(message, /ACS_CONNECTION_STRING was given, hidden here/);
      assert.doesNotMatch(message, /hunter2/);
      return true;
    },
  );
});

test('a language may have a script, or a number for its region (review 4.17)', () => {
  for (const SPEECH_LANGUAGE of ['en-US', 'es-419', 'zh-Hans-CN', 'fil-PH']) {
    assert.equal(readStreamHostSettings({ ...sample.Values, SPEECH_LANGUAGE }).SPEECH_LANGUAGE, SPEECH_LANGUAGE);
  }
  assert.throws(() => readStreamHostSettings({ ...sample.Values, SPEECH_LANGUAGE: 'english' }));
});

test('metrics that are to be sent more seldom than a timer can wait, or all the time, are refused by name (reader2 10)', () => {
  for (const OTEL_METRIC_EXPORT_INTERVAL of ['9999999999', '1', '0']) {
    assert.throws(
      () => readStreamHostSettings({ ...sample.Values, OTEL_METRIC_EXPORT_INTERVAL }),
      ({ message }: Error) =>
        message.includes(`OTEL_METRIC_EXPORT_INTERVAL is "${OTEL_METRIC_EXPORT_INTERVAL}": it takes`),
    );
  }
});

test('an address that nothing can be appended to is refused, and so is a SPEECH_HOST with a path', () => {
  const bad = [
    { SPEECH_HOST: 'wss://voice.example/stt/speech' },
    { SPEECH_HOST: 'wss://voice.example/?key=1' },
    { AZURE_OPENAI_BASE_URL: 'https://model.example/openai/v1?api-version=1' },
  ];
  for (const given of bad) {
    const [[name, value] = []] = Object.entries(given);
    const read = () => readStreamHostSettings({ ...sample.Values, ...given });
    assert.throws(read, ({ message }: Error) => message.includes(`${name} is "${value}": it takes`));
  }
  const { SPEECH_HOST } = readStreamHostSettings({ ...sample.Values, SPEECH_HOST: 'wss://voice.example/' });
  assert.equal(SPEECH_HOST, 'wss://voice.example');
});

test('a mode is read in any case and by the predecessor’s name, and one that nobody knows stops the start with the list', () => {
  for (const [given, mode] of [
    ['MEDIA', 'media'],
    ['Voice_Live', 'voice_live'],
    ['TRANSCRIPTION', 'transcription'],
    ['realtime', 'media'],
    [undefined, 'media'],
  ] as const) {
    assert.equal(readFunctionsSettings({ ...sample.Values, ACS_STREAMING_MODE: given }).ACS_STREAMING_MODE, mode);
  }
  assert.throws(
    () => readFunctionsSettings({ ...sample.Values, ACS_STREAMING_MODE: 'video' }),
    /ACS_STREAMING_MODE is "video": it takes media, voice_live, transcription, in any case/,
  );
});

test('sockets need tickets unless the emulator runs and nobody from outside can reach the port; false is refused elsewhere', () => {
  const required = (given: Record<string, string | undefined>) =>
    ticketsRequired(readStreamHostSettings({ ...sample.Values, REQUIRE_TICKETS: undefined, ...given }));
  for (const STREAM_HOST_BIND of ['127.0.0.1', '127.0.1.1', 'localhost', '::1']) {
    assert.equal(required({ STREAM_HOST_BIND }), false, STREAM_HOST_BIND);
    assert.equal(required({ STREAM_HOST_BIND, REQUIRE_TICKETS: 'true' }), true);
    assert.equal(required({ STREAM_HOST_BIND, EMULATOR_URL: undefined }), true);
  }
  for (const given of [
    { STREAM_HOST_BIND: '0.0.0.0' },
    { STREAM_HOST_BIND: '10.0.0.4' },
    { EMULATOR_URL: undefined },
  ]) {
    assert.equal(required(given), true);
    assert.throws(() => required({ ...given, REQUIRE_TICKETS: 'false' }), /REQUIRE_TICKETS is "false": it takes true;/);
  }
});
