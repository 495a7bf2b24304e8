import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { bytesOf, toFloat32 } from '../../shared/audio/pcm.ts';
import { mixToMono, parseWav } from '../../shared/audio/wav.ts';
import { audibleSpans, rangeAboveRoom } from './audible.ts';
import type { Span, Word } from './scene.ts';
import { type Clip, trimmed } from './speaker.ts';

/** Where Debian's `pocketsphinx-testdata` puts its recordings. */
const RECORDINGS_FOLDER = '/usr/share/pocketsphinx/test/data';

const EDGE_LETTERS = 1e-3;

/** Transcripts that are part of the file names or of the programs that the recordings test. */
const SINGLE_FILES = [
  { file: 'goforward.raw', voice: 'goforward', text: 'go forward ten meters' },
  { file: 'something.raw', voice: 'something', text: 'go somewhere and do something' },
  { file: 'tidigits/dhd.2934z.raw', voice: 'digits', text: 'two nine three four zero' },
];

/**
 * Recordings of people, 16 kHz: LibriVox sentences, playing cards, commands and digits. Empty where the package is not
 * installed; a file that is missing or cannot be read is left out.
 */
export async function loadRecordings(folder = RECORDINGS_FOLDER): Promise<Clip[]> {
  const listed = [
    ...(await transcribed(folder, 'librivox/transcription', 'librivox')),
    ...(await transcribed(folder, 'cards/cards.transcription', 'cards')),
    ...SINGLE_FILES,
  ];
  const clips = await Promise.all(
    listed.map(async ({ file, voice, text }): Promise<Clip[]> => {
      const bytes = await readFile(path.join(folder, file)).catch(() => undefined);
      if (!bytes) return [];
      const samples = toFloat32(file.endsWith('.wav') ? bytesOf(mixToMono(parseWav(bytes))) : bytes);
      const clip = trimmed({ voice, recorded: true, text, samples, rangeDb: rangeAboveRoom(samples), words: [] });
      return [{ ...clip, words: spreadWords(text.split(/\s+/), audibleSpans(clip.samples, clip.rangeDb, 60)) }];
    }),
  );
  return clips.flat();
}

/** Lines such as `<s> ten of clubs  </s> (001)`, beside the files that they are of. */
async function transcribed(folder: string, list: string, voice: string) {
  const lines = await readFile(path.join(folder, list), 'utf8').catch(() => '');
  return [...lines.matchAll(/<s>(.*?)<\/s>\s*\((\S+)\)/g)].map(([, text = '', name = '']) => ({
    file: path.join(path.dirname(list), `${name}.wav`),
    voice: `${voice}-${name.split('-').at(-1)}`,
    text: text.trim(),
  }));
}

/**
 * Where words may lie in speech that nobody has aligned: spread by their letters over the time in which there is voice.
 * Right to a word or so; pauses fall between the right words only by luck.
 */
function spreadWords(words: readonly string[], voiced: readonly Span[]): Word[] {
  const voicedMs = voiced.reduce((total, span) => total + span.endMs - span.startMs, 0);
  const letters = words.reduce((total, word) => total + word.length, 0);
  /** When so many letters have been heard. */
  const timeAt = (heard: number): number => {
    let leftMs = (heard / letters) * voicedMs;
    for (const { startMs, endMs } of voiced) {
      if (leftMs <= endMs - startMs) return startMs + leftMs;
      leftMs -= endMs - startMs;
    }
    return voiced.at(-1)?.endMs ?? 0;
  };
  let spoken = 0;
  return words.map((text) => {
    const [first, last] = [spoken, spoken + text.length];
    spoken = last;
    // A word that begins or ends with a pause does so on its own side of it.
    return { text, startMs: timeAt(first + EDGE_LETTERS), endMs: timeAt(last - EDGE_LETTERS) };
  });
}
