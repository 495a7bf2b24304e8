import 'microsoft-cognitiveservices-speech-sdk';
import {
  ConnectionMessage,
  MessageType,
} from 'microsoft-cognitiveservices-speech-sdk/distrib/lib/src/common/Exports.js';

const CRLF = '\r\n';
const END_OF_HEADERS = '\r\n\r\n';
const LENGTH_BYTES = 2;
/** The service gives its messages no ids, and the SDK would make one of random numbers that nobody reads. */
const NO_ID = '-';

/**
 * What goes out on the web socket for a message of the Speech SDK, byte for byte what its own
 * `WebsocketMessageFormatter` makes. Text: `Name: value` lines, an empty line, the body. Binary: the length of the
 * header lines (uint16, big-endian), the header lines, the body.
 */
export function payloadOf(message: ConnectionMessage): string | Buffer {
  let head = '';
  for (const [name, value] of Object.entries(message.headers)) head += `${name}: ${value}${CRLF}`;
  if (message.messageType === MessageType.Text) return `${head}${CRLF}${message.textBody || ''}`;
  return binaryPayload(head, message.binaryBody ? new Uint8Array(message.binaryBody) : undefined);
}

/** A message of audio without the SDK's objects for it, as its recogniser would send it. */
export function audioPayload(requestId: string, pcm: Uint8Array, at: Date): Buffer {
  const head = `Path: audio${CRLF}X-RequestId: ${requestId}${CRLF}X-Timestamp: ${at.toISOString()}${CRLF}`;
  return binaryPayload(head, pcm);
}

function binaryPayload(head: string, body: Uint8Array | undefined): Buffer {
  const payload = Buffer.allocUnsafe(LENGTH_BYTES + head.length + (body?.length ?? 0));
  payload.writeUInt16BE(head.length & 0xffff, 0);
  payload.write(head, LENGTH_BYTES, 'latin1');
  if (body) payload.set(body, LENGTH_BYTES + head.length);
  return payload;
}

/**
 * A message from the web socket, as the SDK's recognisers and synthesisers want it: names of headers in small letters,
 * the body as a string or as an ArrayBuffer of its own. The SDK would cut a text off at its second empty line.
 * @returns nothing for a message without headers or body that the SDK could not read either, and leaves out
 */
export function parsePayload(data: Buffer, isBinary: boolean): ConnectionMessage | undefined {
  return isBinary ? parseBinary(data) : parseText(data.toString('utf8'));
}

function parseText(text: string): ConnectionMessage | undefined {
  const end = text.indexOf(END_OF_HEADERS);
  if (end < 0) return undefined;
  const body = text.slice(end + END_OF_HEADERS.length);
  return new ConnectionMessage(MessageType.Text, body, parseHeaders(text.slice(0, end)), NO_ID);
}

function parseBinary(data: Buffer): ConnectionMessage | undefined {
  if (data.length < LENGTH_BYTES) return undefined;
  const bodyAt = LENGTH_BYTES + data.readUInt16BE(0);
  if (bodyAt > data.length) return undefined;
  const headers = parseHeaders(data.toString('latin1', LENGTH_BYTES, bodyAt));
  const body = bodyAt < data.length ? new Uint8Array(data.subarray(bodyAt)).buffer : null;
  return new ConnectionMessage(MessageType.Binary, body, headers, NO_ID);
}

function parseHeaders(head: string): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of head.split(CRLF)) {
    const colon = line.indexOf(':');
    if (colon > 0) headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
  }
  return headers;
}
