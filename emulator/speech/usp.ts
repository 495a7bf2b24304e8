import { ParleyError } from '../../shared/errors.ts';
import { jsonOf } from '../../shared/json.ts';

/** One message of the Speech SDK's protocol: what its headers say, and text or bytes. */
export interface UspMessage {
  /** In small letters: `speech.context`, `audio`, `ssml`, … */
  readonly path: string;
  /** Which turn it belongs to: 32 hex digits in small letters. */
  readonly requestId: string;
  /** In small letters; empty where there is none. */
  readonly contentType: string;
  readonly body: UspBody;
}

export type UspBody =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'binary'; readonly bytes: Uint8Array };

const END_OF_HEADERS = '\r\n\r\n';
const MAX_HEADER_BYTES = 8192;

/** What is wrong with a frame, as the close code and reason that its sender gets. */
export class UspError extends ParleyError {
  /** 1002: the frame is malformed. 1007: what it carries is not what the service takes. */
  readonly closeCode: 1002 | 1007;

  constructor(closeCode: 1002 | 1007, message: string) {
    super('speech.protocol', message);
    this.closeCode = closeCode;
  }
}

/**
 * Reads a frame as `microsoft-cognitiveservices-speech-sdk` 1.52 sends it. Text: `Name:Value` lines, an empty line, the
 * body. Binary: the header block's length (uint16, big-endian), the header lines, the payload.
 * @throws {UspError} 1002
 */
export function parseUsp(data: Buffer, isBinary: boolean): UspMessage {
  const { head, body } = isBinary ? splitBinary(data) : splitText(data.toString('utf8'));
  const headers = new Map<string, string>();
  for (const line of head.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  const path = headers.get('path')?.toLowerCase();
  const requestId = headers.get('x-requestid')?.replaceAll('-', '').toLowerCase();
  if (path === undefined || path === '') throw new UspError(1002, 'the frame has no Path header');
  if (requestId === undefined || !/^[0-9a-f]{32}$/.test(requestId)) {
    throw new UspError(1002, 'the X-RequestId header must be 32 hex digits');
  }
  return { path, requestId, contentType: headers.get('content-type')?.toLowerCase() ?? '', body };
}

function splitBinary(data: Buffer): { head: string; body: UspBody } {
  if (data.length < 2) throw new UspError(1002, 'the binary frame is shorter than its own header length');
  const length = data.readUInt16BE(0);
  if (length > MAX_HEADER_BYTES || 2 + length > data.length) {
    throw new UspError(1002, 'the binary frame claims more header bytes than it has');
  }
  const head = data.toString('latin1', 2, 2 + length);
  return { head, body: { type: 'binary', bytes: data.subarray(2 + length) } };
}

function splitText(text: string): { head: string; body: UspBody } {
  const end = text.indexOf(END_OF_HEADERS);
  if (end < 0) throw new UspError(1002, 'the text frame has no empty line after its headers');
  return { head: text.slice(0, end), body: { type: 'text', text: text.slice(end + END_OF_HEADERS.length) } };
}

/** Reads a message's body as JSON. @throws {UspError} 1007 */
export function jsonBody({ path, body }: UspMessage): unknown {
  const said = body.type === 'text' ? jsonOf(body.text) : undefined;
  // What the parser complains about may quote what was said.
  if (said === undefined) throw new UspError(1007, `the body of ${path} is not JSON`);
  return said;
}

/** A frame with JSON in it, as the service sends it. */
export function textFrame(path: string, requestId: string, body: unknown): string {
  const headers = `X-RequestId:${requestId}\r\nContent-Type:application/json; charset=utf-8\r\nPath:${path}`;
  return headers + END_OF_HEADERS + JSON.stringify(body);
}

/** A frame of audio of one stream, as the service sends it. */
export function audioFrame(requestId: string, streamId: string, audio: Uint8Array): Buffer {
  const head = Buffer.from(`X-RequestId:${requestId}\r\nPath:audio\r\nX-StreamId:${streamId}\r\n`, 'latin1');
  const frame = Buffer.allocUnsafe(2 + head.length + audio.length);
  frame.writeUInt16BE(head.length, 0);
  head.copy(frame, 2);
  frame.set(audio, 2 + head.length);
  return frame;
}

/** Time on the wire is in ticks of 100 ns. */
export const ticks = (ms: number): number => Math.round(ms * 10_000);

/** An id as the service makes them: 32 hex digits. */
export const newServiceId = (): string => crypto.randomUUID().replaceAll('-', '');
