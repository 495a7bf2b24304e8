import { appendFileSync } from 'node:fs';
import { type IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/**
 * Loaded before a test file (`--import`): writes down what every server of its process answered, for `check.ts` to
 * compare with what the reference promises. One line an answer of a kind, written once, when the process ends: a test is
 * neither slower for it nor knows of it.
 */
const FILE = process.env.PARLEY_ANSWERED;

/** A run that asks for a million ids is no reason to fill the memory. */
const MOST_LINES = 50_000;
const lines = new Set<string>();

/** Of a JSON body the code of the error that it tells. */
const CODE = /^\{"error":\{"code":"([^"]+)"/;

function note({ method = '', url = '' }: Pick<IncomingMessage, 'method' | 'url'>, status: number, body: unknown): void {
  if (!url.includes('/api/v1') && !/^\/(healthz|readyz)/.test(url)) return;
  const text =
    typeof body === 'string' || body instanceof Uint8Array ? Buffer.from(body).subarray(0, 200).toString() : '';
  const code = CODE.exec(text)?.[1] ?? '-';
  if (lines.size < MOST_LINES) lines.add(`${method} ${url.split('?', 1)[0]} ${status} ${code}`);
}

if (FILE !== undefined) {
  const { end, write, writeHead } = ServerResponse.prototype;
  /** Those of ours, which no double of a server in a test has by chance. */
  const ours = new WeakSet<ServerResponse>();
  const begun = new WeakMap<ServerResponse, unknown>();
  ServerResponse.prototype.writeHead = function (this: ServerResponse, ...args: unknown[]) {
    if (JSON.stringify(args).includes('nosniff')) ours.add(this);
    return Reflect.apply(writeHead, this, args);
  } as typeof writeHead;
  ServerResponse.prototype.write = function (this: ServerResponse, ...args: unknown[]) {
    if (!begun.has(this)) begun.set(this, args[0]);
    return Reflect.apply(write, this, args);
  };
  ServerResponse.prototype.end = function (this: ServerResponse, ...args: unknown[]) {
    if (ours.has(this)) note(this.req, this.statusCode, begun.get(this) ?? args[0]);
    return Reflect.apply(end, this, args);
  };

  // A socket is refused, or opened, by bytes that are written to it.
  const { emit } = Server.prototype;
  Server.prototype.emit = function (this: Server, event: string | symbol, ...args: unknown[]) {
    if (event === 'upgrade') watchUpgrade(args[0] as IncomingMessage, args[1] as Duplex);
    return Reflect.apply(emit, this, [event, ...args]);
  };

  process.on('exit', () => appendFileSync(FILE, [...lines].map((line) => `${line}\n`).join('')));
}

/** Notes the first thing that is written to the connection of a request for a socket: its answer. */
function watchUpgrade(request: IncomingMessage, socket: Duplex): void {
  const answered = (args: readonly unknown[]) => {
    const text = String(args[0] ?? '');
    const status = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1];
    if (status !== undefined) note(request, Number(status), text.slice(text.indexOf('\r\n\r\n') + 4));
  };
  const { write, end } = socket;
  socket.write = (...args: unknown[]) => {
    socket.write = write;
    answered(args);
    return Reflect.apply(write, socket, args);
  };
  socket.end = (...args: unknown[]) => {
    socket.end = end;
    answered(args);
    return Reflect.apply(end, socket, args);
  };
}
