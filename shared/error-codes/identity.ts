import { is } from './entry.ts';

/** What fails between us and whoever gives this process its tokens. */
export const IDENTITY_ERRORS = {
  'identity.no-token': is(
    503,
    'The process has no token of its identity for a service.',
    'Read the reason in the log; give the process a managed identity, named by AZURE_CLIENT_ID, or set the key of the service.',
  ),
};
