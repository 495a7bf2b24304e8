import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

/** One command that Redis has carried out. */
export interface SeenCommand {
  /** When, in seconds, by the clock of Redis. */
  readonly at: number;
  /** The address of the client; for what a script does, that of the client which runs it. */
  readonly client: string;
  readonly fromScript: boolean;
  readonly command: readonly string[];
}

const WRITES =
  /^(?:set|del|unlink|expire|pexpire|hset|hsetnx|hdel|hincrby|rpush|lpush|ltrim|lset|xadd|xtrim|zadd|zrem|zremrangebylex|incr|publish)$/i;
/** `+1796021789.863352 [0 127.0.0.1:60866] "get" "a key"`, and `lua` in place of the address. */
const LINE = /^\+(?<at>\d+\.\d+) \[\d+ (?<source>\S+)\] (?<command>.*)$/;
const ARGUMENT = /"((?:[^"\\]|\\.)*)"/g;
const ESCAPED = /\\(?:x([0-9a-f]{2})|(.))/g;
const CONTROL: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b' };

/**
 * Everything that a Redis does from now on, seen by `MONITOR`. On a socket of its own: `ioredis` takes what comes in one
 * piece with the answer to `MONITOR` for another answer, and throws.
 */
export class RedisWatch {
  readonly seen: SeenCommand[] = [];
  readonly #socket: Socket;
  #lastClient = '';

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** @param url of a Redis without a password */
  static async start(url: string): Promise<RedisWatch> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.setEncoding('latin1');
    const watch = new RedisWatch(socket);
    const lines = createInterface({ input: socket });
    lines.on('line', (line) => watch.#take(line));
    socket.write('MONITOR\r\n');
    const [answer] = await once(lines, 'line');
    if (answer !== '+OK') throw new Error(`Redis refuses to be watched: ${answer}`);
    socket.on('error', () => {});
    return watch;
  }

  /** Writes of some clients to keys that have a text in them. */
  writes(clients: ReadonlySet<string>, keyPart: string): SeenCommand[] {
    return this.seen.filter(
      ({ client, command: [name = '', key = ''] }) => clients.has(client) && WRITES.test(name) && key.includes(keyPart),
    );
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(line: string): void {
    const { at, source, command } = LINE.exec(line)?.groups ?? {};
    if (at === undefined || source === undefined || command === undefined) return;
    // What a script does follows on the command that runs it: nothing comes in between.
    const fromScript = source === 'lua';
    if (!fromScript) this.#lastClient = source;
    const words = [...command.matchAll(ARGUMENT)].map(([, text = '']) => unescaped(text));
    this.seen.push({ at: Number(at), client: this.#lastClient, fromScript, command: words });
  }
}

function unescaped(text: string): string {
  const bytes = text.replace(ESCAPED, (_, hex?: string, char = '') =>
    hex === undefined ? (CONTROL[char] ?? char) : String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString();
}
