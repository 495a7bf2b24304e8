import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto';
import { join } from 'node:path';
import {
  bitString,
  boolean,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  set,
  tagged,
  utcTime,
  utf8String,
} from './der.ts';
import { readIfThere, writePrivateFile } from './private-file.ts';

const DAY_MS = 86_400_000;
const AUTHORITY_DAYS = 3_650;
/** Clients refuse a server certificate of more than 825 days. */
const SERVER_DAYS = 397;
/** What is left of a certificate's time when it is made anew. */
const RENEW_BEFORE_DAYS = 30;
const AUTHORITY_NAME = 'Parley local emulator CA';
const HOST_NAMES = ['localhost'];
const ADDRESSES = ['127.0.0.1', '0:0:0:0:0:0:0:1'];

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
  create: () => Identity,
): Promise<Identity> {
  if (folder === undefined) return create();
  const [certPath, keyPath] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
  const [cert, key] = await Promise.all([readIfThere(certPath), readIfThere(keyPath)]);
  if (cert !== undefined && key !== undefined && isUsable({ cert, key }, now, suits)) return { cert, key };
  const fresh = create();
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

function createAuthority(now: Date): Identity {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const extensions = [
    // Basic constraints: a CA that signs servers and no further CAs.
    extension('2.5.29.19', true, sequence(boolean(true), integer(Buffer.of(0)))),
    // Key usage: certificate and CRL signing, bits 5 and 6.
    extension('2.5.29.15', true, bitString(Buffer.of(0b0000_0110), 1)),
    ...keyIdentifiers(publicKey, publicKey),
  ];
  const cert = certificate({
    subject: AUTHORITY_NAME,
    days: AUTHORITY_DAYS,
    now,
    publicKey,
    extensions,
    signer: privateKey,
  });
  return { cert, key: pem(privateKey) };
}

function createServerIdentity(authority: Identity, now: Date): Identity {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const names = [
    ...HOST_NAMES.map((name) => tagged(2, Buffer.from(name), 'primitive')),
    ...ADDRESSES.map((address) => tagged(7, addressBytes(address), 'primitive')),
  ];
  const signer = createPrivateKey(authority.key);
  const extensions = [
    // Subject alternative names, then extended key usage: TLS server.
    extension('2.5.29.17', false, sequence(...names)),
    extension('2.5.29.37', false, sequence(objectIdentifier('1.3.6.1.5.5.7.3.1'))),
    ...keyIdentifiers(publicKey, createPublicKey(signer)),
  ];
  const cert = certificate({ subject: 'localhost', days: SERVER_DAYS, now, publicKey, extensions, signer });
  return { cert, key: pem(privateKey) };
}

/** An X.509 version 3 certificate (RFC 5280), signed by the authority with ECDSA and SHA-256. */
function certificate(options: {
  readonly subject: string;
  readonly days: number;
  readonly now: Date;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Buffer[];
  readonly signer: KeyObject;
}): string {
  const algorithm = sequence(objectIdentifier('1.2.840.10045.4.3.2'));
  // An hour early, for clocks that differ (containers, virtual machines).
  const from = new Date(options.now.getTime() - 3_600_000);
  const until = new Date(options.now.getTime() + options.days * DAY_MS);
  const body = sequence(
    tagged(0, integer(Buffer.of(2)), 'constructed'),
    integer(Buffer.concat([Buffer.of(1), randomBytes(15)])),
    algorithm,
    commonName(AUTHORITY_NAME),
    sequence(utcTime(from), utcTime(until)),
    commonName(options.subject),
    options.publicKey.export({ type: 'spki', format: 'der' }),
    tagged(3, sequence(...options.extensions), 'constructed'),
  );
  const whole = sequence(body, algorithm, bitString(sign('sha256', body, options.signer)));
  const lines = whole.toString('base64').replace(/.{1,64}/g, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}-----END CERTIFICATE-----\n`;
}

const commonName = (name: string): Buffer => sequence(set(sequence(objectIdentifier('2.5.4.3'), utf8String(name))));

const extension = (id: string, critical: boolean, value: Buffer): Buffer =>
  sequence(objectIdentifier(id), ...(critical ? [boolean(true)] : []), octetString(value));

/** The identifiers of a certificate's own key and of the one that signs it; strict clients want both. */
function keyIdentifiers(own: KeyObject, signer: KeyObject): Buffer[] {
  return [
    extension('2.5.29.14', false, octetString(keyIdentifier(own))),
    extension('2.5.29.35', false, sequence(tagged(0, keyIdentifier(signer), 'primitive'))),
  ];
}

const keyIdentifier = (key: KeyObject): Buffer =>
  createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest()
    .subarray(0, 20);

const pem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();

/** @param address IPv4, or IPv6 with all eight groups written out */
function addressBytes(address: string): Buffer {
  if (address.includes('.')) return Buffer.from(address.split('.').map(Number));
  return Buffer.from(
    address.split(':').flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]),
  );
}
