/** Bytes as base64, for a JSON text. */
export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

/** Nothing where the text is not base64 throughout: Node's decoder passes over what is not, and the length tells. */
export function fromBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const expected = (text.length / 4) * 3 - padding;
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === expected ? bytes : undefined;
}
