/** A command as a client sends it: an array of bulk strings (RESP 2 and 3 alike). */
export interface RespCommand {
  /** In capitals. */
  readonly name: string;
  readonly args: readonly Buffer[];
  /** As it came. */
  readonly bytes: Buffer;
}

/** The client speaks something else. */
export class RespError extends Error {}

const MOST_PARTS = 1024 * 1024;
/** No command of ours comes near it. */
const LONGEST_COMMAND = 64 * 1024 * 1024;
const LONGEST_LINE = 32;

/** Cuts what a client of Redis sends into its commands. */
export class RespCommands {
  #rest: Buffer<ArrayBufferLike> = Buffer.alloc(0);

  /**
   * The commands that are whole by now.
   * @throws {RespError}
   */
  *read(chunk: Buffer): Generator<RespCommand> {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (let found = parse(this.#rest); found; found = parse(this.#rest)) {
      this.#rest = this.#rest.subarray(found.bytes.length);
      yield found;
    }
    if (this.#rest.length > LONGEST_COMMAND) throw new RespError('a command is too long');
  }
}

/** The first command; undefined where it is not whole. */
function parse(bytes: Buffer): RespCommand | undefined {
  const count = line(bytes, 0, '*');
  if (!count) return undefined;
  if (count.value < 1 || count.value > MOST_PARTS) throw new RespError('a command has no name, or too many parts');
  const parts: Buffer[] = [];
  let { end } = count;
  for (let part = 0; part < count.value; part++) {
    const length = line(bytes, end, '$');
    if (!length) return undefined;
    if (length.value < 0 || length.value > LONGEST_COMMAND) throw new RespError('a part of a command is too long');
    const [from, to] = [length.end, length.end + length.value];
    if (bytes.length < to + 2) return undefined;
    parts.push(bytes.subarray(from, to));
    end = to + 2;
  }
  const [name = Buffer.alloc(0), ...args] = parts;
  return { name: name.toString('latin1').toUpperCase(), args, bytes: bytes.subarray(0, end) };
}

/** `*3\r\n`: a sign and a number. */
function line(
  bytes: Buffer,
  at: number,
  sign: '*' | '$',
): { readonly value: number; readonly end: number } | undefined {
  if (at >= bytes.length) return undefined;
  if (bytes[at] !== sign.charCodeAt(0)) throw new RespError('what was sent is no command');
  const lineEnd = bytes.indexOf('\r\n', at);
  if (lineEnd === -1 && bytes.length - at < LONGEST_LINE) return undefined;
  const digits = bytes.toString('latin1', at + 1, lineEnd === -1 ? at + LONGEST_LINE : lineEnd);
  if (!/^-?\d{1,10}$/.test(digits)) throw new RespError('what was sent is no command');
  return { value: Number(digits), end: lineEnd + 2 };
}

/** A command in the form of the wire. */
export function respCommand(...parts: readonly (string | Buffer)[]): Buffer {
  const pieces = parts.flatMap((part) => {
    const bytes = Buffer.from(part);
    return [Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')];
  });
  return Buffer.concat([Buffer.from(`*${parts.length}\r\n`), ...pieces]);
}
