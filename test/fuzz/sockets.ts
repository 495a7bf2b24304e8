import { randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { Random } from '../../bench/random.ts';
import { API_PREFIX } from '../../shared/http/route.ts';
import { callSocket, conversationSocket, relaySocket, wordsSocket } from '../../shared/http/routes/sockets.ts';
import type { TicketGrant } from '../../shared/tickets/tickets.ts';
import { BROWSER_COMMANDS, SERVICE_FRAMES } from './decoders.ts';
import { fuzzed, fuzzedBytes, mutateText } from './mutations.ts';
import { Budget, Tally } from './pace.ts';

/** A stream host that may be fuzzed. It must trust one proxy, so that each attempt can be a client of its own. */
export interface SocketTarget {
  /** `http://…` */
  readonly hostUrl: string;
  mediaToken(): Promise<string>;
  ticket(grant: TicketGrant): Promise<string>;
  /** The id of a session whose call may open its sockets. */
  newCall(): Promise<string>;
}

export interface SocketFuzzOptions {
  readonly frames: number;
  readonly perSecond: number;
  readonly seed: string;
  /** Sends the same without any damage, for comparison. */
  readonly valid: boolean;
  readonly workers: number;
  readonly onProgress?: (done: number) => void;
}

export interface SocketReport {
  readonly frames: number;
  readonly sockets: number;
  /** By status or close code; `open` where the fuzzer closed first. */
  readonly fates: Readonly<Record<string, number>>;
}

type Kind = 'call' | 'words' | 'browser' | 'dashboard';
const KINDS: Readonly<Record<Kind, number>> = { call: 4, words: 2, browser: 3, dashboard: 1 };
const PATHS: Readonly<Record<Kind, string>> = {
  call: callSocket.path,
  words: wordsSocket.path,
  browser: conversationSocket.path,
  dashboard: relaySocket.path,
};
const MOST_FRAMES = 40;
const SLICE = 10;
/** How long the host may take to answer a handshake, and to close. */
const PATIENCE_MS = 10_000;
const SOUND = new Uint8Array(640).map((_, i) => i);

/** Sends damaged frames, broken web socket frames and broken handshakes to every door of a stream host. */
export async function fuzzSockets(target: SocketTarget, options: SocketFuzzOptions): Promise<SocketReport> {
  const budget = new Budget(options.frames, options.perSecond, options.onProgress);
  const tally = new Tally();
  let sockets = 0;
  const work = async (random: Random) => {
    while (!budget.isSpent) {
      sockets += 1;
      if (!options.valid && random.chance(0.02)) await breakHandshake(target, random, tally, budget);
      else tally.add(await new FuzzedSocket(target, random, options.valid).run(budget));
    }
  };
  const random = new Random(`sockets ${options.seed}`);
  await Promise.all(Array.from({ length: options.workers }, (_, n) => work(random.fork(String(n)))));
  return { frames: budget.done, sockets, fates: tally.counts };
}

class FuzzedSocket {
  readonly #target: SocketTarget;
  readonly #random: Random;
  readonly #valid: boolean;
  readonly #kind: Kind;

  constructor(target: SocketTarget, random: Random, valid: boolean) {
    this.#target = target;
    this.#random = random;
    this.#valid = valid;
    this.#kind = random.weighted(KINDS);
  }

  /** @returns what became of it */
  async run(budget: Budget): Promise<string> {
    const socket = await this.#open();
    let line: Socket | undefined;
    socket.on('upgrade', (response) => {
      line = response.socket;
    });
    socket.on('error', () => {});
    const opened = Promise.withResolvers<string | undefined>();
    const closed = new Promise<string>((resolve) => socket.on('close', (code) => resolve(`closed ${code}`)));
    socket.on('open', () => opened.resolve(undefined));
    socket.on('unexpected-response', (request, response) => {
      response.resume();
      request.destroy();
      opened.resolve(`refused ${response.statusCode}`);
    });
    const fate = await Promise.race([opened.promise, closed, sleep(PATIENCE_MS, 'no answer', { ref: false })]);
    if (fate !== undefined) {
      await budget.spend(1);
      socket.terminate();
      return fate;
    }
    await this.#send(socket, line, budget);
    const end = this.#random.weighted({ wait: 3, close: 4, cut: 3 });
    const isOpen = socket.readyState === WebSocket.OPEN;
    if (end === 'close') socket.close(1000);
    const how =
      end === 'wait'
        ? await Promise.race([closed, sleep(200, 'open', { ref: false })])
        : isOpen
          ? 'open'
          : await closed;
    socket.terminate();
    return how;
  }

  async #open(): Promise<WebSocket> {
    const { hostUrl } = this.#target;
    const query = new URLSearchParams();
    const headers: Record<string, string> = { 'x-forwarded-for': randomAddress(this.#random) };
    if (this.#kind === 'call' || this.#kind === 'words') {
      const id = await this.#target.newCall();
      query.set('session_id', id);
      headers.authorization = `Bearer ${await this.#target.mediaToken()}`;
      headers['x-ms-call-connection-id'] = `call-${id}`;
    } else {
      const sessionId = randomUUID();
      query.set('ticket', await this.#target.ticket({ kind: this.#kind, sessionId }));
    }
    const address = new URL(PATHS[this.#kind], hostUrl.replace(/^http/, 'ws'));
    address.search = String(query);
    if (!this.#valid && this.#random.chance(0.05)) {
      const text = mutateText(this.#random, String(query)).replace(/[^\x21-\x7e]/g, '?');
      address.search = text;
      headers.authorization = mutateText(this.#random, headers.authorization ?? 'Bearer x').replace(
        /[^\x20-\x7e]/g,
        '?',
      );
    }
    return new WebSocket(address, { headers, handshakeTimeout: PATIENCE_MS, perMessageDeflate: false });
  }

  async #send(socket: WebSocket, line: Socket | undefined, budget: Budget): Promise<void> {
    const count = this.#random.whole(1, MOST_FRAMES);
    if (this.#kind === 'call' && this.#random.chance(0.7)) socket.send(SERVICE_FRAMES[0] ?? '');
    for (let sent = 0; sent < count && socket.readyState === WebSocket.OPEN && !budget.isSpent; ) {
      let slice = 0;
      for (; slice < SLICE && sent < count; slice += 1, sent += 1) this.#sendFrame(socket, line);
      await budget.spend(slice);
    }
  }

  #sendFrame(socket: WebSocket, line: Socket | undefined): void {
    const random = this.#random;
    const seed = random.pick(
      this.#kind === 'browser' || this.#kind === 'dashboard' ? BROWSER_COMMANDS : SERVICE_FRAMES,
    );
    if (this.#valid) {
      if (this.#kind === 'browser' && random.chance(0.7)) socket.send(SOUND);
      else if (this.#kind !== 'dashboard') socket.send(this.#kind === 'browser' ? (BROWSER_COMMANDS[0] ?? '') : seed);
      else socket.ping();
      return;
    }
    const draw = random.next();
    if (draw < 0.8) socket.send(fuzzed(random, seed, true));
    else if (draw < 0.93) socket.send(fuzzedBytes(random, SOUND));
    else if (draw < 0.96) socket.ping(fuzzedBytes(random, SOUND.subarray(0, 60)));
    else if (draw < 0.98) socket.send(Buffer.from([0xc3, 0x28, 0xff]), { binary: false });
    // No frame of a web socket at all.
    else line?.write(fuzzedBytes(random, SOUND));
  }
}

/** A handshake that is damaged, and left open for a while. */
async function breakHandshake({ hostUrl }: SocketTarget, random: Random, tally: Tally, budget: Budget): Promise<void> {
  const path = random.pick([...Object.values(PATHS), `${API_PREFIX}/tickets`]);
  const good = `GET ${path}?session_id=a HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\norigin: http://localhost\r\n\r\n`;
  const socket = connect(Number(new URL(hostUrl).port), '127.0.0.1');
  socket.on('error', () => {});
  let answer = '';
  socket.on('data', (data) => {
    answer += data.toString('latin1');
  });
  socket.write(Buffer.from(mutateText(random, good), 'latin1'));
  await sleep(random.whole(5, 50));
  socket.destroy();
  tally.add(`handshake ${/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 'unanswered'}`);
  await budget.spend(1);
}

/** One of two thousand clients: a host remembers ten thousand, which would look like a leak. */
export const randomAddress = (random: Random): string => `10.0.${random.whole(0, 7)}.${random.whole(0, 249)}`;
