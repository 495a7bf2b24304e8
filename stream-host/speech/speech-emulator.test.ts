import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, test } from 'node:test';
import { pino } from 'pino';
import { Flite } from '../../emulator/speech/flite.ts';
import { SpeechService } from '../../emulator/speech/speech-service.ts';
import { Transcriber } from '../../emulator/speech/transcriber.ts';
import { Voices } from '../../emulator/speech/voices.ts';
import { bytesOf } from '../../shared/audio/pcm.ts';
import { systemClock } from '../../shared/clock.ts';
import { onlyProvider } from '../../shared/providers/provider.ts';
import { openAzureRecogniser } from './recognition/azure-recogniser.ts';
import { AzureSynthesiser } from './synthesis/azure-synthesiser.ts';
import { Line } from './testing/line.ts';
import { HearingDiary, recogniserConformance } from './testing/recogniser-conformance.ts';
import { synthesiserConformance } from './testing/synthesiser-conformance.ts';

const log = pino({ level: 'silent' });
const KEY = 'not-a-secret';

/** The emulator's Speech service, with real recognition and synthesis, behind lines that can be cut. */
async function startEmulator() {
  const transcriber = await Transcriber.start({ log });
  const voices = await Voices.start({ log });
  const service = new SpeechService({ log, transcriber, voices, key: KEY });
  const http = createServer();
  http.on('upgrade', (request, socket, head) => service.handleUpgrade(request, socket, head));
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const address = http.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const close = async () => {
    service.close();
    http.close();
    await Promise.all([transcriber.close(), voices.close()]);
  };
  return { newLine: () => Line.to(port), close };
}

const serviceOn = (line: Line) => ({ host: `ws://127.0.0.1:${line.port}`, proof: KEY });
const started = startEmulator();
after(async () => (await started).close());

recogniserConformance('emulator', async () => {
  const [emulator, flite] = await Promise.all([started, Flite.load()]);
  const line = await emulator.newLine();
  return {
    open: openAzureRecogniser({
      services: onlyProvider('emulator', serviceOn(line), systemClock),
      clock: systemClock,
      log,
      random: Math.random,
      language: 'en-US',
    }),
    line,
    say: (words) => bytesOf(flite.speak(words, 'slt', 1).samples),
    phrases: ['I would like to book a table.', 'Please deliver it on Friday.'],
    close: () => line.close(),
  };
});

synthesiserConformance('emulator', async () => {
  const line = await (await started).newLine();
  const synthesiser = new AzureSynthesiser({ service: serviceOn(line), clock: systemClock, log });
  return {
    synthesiser,
    line,
    voice: 'en-US-AvaMultilingualNeural',
    text: 'Your order is on its way. It arrives on Friday, before noon.',
    close: () => {
      synthesiser.close();
      line.close();
    },
  };
});

test('silence is told as a stretch without words, so that nobody waits for some', async () => {
  const emulator = await started;
  const line = await emulator.newLine();
  const services = onlyProvider('emulator', serviceOn(line), systemClock);
  const options = { services, clock: systemClock, log, random: Math.random, language: 'en-US' };
  const diary = new HearingDiary(openAzureRecogniser(options));
  await diary.hear(new Uint8Array(7000 * 32));
  await diary.until(() => diary.wordlessUntilMs > 3000, 'silence is told');
  assert.deepEqual(diary.finals, []);
  diary.recogniser.close();
  line.close();
});
