/** As much of DER (ITU-T X.690) as a certificate is made of. Each function gives one encoded value. */
const TAGS = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  sequence: 0x30,
  set: 0x31,
} as const;

export const sequence = (...parts: Uint8Array[]): Buffer => encode(TAGS.sequence, Buffer.concat(parts));
export const set = (...parts: Uint8Array[]): Buffer => encode(TAGS.set, Buffer.concat(parts));
export const octetString = (content: Uint8Array): Buffer => encode(TAGS.octetString, content);
export const utf8String = (text: string): Buffer => encode(TAGS.utf8String, Buffer.from(text));
export const boolean = (value: boolean): Buffer => encode(TAGS.boolean, Buffer.of(value ? 0xff : 0));

/** @param bytes a positive number, most significant byte first */
export const integer = (bytes: Uint8Array): Buffer =>
  encode(TAGS.integer, (bytes[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes);

/** @param unusedBits how many of the last byte's low bits do not count */
export const bitString = (content: Uint8Array, unusedBits = 0): Buffer =>
  encode(TAGS.bitString, Buffer.concat([Buffer.of(unusedBits), content]));

/** To the second: `260101120000Z`. Certificates tell years before 2050 in this form. */
export const utcTime = (at: Date): Buffer =>
  encode(TAGS.utcTime, Buffer.from(`${at.toISOString().replace(/\D/g, '').slice(2, 14)}Z`));

/** @param dotted such as `2.5.4.3` */
export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return encode(TAGS.objectIdentifier, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

/** A field that is told by its number: `[3]`. Constructed when it holds encoded values, primitive when plain bytes. */
export const tagged = (number: number, content: Uint8Array, form: 'constructed' | 'primitive'): Buffer =>
  encode((form === 'constructed' ? 0xa0 : 0x80) | number, content);

function encode(tag: number, content: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(tag), lengthOf(content.length), content]);
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length);
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest >>= 8) bytes.unshift(rest & 0xff);
  return Buffer.of(0x80 | bytes.length, ...bytes);
}

function base128(value: number): number[] {
  const bytes = [value & 0x7f];
  for (let rest = value >> 7; rest > 0; rest >>= 7) bytes.unshift((rest & 0x7f) | 0x80);
  return bytes;
}
