import 'reflect-metadata';
import { createPrivateKey, generateKeyPairSync, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { readIfThere, writePrivateFile } from './private-file.ts';

const DAY_MS = 86_400_000;
const AUTHORITY_DAYS = 3_650;
/** Clients refuse a server certificate of more than 825 days. */
const SERVER_DAYS = 397;
/** What is left of a certificate's time when it is made anew. */
const RENEW_BEFORE_DAYS = 30;
const AUTHORITY_NAME = 'CN=Parley local emulator CA';
const ALTERNATIVE_NAMES = [
  { type: 'dns', value: 'localhost' },
  { type: 'ip', value: '127.0.0.1' },
  { type: 'ip', value: '::1' },
] as const;
const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const TLS_SERVER = '1.3.6.1.5.5.7.3.1';

/** All PEM. `ca` is what a client has to trust. */
export interface Certificates {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

interface Identity {
  readonly cert: string;
  readonly key: string;
}

/**
 * The emulator's own certificate authority and its server certificate for this machine. Kept in the folder (readable by
 * its owner only) and used again until they are near their end: `emulator-ca.pem`, `emulator-ca.key`,
 * `emulator-server.pem`, `emulator-server.key`.
 *
 * @param folder without it, nothing is kept
 */
export async function loadCertificates(folder?: string, now: Date = new Date()): Promise<Certificates> {
  const authority = await load(
    folder,
    'emulator-ca',
    now,
    (cert) => cert.ca,
    () => createAuthority(now),
  );
  const authorityCert = new X509Certificate(authority.cert);
  const ours = (cert: X509Certificate) => cert.checkIssued(authorityCert) && cert.verify(authorityCert.publicKey);
  const server = await load(folder, 'emulator-server', now, ours, () => createServerIdentity(authority, now));
  return { ca: authority.cert, cert: server.cert, key: server.key };
}

/** The stored identity where it is there, whole, long enough valid and `suits`; else one made anew, and stored. */
async function load(
  folder: string | undefined,
  name: string,
  now: Date,
  suits: (cert: X509Certificate) => boolean,
  create: () => Promise<Identity>,
): Promise<Identity> {
  if (folder === undefined) return create();
  const [certPath, keyPath] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
  const [cert, key] = await Promise.all([readIfThere(certPath), readIfThere(keyPath)]);
  if (cert !== undefined && key !== undefined && isUsable({ cert, key }, now, suits)) return { cert, key };
  const fresh = await create();
  await writePrivateFile(keyPath, fresh.key);
  await writePrivateFile(certPath, fresh.cert);
  return fresh;
}

function isUsable({ cert, key }: Identity, now: Date, suits: (cert: X509Certificate) => boolean): boolean {
  try {
    const parsed = new X509Certificate(cert);
    const leftMs = parsed.validToDate.getTime() - now.getTime();
    return leftMs > RENEW_BEFORE_DAYS * DAY_MS && parsed.checkPrivateKey(createPrivateKey(key)) && suits(parsed);
  } catch {
    return false;
  }
}

async function createAuthority(now: Date): Promise<Identity> {
  const keys = await newKeys();
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity(now, AUTHORITY_DAYS),
    name: AUTHORITY_NAME,
    keys,
    signingAlgorithm: KEY_ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { cert: cert.toString('pem'), key: keys.pem };
}

async function createServerIdentity(authority: Identity, now: Date): Promise<Identity> {
  const keys = await newKeys();
  const signer = await importKey(authority.key);
  const issuer = new x509.X509Certificate(authority.cert);
  const cert = await x509.X509CertificateGenerator.create({
    ...validity(now, SERVER_DAYS),
    subject: 'CN=localhost',
    issuer: issuer.subject,
    publicKey: keys.publicKey,
    signingKey: signer,
    signingAlgorithm: KEY_ALGORITHM,
    extensions: [
      new x509.SubjectAlternativeNameExtension([...ALTERNATIVE_NAMES]),
      new x509.ExtendedKeyUsageExtension([TLS_SERVER]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return { cert: cert.toString('pem'), key: keys.pem };
}

function validity(now: Date, days: number) {
  return {
    serialNumber: `01${randomBytes(15).toString('hex')}`,
    // An hour early, for clocks that differ (containers, virtual machines).
    notBefore: new Date(now.getTime() - 3_600_000),
    notAfter: new Date(now.getTime() + days * DAY_MS),
  };
}

async function newKeys() {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  return {
    pem,
    privateKey: await importKey(pem),
    publicKey: await webcrypto.subtle.importKey('spki', spki, KEY_ALGORITHM, true, ['verify']),
  };
}

function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const pkcs8 = createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' });
  return webcrypto.subtle.importKey('pkcs8', pkcs8, KEY_ALGORITHM, true, ['sign']);
}
