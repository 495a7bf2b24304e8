import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ResultReason,
  SpeechSynthesisOutputFormat,
  type SpeechSynthesisResult,
} from 'microsoft-cognitiveservices-speech-sdk';
import { speechConfigFor } from '../sdk/speech-service.ts';
import { ToneService } from '../testing/tone-service.ts';
import { DirectSynthesiser } from './direct-synthesiser.ts';
import { ssmlFor } from './ssml.ts';

test('all audio is told of, and none is kept for the result (trap: the SDK copies it all twice more)', async () => {
  const service = await ToneService.start();
  const host = `ws://127.0.0.1:${service.port}`;
  const config = speechConfigFor({ host, proof: 'not-a-secret' });
  config.speechSynthesisOutputFormat = SpeechSynthesisOutputFormat.Raw16Khz16BitMonoPcm;
  const synthesiser = new DirectSynthesiser(config);
  try {
    for (const text of ['oak elm', 'pine fir']) {
      let bytes = 0;
      synthesiser.synthesizing = (_, { result }) => {
        bytes += result.audioData.byteLength;
      };
      const ssml = ssmlFor(text, 'en-US-AvaMultilingualNeural');
      const result = await new Promise<SpeechSynthesisResult>((resolve, reject) =>
        synthesiser.speakSsmlAsync(ssml, resolve, reject),
      );
      assert.equal(result.reason, ResultReason.SynthesizingAudioCompleted);
      assert.ok(bytes > 10_000, `${bytes} bytes`);
      assert.equal(result.audioData.byteLength, 0);
    }
    assert.equal(service.upgrades.length, 1);
  } finally {
    await new Promise<void>((resolve) => synthesiser.close(resolve, () => resolve()));
    service.close();
  }
});
