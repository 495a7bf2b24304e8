import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { pcmOfWav } from '../../emulator/phone/caller-requests.ts';
import { FRAME_BYTES, FRAME_MS, FrameCutter } from '../../shared/audio/pcm.ts';
import { systemClock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import { createLog } from '../../shared/log.ts';
import { onlyProvider } from '../../shared/providers/provider.ts';
import { openAzureRecogniser } from '../../stream-host/speech/recognition/azure-recogniser.ts';
import { LineObserver } from '../../stream-host/voicemail/line-observer.ts';
import { type Judgement, VERDICTS } from '../../stream-host/voicemail/verdict.ts';
import { LocalSpeech } from './local-speech.ts';

const HELP = `Has each clip of a folder judged as a call that we placed, through the emulator's recogniser, in real time.

  npm run voicemail -- FOLDER

FOLDER holds WAV files (16 bit, any rate) whose names begin with what they are: human-, voicemail-, menu-,
unavailable- or unsure-, such as human-shop.wav. Each is heard from where the call was answered; after it there
is silence. Prints each verdict and the table of all.

  --at ONCE      how many clips at a time (1); more make the recogniser late
  --speech URL   a speech service that runs already, such as http://127.0.0.1:8090. Without it, one is started
  --language L   what the recogniser is told to hear, such as en-GB (en-US)

Ends with 0 where at most one of twenty humans was taken for a machine and each verdict came within 4 s of the
first sound, else with 1.
`;

interface Judged {
  readonly file: string;
  readonly label: string;
  readonly first: (Judgement & { readonly afterMs: number; readonly wallMs: number }) | undefined;
  readonly last: string | undefined;
  readonly text: string;
}

/** So long it is listened to a clip and the silence after it. */
const LONGEST_MS = 20_000;
const AFTER_MS = 6_000;
const WITHIN_MS = 4_000;
/** Timers of a machine that is shared; the verdict itself is there by then. */
const SPARE_MS = 250;

const { values, positionals } = parseArgs({
  options: {
    at: { type: 'string', default: '1' },
    speech: { type: 'string' },
    language: { type: 'string', default: 'en-US' },
    help: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const [folder] = positionals;
if (values.help || folder === undefined) {
  console.log(HELP);
  process.exit(values.help ? 0 : 2);
}

const log = createLog('emulator', 'fatal');
const files = (await readdir(folder))
  .filter((name) => /^(human|voicemail|menu|unavailable|unsure)-.*\.wav$/.test(name))
  .sort();
if (files.length === 0) {
  console.error(`${folder} has no clips such as human-shop.wav.`);
  process.exit(2);
}
await using local = values.speech === undefined ? await LocalSpeech.start(log) : undefined;
const service = local ? local.service : { host: values.speech ?? '', proof: 'emulator' };

async function judge(file: string): Promise<Judged> {
  let first: Judged['first'];
  let last: string | undefined;
  let startedMs = 0;
  let firstSoundWallMs = 0;
  const observer = new LineObserver({
    rateHz: 16_000,
    openRecogniser: openAzureRecogniser({
      services: onlyProvider('speech', service, systemClock),
      clock: systemClock,
      log,
      random: Math.random,
      language: values.language,
    }),
    onJudged: (judgement, afterMs) => {
      firstSoundWallMs = startedMs + observer.heardMs - afterMs;
      first ??= { ...judgement, afterMs, wallMs: Math.round(systemClock.now() - firstSoundWallMs) };
      last = judgement.verdict;
    },
  });
  const frames: Uint8Array[] = [];
  new FrameCutter().write(pcmOfWav(await readFile(path.join(folder ?? '', file))), (frame) => frames.push(frame));
  // A recogniser has its connection before a call is answered.
  for (let i = 0; i < 50; i++) observer.write(new Uint8Array(FRAME_BYTES));
  await sleep(300);
  startedMs = systemClock.now() - observer.heardMs;
  const total = Math.min(frames.length + AFTER_MS / FRAME_MS, LONGEST_MS / FRAME_MS);
  const beganMs = systemClock.now();
  for (let i = 0; i < total; i++) {
    const waitMs = beganMs + i * FRAME_MS - systemClock.now();
    if (waitMs > 1) await sleep(waitMs);
    observer.write(frames[i] ?? new Uint8Array(FRAME_BYTES));
    // Only what nobody was sure about is listened to for longer.
    if (last !== undefined && last !== 'unsure') break;
  }
  const { text } = observer;
  observer.close();
  return { file, label: file.split('-')[0] ?? '', first, last, text };
}

const waiting = [...files];
const judged: Judged[] = [];
const worker = async () => {
  for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
    try {
      const result = await judge(file);
      judged.push(result);
      const { first, last } = result;
      const later = last !== undefined && last !== first?.verdict ? `, later ${last}` : '';
      console.log(
        `${file}: ${first?.verdict ?? 'nothing'} by ${first?.reason ?? '-'} after ${Math.round(first?.afterMs ?? 0)} ms${later}  "${result.text}"`,
      );
    } catch (error) {
      console.error(`${file}: ${messageOf(error)}`);
      process.exitCode = 1;
    }
  }
};
await Promise.all(Array.from({ length: Math.max(1, Number(values.at) || 1) }, worker));

const width = 13;
const row = (cells: readonly string[]) => console.log(cells.map((cell) => cell.padEnd(width)).join(''));
console.log('\nwhat it was / what it was taken for, within 4 s of the first sound');
row(['', ...VERDICTS]);
for (const label of VERDICTS) {
  const of = judged.filter((each) => each.label === label);
  if (of.length > 0)
    row([label, ...VERDICTS.map((verdict) => String(of.filter(({ first }) => first?.verdict === verdict).length))]);
}
const humans = judged.filter(({ label }) => label === 'human');
const taken = humans.filter(({ last }) => last !== 'human' && last !== 'unsure' && last !== undefined);
const late = judged.filter(({ first }) => !first || first.afterMs > WITHIN_MS || first.wallMs > WITHIN_MS + SPARE_MS);
console.log(`\nhumans taken for a machine: ${taken.length} of ${humans.length}`);
console.log(
  `slowest verdict: ${Math.round(Math.max(0, ...judged.map(({ first }) => first?.afterMs ?? 0)))} ms after the first sound`,
);
for (const { file, first } of late) console.log(`late: ${file} (${first?.wallMs ?? 'never'} ms)`);
if (taken.length > Math.floor(humans.length / 20) && taken.length > 1) process.exitCode = 1;
if (late.length > 0) process.exitCode = 1;
