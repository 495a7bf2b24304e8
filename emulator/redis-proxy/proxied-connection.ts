import type { Socket } from 'node:net';
import type { Cancel, Clock } from '../../shared/clock.ts';
import { type AccessTokens, AUDIENCES } from '../identity/access-tokens.ts';
import { type RespCommand, RespCommands, respCommand } from './resp-commands.ts';

export interface ProxiedConnectionOptions {
  /** The client's end, TLS or not. */
  readonly client: Socket;
  /** A connection of its own to the Redis behind, which asks for nothing. */
  readonly upstream: Socket;
  readonly tokens: AccessTokens;
  readonly clock: Clock;
  readonly onEvent: (event: 'authenticated' | 'renewed' | 'refused' | 'cut' | 'closed') => void;
}

const WRONG = 'WRONGPASS invalid username-password pair or user is disabled.';
const NO_AUTH = 'NOAUTH Authentication required.';
/** What a connection may ask for that has shown nothing yet. */
const OPEN_COMMANDS = ['QUIT', 'RESET'];

/**
 * One client of a Redis that knows Entra: the user is the object id of an identity, the password a token of it. Once the
 * token has run out the connection is cut, unless a newer one was shown.
 *
 * Answers must come in the order of the commands, so one of ours is made by the Redis behind, too, by a script.
 */
export class ProxiedConnection {
  readonly #options: ProxiedConnectionOptions;
  readonly #commands = new RespCommands();
  #isKnown = false;
  #isClosed = false;
  #cancelCut: Cancel = () => undefined;

  constructor(options: ProxiedConnectionOptions) {
    this.#options = options;
    const { client, upstream } = options;
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.on('close', () => this.close());
    }
    upstream.pipe(client);
    client.on('data', (chunk: Buffer) => this.#receive(chunk));
    upstream.on('drain', () => client.resume());
  }

  /** Ends both sides at once. Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelCut();
    this.#options.client.destroy();
    this.#options.upstream.destroy();
    this.#options.onEvent('closed');
  }

  #receive(chunk: Buffer): void {
    const { client, upstream } = this.#options;
    try {
      const outgoing = [...this.#commands.read(chunk)].map((command) => this.#answerOrPass(command));
      if (outgoing.length > 0 && !upstream.write(Buffer.concat(outgoing))) client.pause();
    } catch {
      this.close();
    }
  }

  /** What the Redis behind is sent for a command. */
  #answerOrPass(command: RespCommand): Buffer {
    const { name, args } = command;
    if (name === 'AUTH') {
      const [user, password] = args.length === 2 ? args : [];
      return this.#prove(user, password) ? answer('status', 'OK') : answer('error', WRONG);
    }
    if (name === 'HELLO') return this.#hello(args);
    return this.#isKnown || OPEN_COMMANDS.includes(name) ? command.bytes : answer('error', NO_AUTH);
  }

  /** `HELLO 3 AUTH user password SETNAME name`, all of it but the first optional. */
  #hello(args: readonly Buffer[]): Buffer {
    const at = args.findIndex((word) => word.toString('latin1').toUpperCase() === 'AUTH');
    if (at !== -1 && !this.#prove(args[at + 1], args[at + 2])) return answer('error', WRONG);
    if (!this.#isKnown) return answer('error', 'NOAUTH HELLO must be called with the client already authenticated.');
    return respCommand('HELLO', ...(at === -1 ? args : [...args.slice(0, at), ...args.slice(at + 3)]));
  }

  #prove(user: Buffer | undefined, password: Buffer | undefined): boolean {
    const { tokens, clock, onEvent } = this.#options;
    const claims = tokens.read(password?.toString() ?? '', AUDIENCES.redis);
    if (claims === undefined || claims.oid !== user?.toString()) {
      onEvent('refused');
      return false;
    }
    onEvent(this.#isKnown ? 'renewed' : 'authenticated');
    this.#isKnown = true;
    this.#cancelCut();
    this.#cancelCut = clock.after(claims.exp * 1000 - clock.wallMs(), () => {
      onEvent('cut');
      this.close();
    });
    return true;
  }
}

/** Has the Redis behind say something. */
const answer = (kind: 'status' | 'error', text: string): Buffer =>
  respCommand('EVAL', `return redis.${kind}_reply(ARGV[1])`, '0', text);
