import { UspError } from './usp.ts';

/** `<speak>` around a text, which may stand in one `<voice>`. An escaped text has no `<` in it. */
const DOCUMENT =
  /^\s*<speak\b[^<>]*>\s*(?:<voice\b[^<>]*?\bname=(?:"([^"<>]*)"|'([^'<>]*)')[^<>]*>([^<]*)<\/voice>\s*|([^<]*))<\/speak>\s*$/;
const OTHER_TAG = /<\/?(?!speak\b|voice\b)([\p{L}_][\p{L}\p{N}:._-]*)/u;
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', apos: "'", quot: '"' };

/**
 * Reads an SSML document of the kind that the Speech SDK and Parley write: a text, and the voice that shall speak it.
 * @throws {UspError} 1007 that names another element, or says that it is no well-formed `<speak>`
 */
export function parseSsml(document: string): { readonly text: string; readonly voice: string } {
  const found = DOCUMENT.exec(document);
  if (found) {
    const [, double, single, inVoice, alone] = found;
    return { text: unescaped(inVoice ?? alone ?? ''), voice: unescaped(double ?? single ?? '') };
  }
  const other = OTHER_TAG.exec(document)?.[1];
  if (other !== undefined)
    throw new UspError(1007, `<${other.slice(0, 50)}> is not emulated: send <speak> and <voice>`);
  throw new UspError(1007, 'the SSML is not well-formed: it must be one <speak>, with one <voice> at most');
}

function unescaped(text: string): string {
  return text.replaceAll(/&(?:#x([\da-f]{1,6})|#(\d{1,7})|(\w+));/gi, (whole, hex, decimal, name) => {
    if (name !== undefined) return ENTITIES[name] ?? whole;
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : '';
  });
}
