import { z } from 'zod';
import type { ErrorCode } from '../error-codes.ts';
import { fieldsOf, type ReadableBody, readJson, validate } from './request-body.ts';

/** The path prefix of the API, in both halves. */
export const API_PREFIX = '/api/v1';

/**
 * Who may use a route. `api` and `event-grid`: whoever has a key of the function app, for which Azure asks (`func start`
 * and the emulator's host do not); or a token of Entra, as API_AUTH and EVENT_GRID_AUTH say. `acs-token`: the bearer token
 * of ACS. Tokens are looked at before anything of the body is read.
 */
export type Access = 'anonymous' | 'api' | 'event-grid' | 'acs-token';

/** What the doors of both halves ask for, by the settings. */
export interface AskedFor {
  readonly api: 'key' | 'entra';
  readonly eventGrid: 'key' | 'entra';
}

/**
 * What a route promises: where it is, who may use it, what it takes and what it answers. It is declared once, in
 * `shared/http/routes/`: requests are parsed by it, handlers are typed by it, and the reference is made from it.
 */
export interface RouteContract {
  /** Also the function's name in Azure, whose host tries overlapping routes in the order of names. */
  readonly name: string;
  readonly half: 'functions' | 'stream-host' | 'both';
  readonly method: 'GET' | 'POST' | 'DELETE' | 'OPTIONS';
  /** With `{name}` and, at its end, `{name?}`. */
  readonly path: `/${string}`;
  readonly access: Access;
  readonly summary: string;
  readonly description?: string;
  readonly params?: z.ZodObject;
  /**
   * Strict: a name that is not in it, or comes twice, is refused. Where there is none the query is not looked at: platforms add what they
   * like to the addresses of probes and webhooks.
   */
  readonly query?: z.ZodObject;
  /** Names in lower case. */
  readonly headers?: z.ZodObject;
  readonly body?: z.ZodType;
  /** What the body may have at most: 1 MB where nothing is said. */
  readonly maxBodyBytes?: number;
  /** Answered by the functions however much they have to do: platforms ask it. */
  readonly probe?: true;
  /** By status. `z.undefined()`: no body. */
  readonly answers: Readonly<Record<number, z.ZodType>>;
  /** The content type of the answers, where it is not JSON. */
  readonly produces?: string;
  /** Codes beside those that every route of its kind may answer with ({@link errorsOf}). */
  readonly errors: readonly ErrorCode[];
}

type Parsed<Contract, Part extends string> = Contract extends { readonly [P in Part]: infer Schema extends z.ZodType }
  ? z.output<Schema>
  : undefined;

/** What a handler is given: each part parsed, and undefined where the contract has none. */
export interface Input<Contract> {
  readonly params: Parsed<Contract, 'params'>;
  readonly query: Parsed<Contract, 'query'>;
  readonly headers: Parsed<Contract, 'headers'>;
  readonly body: Parsed<Contract, 'body'>;
}

/** What a handler may answer: one of the statuses with its body. All else is thrown as a `ParleyError`. */
export type AnswerOf<Answers extends RouteContract['answers']> = {
  [Status in keyof Answers]: {
    readonly status: Status;
    readonly body: z.input<Answers[Status]>;
    readonly headers?: Readonly<Record<string, string>>;
  };
}[keyof Answers];

export type Answer<Contract extends RouteContract> = AnswerOf<Contract['answers']>;

/** An answer of whatever route. */
export interface AnyAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request as either half has it. */
export interface RawRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly header: (name: string) => string | null;
  readonly body: ReadableBody;
}

export const defineRoute = <const Contract extends RouteContract>(contract: Contract): Contract => contract;

/**
 * Parses a request by its contract.
 * @throws {RequestError} `request.invalid`, `request.not-json`, `request.too-deep`, `request.too-large`
 */
export async function readInput<Contract extends RouteContract>(
  contract: Contract,
  request: RawRequest,
): Promise<Input<Contract>> {
  const { params, query, headers, body, maxBodyBytes } = contract;
  const input = {
    params: params && validate(params, request.params),
    query: query && validate(query, queryOf(request.query, contract.access)),
    headers: headers && validate(headers, pick(Object.keys(headers.shape), request.header)),
    body: body && validate(body, await bodyOf(body, request, maxBodyBytes)),
  };
  // The same schemas gave the type.
  return input as Input<Contract>;
}

/** Whether texts can be given that a part does not take: where all fields may be any text, or be left out, none can. */
const mayBeWrong = ({ shape, def }: z.ZodObject): boolean =>
  def.catchall !== undefined || Object.values(shape).some((field) => !isAnyText(field));

function isAnyText(field: unknown): boolean {
  const text = field instanceof z.ZodExactOptional ? field.unwrap() : undefined;
  return text instanceof z.ZodString && !text.def.checks?.length;
}

/** Whether a request may come without a body. */
export const mayBeEmpty = (body: z.ZodType): boolean => body.safeParse(undefined).success;

/** A body that may be left out is undefined where nothing was sent. */
async function bodyOf(body: z.ZodType, request: RawRequest, maxBytes: number | undefined): Promise<unknown> {
  const length = request.header('content-length');
  const isEmpty = request.body === null || (length ?? '0') === '0';
  if (isEmpty && mayBeEmpty(body) && request.header('transfer-encoding') === null) return undefined;
  return readJson(request.body, length, maxBytes);
}

/** Azure's own way to hand over a function key. */
const KEY_NAME = 'code';

function queryOf(query: URLSearchParams, access: Access): Record<string, string> {
  const mayHaveKey = access === 'api' || access === 'event-grid';
  return fieldsOf([...query].filter(([name]) => !mayHaveKey || name !== KEY_NAME));
}

function pick(names: readonly string[], header: RawRequest['header']): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => [[name, header(name)]]).filter(([, value]) => value !== null));
}

/**
 * With which status a route tells an error: with the error's own. But after 503 Event Grid comes again in 30 s or later, when it
 * rings no more, and after 502 in 10 s (https://learn.microsoft.com/azure/event-grid/delivery-and-retry#failure-codes).
 */
export const toldStatus = ({ access }: Pick<RouteContract, 'access'>, status: number): number =>
  access === 'event-grid' && status === 503 ? 502 : status;

/** Whether a path (without its query) is one of the route's. */
export const isPathOf = ({ path }: RouteContract, asked: string): boolean =>
  new RegExp(`^${path.replace(/\/\{\w+\?\}/, '(/[^/]+)?').replace(/\{\w+\}/g, '[^/]+')}/?$`).test(asked);

const TOKEN_ERRORS = [
  'auth.token-missing',
  'auth.token-expired',
  'auth.token-invalid',
  'auth.keys-unavailable',
] as const satisfies readonly ErrorCode[];

/**
 * Every code that the route may answer with.
 * @param asked what the doors ask for; with nothing said, whatever they may
 */
export function errorsOf(contract: RouteContract, asked?: AskedFor): readonly ErrorCode[] {
  const { params, query, headers, body, access, errors, half } = contract;
  const codes: ErrorCode[] = [...errors, 'internal', 'method.not-allowed'];
  // A stream host that is not configured does not start.
  if (half !== 'stream-host') codes.push('config.invalid');
  if (half !== 'stream-host' && !contract.probe) codes.push('request.too-many');
  if (body || [params, query, headers].some((part) => part && mayBeWrong(part))) codes.push('request.invalid');
  if (body) codes.push('request.not-json', 'request.too-deep', 'request.too-large');
  if (access === 'acs-token') codes.push(...TOKEN_ERRORS);
  const takesEntra =
    (access === 'api' && asked?.api !== 'key') || (access === 'event-grid' && asked?.eventGrid !== 'key');
  if (takesEntra) codes.push(...TOKEN_ERRORS, 'auth.caller-refused');
  return [...new Set(codes)].sort();
}
