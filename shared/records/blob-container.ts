import type { TokenCredential } from '@azure/identity';
import { DependencyError, messageOf } from '../errors.ts';
import { SCOPES } from '../identity/scopes.ts';

/** https://learn.microsoft.com/rest/api/storageservices/versioning-for-the-azure-storage-services */
const VERSION = '2024-11-04';
const REQUEST_MS = 10_000;

export interface BlobRequest {
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/**
 * A container of Azure Storage, over its REST interface, as far as records need it
 * (https://learn.microsoft.com/rest/api/storageservices/blob-service-rest-api). Its client library is as heavy as all the
 * rest of what the functions load.
 */
export class BlobContainer {
  readonly #url: string;
  readonly #credential: TokenCredential;
  readonly #requestMs: number;

  /** @param options.requestMs how long one request may take */
  constructor(options: { readonly url: string; readonly credential: TokenCredential; readonly requestMs?: number }) {
    this.#url = options.url;
    this.#credential = options.credential;
    this.#requestMs = options.requestMs ?? REQUEST_MS;
  }

  /**
   * @param blob its name; empty for the container itself
   * @throws {DependencyError} `records.throttled`, `records.refused`, `records.unreachable`; see {@link storageCode}
   */
  async ask(method: string, blob: string, { query, headers, body }: BlobRequest = {}): Promise<Response> {
    const url = new URL(blob === '' ? this.#url : `${this.#url}/${blob}`);
    for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value);
    const response = await this.#send(url, {
      method,
      headers: { 'x-ms-version': VERSION, ...headers },
      ...(method === 'PUT' && { body: new Uint8Array(body ?? []) }),
    });
    if (response.ok) return response;
    const code = response.headers.get('x-ms-error-code') ?? '';
    // What is asked by HEAD has no body to tell the blob from the container by.
    const refusal = new StorageRefusal(code === '' && response.status === 404 ? 'BlobNotFound' : code);
    await response.body?.cancel();
    if (response.status === 429 || response.status === 503) {
      throw new DependencyError('records.throttled', `${SAID} is too busy.`, refusal);
    }
    if (response.status < 500) {
      throw new DependencyError('records.refused', `${SAID} said ${response.status} ${code}.`, refusal);
    }
    throw new DependencyError('records.unreachable', `${SAID} gave no good answer.`, refusal);
  }

  /** The blobs whose names begin so. */
  async list(prefix: string): Promise<{ readonly name: string; readonly bytes: number }[]> {
    const found: { name: string; bytes: number }[] = [];
    for (let marker: string | undefined = ''; marker !== undefined; ) {
      const query = { restype: 'container', comp: 'list', prefix, ...(marker !== '' && { marker }) };
      const page = await (await this.ask('GET', '', { query })).text();
      // Names of ours need no escapes in XML.
      for (const [, blob = ''] of page.matchAll(/<Blob>(.*?)<\/Blob>/gs)) {
        found.push({ name: textIn(blob, 'Name') ?? '', bytes: Number(textIn(blob, 'Content-Length')) });
      }
      marker = textIn(page, 'NextMarker');
    }
    return found;
  }

  /** @returns false where there is no such blob (any more) */
  async erase(blob: string): Promise<boolean> {
    try {
      await this.ask('DELETE', blob, { headers: { 'x-ms-delete-snapshots': 'include' } });
      return true;
    } catch (error) {
      if (storageCode(error) === 'BlobNotFound') return false;
      throw error;
    }
  }

  async #send(url: URL, request: RequestInit): Promise<Response> {
    try {
      const token = await this.#credential.getToken(SCOPES.storage);
      return await fetch(url, {
        ...request,
        headers: { ...request.headers, authorization: `Bearer ${token?.token}` },
        redirect: 'error',
        signal: AbortSignal.timeout(this.#requestMs),
      });
    } catch (error) {
      throw new DependencyError('records.unreachable', `${SAID} gave no good answer: ${messageOf(error)}`, error);
    }
  }
}

/** How storage refused. */
class StorageRefusal extends Error {
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/** The word by which storage tells its errors apart; empty where it said none. */
export const storageCode = (error: unknown): string =>
  error instanceof DependencyError && error.cause instanceof StorageRefusal ? error.cause.code : '';

const SAID = 'The storage of call records, CALL_RECORDS_URL,';

/** Undefined where it is missing or empty. */
const textIn = (xml: string, element: string): string | undefined =>
  new RegExp(`<${element}>([^<]+)</${element}>`).exec(xml)?.[1];
