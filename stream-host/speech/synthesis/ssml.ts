const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** What XML 1.0 cannot carry at all, escaped or not, and half surrogates; a model may well produce either. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to remove
const UNSPEAKABLE = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g;

const escapeXml = (text: string): string =>
  text
    .toWellFormed()
    .replace(UNSPEAKABLE, '')
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);

/** SSML that speaks a plain text, whatever is in it, in one voice. The language is the one in the voice's name. */
export function ssmlFor(text: string, voice: string): string {
  const language = /^[a-z]{2,3}-[A-Z]{2}/.exec(voice)?.[0] ?? 'en-US';
  const open = `<speak version="1.0" xmlns="http://www.w3.org/2001/10/synthesis" xml:lang="${language}">`;
  return `${open}<voice name="${escapeXml(voice)}">${escapeXml(text)}</voice></speak>`;
}

/**
 * Finds the words that the service reports in the text that it was given, one after the other: a reported word may be
 * escaped, and lacks the punctuation after it.
 */
export class WordFinder {
  readonly #text: string;
  #from = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The slice of the text for the next reported word, with the punctuation that follows; the word itself if not found. */
  find(reported: string): string {
    for (const word of [reported, unescapeXml(reported)]) {
      const start = this.#text.indexOf(word, this.#from);
      if (start === -1 || word === '') continue;
      const tail = /^[^\s\p{L}\p{N}]*/u.exec(this.#text.slice(start + word.length))?.[0] ?? '';
      this.#from = start + word.length + tail.length;
      return this.#text.slice(start, this.#from);
    }
    return reported;
  }
}

function unescapeXml(text: string): string {
  return text.replace(/&(?:amp|lt|gt|quot|apos);/g, (entity) => {
    return Object.entries(ENTITIES).find(([, escaped]) => escaped === entity)?.[0] ?? entity;
  });
}
