import { decodeJwt } from 'jose';

/**
 * The object id of the identity that a token of Entra is of: its claim `oid`. The token is one of ours, so nothing is verified.
 * @throws where it is no token of Entra
 */
export function objectIdOf(token: string): string {
  const { oid } = decodeJwt(token);
  if (typeof oid === 'string' && oid !== '') return oid;
  throw new Error('the token has no object id (claim oid)');
}
