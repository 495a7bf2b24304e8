import { at, listAt, textAt } from './json.ts';
import { HookError, type Reach, RefusedError } from './reach.ts';

export const MANAGEMENT = 'https://management.azure.com';
export const GRAPH = 'https://graph.microsoft.com/v1.0';

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

interface Request {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Answers that are no errors beside 2xx. */
  readonly expect?: readonly number[];
}

const LONGEST_WAIT_S = 300;

/** One service of Azure, spoken to with the token of whoever is signed in to azd. */
export class Azure {
  readonly #reach: Reach;
  readonly #base: string;
  readonly #scope: string;
  #token: Promise<string> | undefined;

  /** @param base what every address begins with */
  constructor(reach: Reach, base: string, scope: string) {
    this.#reach = reach;
    this.#base = base;
    this.#scope = scope;
  }

  /** @throws {HookError} nobody is signed in, or azd is not there */
  token(): Promise<string> {
    this.#token ??= this.#reach
      .azd(['auth', 'token', '--scope', this.#scope, '--output', 'json'])
      .then((text) => {
        const token = textAt(JSON.parse(text), 'token');
        if (token === undefined) throw new Error('azd gave no token');
        return token;
      })
      .catch((error: unknown) => {
        if (error instanceof HookError) throw error;
        throw new HookError(`azd has no token for ${this.#scope} (${reasonOf(error)}). Sign in: azd auth login`);
      });
    return this.#token;
  }

  /** The object id of whoever is signed in: the claim `oid` of the token. */
  async objectId(): Promise<string> {
    const claims = (await this.token()).split('.')[1] ?? '';
    const oid = textAt(JSON.parse(Buffer.from(claims, 'base64url').toString()), 'oid');
    if (oid === undefined) throw new HookError('The token of azd names nobody (claim oid). Sign in: azd auth login');
    return oid;
  }

  /** @throws {HookError} with what the service said */
  async ask(method: string, path: string, { body, headers, expect = [] }: Request = {}): Promise<Answer> {
    const url = path.startsWith('https://') ? path : this.#base + path;
    const response = await this.#reach.fetch(url, {
      method,
      headers: {
        authorization: `Bearer ${await this.token()}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const answer = { status: response.status, body: parsed(text) };
    if (response.ok || expect.includes(response.status)) return answer;
    const code = textAt(answer.body, 'error.code') ?? response.status;
    const message = textAt(answer.body, 'error.message') ?? text.slice(0, 500);
    if (code === 'MissingSubscriptionRegistration') {
      const provider = /\/providers\/([^/]+)/.exec(new URL(url).pathname)?.[1] ?? '<namespace>';
      throw new HookError(
        `The subscription is not registered for ${provider} yet: az provider register --wait --namespace ${provider}`,
      );
    }
    throw new RefusedError(`${method} ${new URL(url).pathname} was refused: ${code} ${message}`, response.status);
  }

  /** A list that comes in pages. */
  async all(path: string): Promise<unknown[]> {
    const found: unknown[] = [];
    for (let next: string | undefined = path; next !== undefined; ) {
      const { body } = await this.ask('GET', next);
      found.push(...listAt(body, 'value'));
      next = textAt(body, 'nextLink') ?? textAt(body, '@odata.nextLink');
    }
    return found;
  }

  /**
   * Asks until a resource is done.
   * @throws {HookError} it failed, or is not done after five minutes
   */
  async settled(path: string): Promise<unknown> {
    for (let waitedS = 0; waitedS <= LONGEST_WAIT_S; waitedS += 5) {
      const { body } = await this.ask('GET', path);
      const state = textAt(body, 'properties.provisioningState');
      if (state === 'Succeeded') return body;
      if (state === 'Failed' || state === 'Canceled') {
        throw new HookError(`${textAt(body, 'name') ?? path} is ${state}: ${JSON.stringify(at(body, 'properties'))}`);
      }
      await this.#reach.wait(5_000);
    }
    throw new HookError(`${path} was not done within ${LONGEST_WAIT_S} s. Run this hook again later.`);
  }
}

export const management = (reach: Reach): Azure => new Azure(reach, MANAGEMENT, `${MANAGEMENT}/.default`);
export const graph = (reach: Reach): Azure => new Azure(reach, GRAPH, 'https://graph.microsoft.com/.default');

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const reasonOf = (error: unknown): string =>
  error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
