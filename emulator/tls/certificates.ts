import 'reflect-metadata';
import { createPrivateKey, generateKeyPairSync, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { readIfThere, writePrivateFile } from './private-file.ts';

const DAY_MS = 86_400_000;
/** Clients refuse a server certificate of more than 825 days. */
const LIFETIME_DAYS = 397;
/** What is left of a certificate's time when it is made anew. */
const RENEW_BEFORE_DAYS = 30;
const ALTERNATIVE_NAMES = [
  { type: 'dns', value: 'localhost' },
  { type: 'ip', value: '127.0.0.1' },
  { type: 'ip', value: '::1' },
] as const;
const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const TLS_SERVER = '1.3.6.1.5.5.7.3.1';

/** Both PEM. */
export interface ServerIdentity {
  /** Signed by itself: also what a client has to trust. */
  readonly cert: string;
  readonly key: string;
}

/**
 * The emulator's certificate for this machine. Kept in the folder (readable by its owner only) and used again until it is
 * near its end: `emulator-ca.pem`, `emulator-ca.key`.
 *
 * @param folder without it, nothing is kept
 */
export async function loadCertificate(folder?: string, now: Date = new Date()): Promise<ServerIdentity> {
  if (folder === undefined) return createIdentity(now);
  const [certPath, keyPath] = [join(folder, 'emulator-ca.pem'), join(folder, 'emulator-ca.key')];
  const [cert, key] = await Promise.all([readIfThere(certPath), readIfThere(keyPath)]);
  if (cert !== undefined && key !== undefined && isUsable({ cert, key }, now)) return { cert, key };
  const fresh = await createIdentity(now);
  await writePrivateFile(keyPath, fresh.key);
  await writePrivateFile(certPath, fresh.cert);
  return fresh;
}

/** Whole, of this machine's names, and good for long enough. */
function isUsable({ cert, key }: ServerIdentity, now: Date): boolean {
  try {
    const parsed = new X509Certificate(cert);
    const leftMs = parsed.validToDate.getTime() - now.getTime();
    const isOurs = parsed.checkHost('localhost') !== undefined && parsed.checkPrivateKey(createPrivateKey(key));
    return isOurs && leftMs > RENEW_BEFORE_DAYS * DAY_MS;
  } catch {
    return false;
  }
}

async function createIdentity(now: Date): Promise<ServerIdentity> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' });
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: `01${randomBytes(15).toString('hex')}`,
    // An hour early, for clocks that differ (containers, virtual machines).
    notBefore: new Date(now.getTime() - 3_600_000),
    notAfter: new Date(now.getTime() + LIFETIME_DAYS * DAY_MS),
    name: 'CN=Parley local emulator',
    keys: {
      publicKey: await webcrypto.subtle.importKey('spki', spki, KEY_ALGORITHM, true, ['verify']),
      privateKey: await webcrypto.subtle.importKey('pkcs8', pkcs8, KEY_ALGORITHM, true, ['sign']),
    },
    signingAlgorithm: KEY_ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.SubjectAlternativeNameExtension([...ALTERNATIVE_NAMES]),
      new x509.ExtendedKeyUsageExtension([TLS_SERVER]),
    ],
  });
  return { cert: cert.toString('pem'), key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}
