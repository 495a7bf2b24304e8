import { z } from 'zod';
import { CLOSE } from '../../protocol/close-codes.ts';
import { conversation, dashboardRelay } from './browser-sockets.ts';
import { mediaStream, mediaTranscription } from './call-sockets.ts';
import { CLOSE_MEANINGS } from './close-meanings.ts';
import type { SocketDescription, SocketMessage } from './socket-description.ts';

/** Every socket, in the order of the reference. */
export const SOCKETS: readonly SocketDescription[] = [conversation, dashboardRelay, mediaStream, mediaTranscription];

type Json = Readonly<Record<string, unknown>>;

export interface SocketReferenceOptions {
  readonly version: string;
  /** Where clients reach the sockets: STREAM_HOST_PUBLIC_URL. A whole address, as a socket has no relative one. */
  readonly socketsUrl: string;
}

/** What an AsyncAPI document has for us. */
export interface AsyncApiDocument extends Json {
  readonly asyncapi: string;
  readonly channels: Readonly<Record<string, Json>>;
  readonly operations: Readonly<Record<string, Json>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, Json>>>>;
}

/** The AsyncAPI 3.1 document of the sockets, the same from whichever half is asked. */
export function asyncApiDocument(options: SocketReferenceOptions): AsyncApiDocument {
  return {
    asyncapi: '3.1.0',
    info: {
      title: 'Parley: sockets',
      version: options.version,
      description:
        'What is said on the web sockets of the stream host, in which order, how fast, and why they close. How they are opened, and refused, is in the OpenAPI document as well: each is a GET request there.',
      license: { name: 'MIT' },
    },
    defaultContentType: 'application/json',
    servers: { 'stream-host': serverAt(options.socketsUrl) },
    channels: Object.fromEntries(SOCKETS.map((socket) => [socket.key, channelOf(socket)])),
    operations: Object.fromEntries(SOCKETS.flatMap(operationsOf)),
    components: {
      messages: Object.fromEntries(
        SOCKETS.flatMap(({ key, up, down }) => [
          ...up.messages.map((message) => [`${key}.${message.key}`, messageOf(message, 'input')]),
          ...down.messages.map((message) => [`${key}.${message.key}`, messageOf(message, 'output')]),
        ]),
      ),
      securitySchemes: SCHEMES,
    },
  };
}

const SCHEMES = {
  ticket: {
    type: 'httpApiKey',
    in: 'query',
    name: 'ticket',
    description:
      'Of `POST /api/v1/tickets`: good for one socket, within a minute. Asked for where REQUIRE_TICKETS holds.',
  },
  ticketProtocol: {
    type: 'httpApiKey',
    in: 'header',
    name: 'Sec-WebSocket-Protocol',
    description: 'The same as the subprotocol `parley.ticket.<ticket>`, which is in no log of addresses.',
  },
  acsToken: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'The token that Azure Communication Services signs for this resource.',
  },
} as const;

function serverAt(url: string): Json {
  const { protocol, host, pathname } = new URL(url);
  return {
    host,
    protocol: protocol === 'https:' || protocol === 'wss:' ? 'wss' : 'ws',
    ...(pathname !== '/' && { pathname }),
    description: 'The stream host.',
  };
}

function channelOf(socket: SocketDescription): Json {
  const { contract, title, up, down, limits } = socket;
  return {
    address: contract.path,
    title,
    summary: contract.summary,
    description: `${socket.order}\n\n${closesAsText(socket)}`,
    servers: [{ $ref: '#/servers/stream-host' }],
    messages: Object.fromEntries(
      [...up.messages, ...down.messages].map(({ key }) => [
        key,
        { $ref: `#/components/messages/${socket.key}.${key}` },
      ]),
    ),
    bindings: {
      ws: {
        method: 'GET',
        ...(contract.query && { query: jsonSchema(contract.query, 'input') }),
        ...(contract.headers && { headers: jsonSchema(contract.headers, 'input') }),
      },
    },
    'x-close-codes': socket.closes.map((name) => ({ code: CLOSE[name], name, ...CLOSE_MEANINGS[name] })),
    'x-limits': limits,
  };
}

const closesAsText = ({ closes }: SocketDescription): string =>
  [
    '**Closing.** The reason of the close frame says it in words.',
    '',
    '| code | meaning | what to do |',
    '| --- | --- | --- |',
    ...closes.map((name) => `| ${CLOSE[name]} | ${CLOSE_MEANINGS[name].meaning} | ${CLOSE_MEANINGS[name].remedy} |`),
    '',
    'The web socket itself closes with 1009 for a message that is too large, and with 1007 for text that is no UTF-8.',
  ].join('\n');

/** Seen from the stream host, as AsyncAPI wants it. */
function operationsOf(socket: SocketDescription): [string, Json][] {
  const { key, contract, up, down } = socket;
  const schemes = contract.access === 'acs-token' ? ['acsToken'] : ['ticket', 'ticketProtocol'];
  const operation = (action: 'receive' | 'send', { summary, messages }: SocketDescription['up']): [string, Json] => [
    `${key}-${action}`,
    {
      action,
      channel: { $ref: `#/channels/${key}` },
      title: `${socket.title}: ${action === 'receive' ? 'from clients' : 'to clients'}`,
      summary,
      security: schemes.map((name) => ({ $ref: `#/components/securitySchemes/${name}` })),
      messages: messages.map((message) => ({ $ref: `#/channels/${key}/messages/${message.key}` })),
    },
  ];
  return [
    ...(up.messages.length > 0 ? [operation('receive', up)] : []),
    ...(down.messages.length > 0 ? [operation('send', down)] : []),
  ];
}

function messageOf({ name, summary, schema, examples }: SocketMessage, io: 'input' | 'output'): Json {
  const isText = schema instanceof z.ZodString;
  return {
    name,
    title: name,
    summary,
    contentType: schema === undefined ? 'application/octet-stream' : isText ? 'text/plain' : 'application/json',
    payload: schema === undefined ? { type: 'string', format: 'binary' } : jsonSchema(schema, io),
    ...(examples.length > 0 && { examples: examples.map((payload) => ({ payload })) }),
  };
}

/** JSON Schema as AsyncAPI has it, each whole in its place. */
function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  const {
    $schema: _,
    examples: __,
    ...rest
  } = z.toJSONSchema(schema, {
    target: 'draft-7',
    io,
    unrepresentable: 'any',
    override: ({ jsonSchema: made }) => {
      // Fields are added in time: nobody should refuse a message that has one more.
      if (io === 'output' && made.additionalProperties === false) delete made.additionalProperties;
      // What a double can hold is no limit of ours.
      if (made.minimum === Number.MIN_SAFE_INTEGER) delete made.minimum;
      if (made.maximum === Number.MAX_SAFE_INTEGER) delete made.maximum;
    },
  });
  return rest;
}
