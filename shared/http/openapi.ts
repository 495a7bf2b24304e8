import { z } from 'zod';
import {
  createDocument,
  type ZodOpenApiObject,
  type ZodOpenApiOperationObject,
  type ZodOpenApiResponseObject,
} from 'zod-openapi';
import { ERROR_CODES, type ErrorCode } from '../error-codes.ts';
import { browserCommand, browserMessage } from '../protocol/browser.ts';
import { errorBody } from './error-body.ts';
import { withExamples } from './examples.ts';
import { type Access, type AskedFor, errorsOf, mayBeEmpty, type RouteContract, toldStatus } from './route.ts';
import { ALL_ROUTES } from './routes/all.ts';
import { ALL_SOCKETS } from './routes/sockets.ts';

export interface ReferenceOptions {
  readonly version: string;
  /** Where callers reach each half. */
  readonly functionsUrl: string;
  readonly streamHostUrl: string;
  /** What the doors ask for. */
  readonly asked: AskedFor;
}

type OpenApiDocument = ReturnType<typeof createDocument>;

const TAGS = {
  functions: { name: 'Functions', description: 'The control plane: calls, webhooks, health.' },
  'stream-host': { name: 'Stream host', description: 'The port that has the sockets and the page.' },
  both: { name: 'Both halves', description: 'Answered alike by both.' },
} as const;

/** The OpenAPI 3.1 document of both halves, the same from whichever is asked. */
export function openApiDocument(options: ReferenceOptions): OpenApiDocument {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const route of [...ALL_ROUTES, ...ALL_SOCKETS]) {
    for (const path of openApiPaths(route.path)) {
      paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route, path, options) };
    }
  }
  const document: ZodOpenApiObject = {
    openapi: '3.1.0',
    info: {
      title: 'Parley',
      version: options.version,
      description:
        'Voice agents on the phone and in the browser. Every error has one of the codes named with its route.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    tags: Object.values(TAGS),
    // Those of sockets, logs and the record as well.
    'x-error-codes': ERROR_CODES,
    paths,
    components: {
      // What is said on the sockets, which OpenAPI has no place of its own for.
      schemas: { Error: errorBody, ConversationMessage: browserMessage, ConversationCommand: browserCommand },
      securitySchemes: Object.fromEntries(
        Object.entries(SCHEMES).filter(([name]) => schemesOf(options.asked).includes(name)),
      ),
    },
  };
  const made = createDocument(document, {
    override: ({ jsonSchema, io }) => {
      // Fields are added in time: nobody should refuse an answer that has one more.
      if (io === 'output' && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
      // What a double can hold is no limit of ours, and pages show it as an example.
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
  return withExamples(made);
}

/** An optional last parameter makes two paths of one route. */
function openApiPaths(path: string): string[] {
  const optional = /\/\{(\w+)\?\}$/.exec(path);
  return optional === null
    ? [path]
    : [path.slice(0, optional.index), `${path.slice(0, optional.index)}/{${optional[1]}}`];
}

const SCHEMES = {
  functionKey: {
    type: 'apiKey',
    in: 'header',
    name: 'x-functions-key',
    description: 'A key of the function app. Azure answers 401 without a body where it is missing.',
  },
  functionKeyInQuery: { type: 'apiKey', in: 'query', name: 'code', description: 'The same key, for webhooks.' },
  entraToken: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'An access token of Entra, made out to the application that stands for this API.',
  },
  eventGridToken: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'The token of Entra that Event Grid delivers with.',
  },
  acsToken: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'The token that Azure Communication Services signs for this resource.',
  },
} as const;

const KEYS = [{ functionKey: [] }, { functionKeyInQuery: [] }];

/** What a request must bring; one of several is enough. */
function securityOf(access: Access, { api, eventGrid }: AskedFor): Record<string, string[]>[] {
  switch (access) {
    case 'anonymous':
      return [];
    case 'api':
      return api === 'key' ? KEYS : [{ entraToken: [] }];
    case 'event-grid':
      return eventGrid === 'key' ? KEYS : [{ eventGridToken: [] }];
    case 'acs-token':
      return [{ acsToken: [] }];
  }
}

const schemesOf = (asked: AskedFor): string[] =>
  (['api', 'event-grid', 'acs-token'] as const).flatMap((access) => securityOf(access, asked).flatMap(Object.keys));

function operationOf(route: RouteContract, path: string, options: ReferenceOptions): ZodOpenApiOperationObject {
  const { params, query, headers, body, half, access } = route;
  const hasParams = path.endsWith('}') || path.includes('}/');
  return {
    operationId: path === route.path || hasParams ? route.name : `${route.name}-of-any`,
    summary: path === route.path || hasParams ? route.summary : `${route.summary}, at an address that names none`,
    ...(route.description !== undefined && { description: route.description }),
    tags: [TAGS[half].name],
    servers: [
      ...(half === 'stream-host' ? [] : [{ url: options.functionsUrl, description: TAGS.functions.name }]),
      ...(half === 'functions' ? [] : [{ url: options.streamHostUrl, description: TAGS['stream-host'].name }]),
    ],
    security: securityOf(access, options.asked),
    requestParams: {
      ...(params && hasParams && { path: z.object(required(params)) }),
      ...(query && { query }),
      ...(headers && { header: headers }),
    },
    ...(body && { requestBody: { required: !mayBeEmpty(body), content: { 'application/json': { schema: body } } } }),
    responses: responsesOf(route, options.asked),
  };
}

/** A parameter of a path is there wherever the path is. */
const required = ({ shape }: z.ZodObject): Record<string, z.core.$ZodType> =>
  Object.fromEntries(
    Object.entries(shape).map(([name, schema]) => [
      name,
      schema instanceof z.ZodExactOptional ? schema.unwrap() : schema,
    ]),
  );

/** One response for each status, with each body and each code that it may have. */
function responsesOf(route: RouteContract, asked: AskedFor): Record<string, ZodOpenApiResponseObject> {
  const errors = Map.groupBy(errorsOf(route, asked), (code) => String(toldStatus(route, ERROR_CODES[code].status)));
  const statuses = new Set([...Object.keys(route.answers), ...errors.keys()]);
  return Object.fromEntries(
    [...statuses].sort().map((status) => [status, responseOf(route, Number(status), errors.get(status) ?? [])]),
  );
}

function responseOf(route: RouteContract, status: number, codes: readonly ErrorCode[]): ZodOpenApiResponseObject {
  const schema = route.answers[status];
  const description = [
    ...(schema === undefined ? [] : [schema.description ?? 'Done.']),
    ...codes.map((code) => `- \`${code}\`: ${ERROR_CODES[code].meaning} ${ERROR_CODES[code].remedy}`),
  ].join('\n');
  const content = {
    ...(schema !== undefined &&
      !(schema instanceof z.ZodUndefined) && { [route.produces ?? 'application/json']: { schema } }),
    ...(codes.length > 0 && {
      'application/json': { schema: schema === undefined ? errorSchema(codes) : z.union([schema, errorBody]) },
    }),
  };
  return Object.keys(content).length === 0 ? { description } : { description, content };
}

/** The shape of every error, with the codes that this one may have. */
const errorSchema = (codes: readonly ErrorCode[]) => ({
  allOf: [
    { $ref: '#/components/schemas/Error' },
    {
      type: 'object' as const,
      properties: { error: { type: 'object' as const, properties: { code: { enum: [...codes] } } } },
    },
  ],
});
