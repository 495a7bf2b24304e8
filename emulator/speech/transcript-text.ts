/** Speech models make up words for a click or a breath: "you", "Thank you.". Shorter speech than this is not believed. */
const MIN_VOICED_MS = 120;
/** -52 dBFS: quieter than this nobody talks into a telephone. */
const MIN_RMS = 0.0025;
const MIN_CONFIDENCE = 0.2;
const MAX_CHARS_PER_SECOND = 40;
/** People say the same digit four times; nobody says the same words six times. */
const LOOP_REPEATS = 6;
const KEPT_REPEATS = 3;

export interface Heard {
  readonly text: string;
  readonly confidence: number;
  /** How long somebody surely spoke. */
  readonly voicedMs: number;
  /** The level of the phrase, 0 to 1. */
  readonly rms: number;
}

/** The words of a phrase, or nothing where the model most likely made them up. */
export function believableText({ text, confidence, voicedMs, rms }: Heard): string | undefined {
  // Moonshine has read many novels: it puts now and then what it hears into quotation marks, or opens them.
  const tidy = withoutLoops(text.replaceAll(/\s+/g, ' ').replaceAll(/^["'“\s]+|["'”\s]+$/g, ''));
  if (!/[\p{L}\p{N}]/u.test(tidy)) return undefined;
  if (voicedMs < MIN_VOICED_MS || rms < MIN_RMS || confidence < MIN_CONFIDENCE) return undefined;
  if (tidy.length > 20 + (voicedMs / 1000) * MAX_CHARS_PER_SECOND) return undefined;
  return tidy;
}

/** A model that goes round in circles says the same few words again and again: the first three times are kept. */
function withoutLoops(text: string): string {
  const words = text.split(' ');
  const same = (a: string | undefined, b: string | undefined) => a?.toLowerCase() === b?.toLowerCase();
  for (let length = 1; length <= 4; length++) {
    let repeated = 0;
    for (let i = length; i < words.length; i++) {
      repeated = same(words[i], words[i - length]) ? repeated + 1 : 0;
      const first = i + 1 - repeated - length;
      if (repeated >= length * (LOOP_REPEATS - 1)) return words.slice(0, first + length * KEPT_REPEATS).join(' ');
    }
  }
  return text;
}

/** How Azure writes a partial: small letters, no punctuation but what belongs to a word or a number. */
export function toHypothesis(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/(?<!\d)[.,:]|[.,:](?!\d)/g, ' ')
    .replaceAll(/[^\p{L}\p{N}\s.,:'$%&-]/gu, '')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/^[' ]+| +$/g, '');
}
