import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import { jsonOf } from '../../shared/json.ts';

/** Whose sign-in is believed. */
export type SignIn = 'none' | 'container-apps';

/**
 * What the sign-in of Azure Container Apps says of a person, in base64 in the header `x-ms-client-principal`. It takes the
 * header from whoever else sends it.
 * (https://learn.microsoft.com/azure/container-apps/authentication#access-user-claims-in-application-code)
 */
const principal = z.object({
  auth_typ: z.string().min(1).max(100),
  claims: z.array(z.object({ typ: z.string(), val: z.string() })).max(1000),
});

/** Claims that name a person for good, the best first: the object in Entra, then the subject of other providers. */
const NAMES = [
  'http://schemas.microsoft.com/identity/claims/objectidentifier',
  'oid',
  'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier',
  'sub',
];

/** Who has signed in, as a name that tells nothing of him; undefined where nobody has, or nobody is believed. */
export function visitorOf(signIn: SignIn, headers: IncomingHttpHeaders): string | undefined {
  const given = headers['x-ms-client-principal'];
  if (signIn === 'none' || typeof given !== 'string') return undefined;
  const said = principal.safeParse(jsonOf(Buffer.from(given, 'base64').toString())).data;
  const name = NAMES.map((typ) => said?.claims.find((claim) => claim.typ === typ)?.val).find(Boolean);
  if (said === undefined || name === undefined) return undefined;
  return createHash('sha256').update(`${said.auth_typ}:${name}`).digest('base64url');
}
