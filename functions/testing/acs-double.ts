import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

export interface AcsRequest {
  /** Without the query, such as `/calling/callConnections:answer`. */
  readonly path: string;
  readonly body: Record<string, unknown>;
}

/** An HTTP status, with the error code of ACS, for the requests to come. */
export interface AcsFailure {
  readonly status: number;
  readonly code: string;
}

/**
 * ACS as far as a test of the functions needs it: takes what the real SDK sends, writes it down, answers as ACS does or
 * fails on demand, publishes keys and signs tokens. The emulator is the whole thing; this one breaks to order.
 */
export class AcsDouble {
  readonly url: string;
  readonly requests: AcsRequest[] = [];
  /** Requests to paths that hold this text fail so, until it is taken away. */
  failing: { readonly path: string; readonly failure: AcsFailure } | undefined;
  /** Runs before an answer goes out: what else happens in the world meanwhile. */
  beforeAnswer: ((request: AcsRequest) => Promise<void>) | undefined;
  readonly #sign: (audience: string, issuer: string) => Promise<string>;
  readonly #close: () => void;
  #calls = 0;

  private constructor(url: string, sign: (audience: string, issuer: string) => Promise<string>, close: () => void) {
    this.url = url;
    this.#sign = sign;
    this.#close = close;
  }

  static readonly resourceId = 'acs-resource';
  static readonly issuer = 'https://acscallautomation.communication.azure.com';

  static async start(): Promise<AcsDouble> {
    const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
    const keys = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' }] });
    let double: AcsDouble | undefined;
    const server = createServer(async (request, response) => {
      response.setHeader('content-type', 'application/json');
      const path = new URL(request.url ?? '/', 'http://acs').pathname;
      if (path === '/calling/keys') return response.end(keys);
      let text = '';
      for await (const chunk of request) text += chunk;
      await double?.answer({ path, body: text === '' ? {} : JSON.parse(text) }, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const sign = (audience: string, issuer: string) =>
      new SignJWT({})
        .setProtectedHeader({ alg: 'RS256', kid: 'k1' })
        .setIssuer(issuer)
        .setAudience(audience)
        .setIssuedAt()
        .setExpirationTime('5m')
        .sign(privateKey);
    double = new AcsDouble(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, sign, () => {
      server.closeAllConnections();
      server.close();
    });
    return double;
  }

  get connectionString(): string {
    return `endpoint=${this.url}/;accesskey=${Buffer.from('secret').toString('base64')}`;
  }

  /** The operations asked for so far, such as `answer`, `reject`, `terminate`. */
  get operations(): string[] {
    return this.requests.map(({ path }) => path.split(':')[1] ?? 'create');
  }

  async answer(request: AcsRequest, response: ServerResponse): Promise<void> {
    this.requests.push(request);
    await this.beforeAnswer?.(request);
    if (this.failing !== undefined && request.path.includes(this.failing.path)) {
      const { status, code } = this.failing.failure;
      response.writeHead(status).end(JSON.stringify({ error: { code, message: 'to order' } }));
      return;
    }
    if (request.path.endsWith(':answer') || request.path === '/calling/callConnections') {
      const n = ++this.#calls;
      const call = {
        callConnectionId: `connection-${n}`,
        serverCallId: `server-${n}`,
        correlationId: `correlation-${n}`,
      };
      response.writeHead(request.path.endsWith(':answer') ? 200 : 201).end(JSON.stringify(call));
      return;
    }
    response.writeHead(request.path.endsWith(':startMediaStreaming') ? 202 : 204).end();
  }

  /** The header of a callback, as ACS sends it. */
  async authorization(audience = AcsDouble.resourceId, issuer = AcsDouble.issuer): Promise<string> {
    return `Bearer ${await this.#sign(audience, issuer)}`;
  }

  reset(): void {
    this.requests.length = 0;
    this.failing = undefined;
    this.beforeAnswer = undefined;
  }

  close(): void {
    this.#close();
  }
}
