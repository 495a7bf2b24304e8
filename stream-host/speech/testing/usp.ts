import type { RawData } from 'ws';

/** A message of the Speech SDK's protocol: headers, and a body that is text or bytes. */
export interface UspMessage {
  readonly path: string;
  readonly requestId: string;
  readonly contentType: string;
  readonly text: string;
  readonly bytes: Uint8Array;
}

/** Text frames are headers, a blank line, a body. Binary ones begin with the headers' length in two bytes, big-endian. */
export function readUsp(data: RawData, isBinary: boolean): UspMessage {
  const frame = Buffer.isBuffer(data) ? data : Buffer.concat(Array.isArray(data) ? data : [Buffer.from(data)]);
  const headEnd = isBinary ? 2 + frame.readUInt16BE(0) : frame.indexOf('\r\n\r\n');
  const head = frame.toString('utf8', isBinary ? 2 : 0, headEnd);
  const body = frame.subarray(isBinary ? headEnd : headEnd + 4);
  const headers = new Map(
    head.split('\r\n').map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  return {
    path: headers.get('path')?.toLowerCase() ?? '',
    requestId: headers.get('x-requestid') ?? '',
    contentType: headers.get('content-type') ?? '',
    text: isBinary ? '' : body.toString('utf8'),
    bytes: body,
  };
}

export function textFrame(path: string, requestId: string, body: unknown): string {
  const head = `X-RequestId:${requestId}\r\nContent-Type:application/json; charset=utf-8\r\nPath:${path}`;
  return `${head}\r\n\r\n${JSON.stringify(body)}`;
}

export function audioFrame(requestId: string, streamId: string, audio: Uint8Array): Buffer {
  const head = Buffer.from(`X-RequestId:${requestId}\r\nPath:audio\r\nX-StreamId:${streamId}\r\n`);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(head.length);
  return Buffer.concat([length, head, audio]);
}
