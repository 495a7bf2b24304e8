import { access, constants, mkdir } from 'node:fs/promises';
import type { TokenSource } from '../identity/token-source.ts';
import { type Check, CheckFailure, stateOfStatus } from './check.ts';
import type { DependencySpec } from './dependency.ts';

const VERSION = '2024-11-04';
const CODES = {
  refused: 'records.refused',
  throttled: 'records.throttled',
  unreachable: 'records.unreachable',
} as const;

const onFolder = (folder: string | undefined): Check | undefined =>
  folder === undefined
    ? undefined
    : async () => {
        try {
          await mkdir(folder, { recursive: true });
          await access(folder, constants.W_OK);
        } catch (error) {
          throw new CheckFailure('unreachable', 'records.unreachable', error);
        }
        return {};
      };

/**
 * The container of call records, by its properties, which whoever may write into it may read. Only an identity opens it.
 * (https://learn.microsoft.com/rest/api/storageservices/get-container-properties)
 *
 * @param url `https://<account>.blob.core.windows.net/<container>`; undefined where there is none
 * @param tokens of the process's identity, for Azure Storage
 * @param folder takes them in its place; without either no records are kept
 */
export const recordsDependency = (
  url: string | undefined,
  tokens: Pick<TokenSource, 'get'>,
  folder?: string,
): DependencySpec => ({
  name: 'call-records',
  service: url === undefined && folder !== undefined ? 'a folder' : undefined,
  late: 'records.unreachable',
  gates: true,
  check:
    url === undefined
      ? onFolder(folder)
      : async ({ signal }) => {
          const { token } = await tokens.get();
          const headers = { authorization: `Bearer ${token}`, 'x-ms-version': VERSION };
          const response = await fetch(`${url}?restype=container`, {
            method: 'HEAD',
            headers,
            signal,
            redirect: 'error',
          }).catch((error: unknown) => {
            throw new CheckFailure('unreachable', 'records.unreachable', error);
          });
          if (response.ok) return {};
          const reason = `${response.status} ${response.headers.get('x-ms-error-code') ?? ''}`;
          // Storage throttles by 503 (ServerBusy), and says 409 of a container that is being deleted.
          const isBusy = /ServerBusy/.test(reason);
          const state = isBusy ? 'throttled' : stateOfStatus(response.status);
          const failed = state === 'accepted' ? 'refused' : state;
          throw new CheckFailure(failed, CODES[failed], new Error(reason));
        },
});
