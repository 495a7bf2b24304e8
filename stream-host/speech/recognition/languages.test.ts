import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { systemClock } from '../../../shared/clock.ts';
import { onlyProvider } from '../../../shared/providers/provider.ts';
import type { PhraseDetails } from '../../contract/speech.ts';
import { HearingDiary } from '../testing/recogniser-conformance.ts';
import { ToneService } from '../testing/tone-service.ts';
import { speakTones } from '../testing/tones.ts';
import { type AzureRecogniserOptions, openAzureRecogniser } from './azure-recogniser.ts';
import { phraseDetails } from './phrase-details.ts';

async function recognise(wishes: Partial<AzureRecogniserOptions>, language?: string) {
  const service = await ToneService.start();
  service.faults.language = language;
  const finals: PhraseDetails[] = [];
  const recogniser = openAzureRecogniser({
    services: onlyProvider('tones', { host: `ws://127.0.0.1:${service.port}`, proof: 'not-a-secret' }, systemClock),
    clock: systemClock,
    log: pino({ level: 'silent' }),
    random: Math.random,
    language: 'en-US',
    ...wishes,
  });
  const diary = new HearingDiary((events) =>
    recogniser({
      ...events,
      onFinal: (text, offsetMs, endMs, details) => {
        finals.push(details ?? {});
        events.onFinal(text, offsetMs, endMs, details);
      },
    }),
  );
  try {
    await diary.hear(speakTones('oak elm'));
    await diary.until(() => diary.words === 'oak elm', 'the words are final');
    return { finals, context: service.contexts.at(-1), upgrade: service.upgrades.at(-1) ?? '' };
  } finally {
    diary.recogniser.close();
    service.close();
  }
}

test('of several languages the service is asked which it is, all the time, and its answer comes with each phrase', async () => {
  const { finals, context, upgrade } = await recognise({ languages: ['en-US', 'de-DE'] }, 'de-DE');
  assert.deepEqual(context?.languageId, {
    languages: ['en-US', 'de-DE'],
    mode: 'DetectContinuous',
    onSuccess: { action: 'Recognize' },
    onUnknown: { action: 'None' },
    priority: 'PrioritizeLatency',
  });
  assert.match(upgrade, /\/speech\/universal\/v2\?.*lidEnabled=true/);
  assert.deepEqual(finals, [{ language: 'de-DE' }]);
});

test('of one language nobody is asked', async () => {
  const { finals, context, upgrade } = await recognise({ languages: ['en-US'] });
  assert.equal(context?.languageId, undefined);
  assert.doesNotMatch(upgrade, /lidEnabled/);
  assert.deepEqual(finals, [{}]);
});

test('confidence and words are asked for, and come with their places in the audio', async () => {
  const { finals, context } = await recognise({ detailed: true, languages: ['en-US', 'de-DE'] }, 'en-US');
  assert.equal(context?.phraseOutput?.format, 'Detailed');
  const [details] = finals;
  assert.equal(details?.confidence, 0.83);
  assert.equal(details?.language, 'en-US');
  assert.deepEqual(
    details?.words?.map(({ text }) => text),
    ['oak', 'elm'],
  );
  assert.ok((details?.words?.[1]?.offsetMs ?? 0) > (details?.words?.[0]?.offsetMs ?? 0));
});

test('whatever the service adds to a phrase, it is read or left out', () => {
  for (const json of [undefined, '', '{"NBest"', '{"NBest":[]}', '{"NBest":[7]}', '{"NBest":{}}']) {
    assert.deepEqual(phraseDetails(json, undefined), {});
  }
  assert.deepEqual(phraseDetails('{"NBest":[{"Confidence":7,"Words":[{"Word":1}]}]}', ''), {});
});
