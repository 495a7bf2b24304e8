import { createServer, type ServerResponse } from 'node:http';
import { CALLBACK_TOKEN_SECONDS, TokenIssuer } from '../../emulator/acs/token-issuer.ts';
import { NO_CALL } from '../../shared/health/acs-dependencies.ts';
import { listening } from '../../shared/testing/listening.ts';

export interface AcsRequest {
  /** Without the query, such as `/calling/callConnections:answer`. */
  readonly path: string;
  readonly body: Record<string, unknown>;
}

/** An HTTP status, with the error code of ACS, for the requests to come. 0: no answer, and the connection is cut. */
export interface AcsFailure {
  readonly status: number;
  readonly code: string;
}

const IN_CALL = ['+15550001'];

/** What ACS answers to what is done with a call that stands. The SDK takes no other status. */
function midCallAnswer(
  { path, body }: AcsRequest,
  inCall: readonly string[],
): { readonly status: number; readonly body: unknown } | undefined {
  const { operationContext } = body;
  if (/:(transferToParticipant|remove|sendDtmfTones)$/.test(path)) return { status: 202, body: { operationContext } };
  if (path.endsWith('/participants:add')) {
    const participant = { identifier: body.participantToAdd, isMuted: false, isOnHold: false };
    return { status: 202, body: { participant, operationContext, invitationId: 'invitation' } };
  }
  if (/:(mute|hold|unhold)$/.test(path)) return { status: 200, body: { operationContext } };
  if (path.endsWith('/participants')) {
    const value = inCall.map((number) => {
      const identifier = { kind: 'phoneNumber', rawId: `4:${number}`, phoneNumber: { value: number } };
      return { identifier, isMuted: false, isOnHold: true };
    });
    return { status: 200, body: { value } };
  }
  if (path === '/calling/recordings') {
    return { status: 200, body: { recordingId: 'recording-1', recordingState: 'active', recordingKind: 'acs' } };
  }
  if (/^\/calling\/recordings\/[^/]+:(pause|resume)$/.test(path)) return { status: 202, body: undefined };
  return undefined;
}

/**
 * ACS as far as a test of the functions needs it: takes what the real SDK sends, writes it down, answers as ACS does or
 * fails on demand, publishes keys and signs tokens. The emulator is the whole thing; this one breaks to order.
 */
export class AcsDouble {
  readonly url: string;
  readonly tokens: TokenIssuer;
  readonly requests: AcsRequest[] = [];
  /** Calls that were ended, each once: of a second request for it the call is not known. */
  readonly ended: string[] = [];
  /** Requests to paths that hold this text fail so, until it is taken away. */
  failing: { readonly path: string; readonly failure: AcsFailure } | undefined;
  /** Who is in any call, by number. */
  inCall: readonly string[] = IN_CALL;
  /** Calls have their media sockets open. */
  streaming = true;
  /** Runs before an answer goes out: what else happens in the world meanwhile. */
  beforeAnswer: ((request: AcsRequest) => Promise<void>) | undefined;
  readonly #close: () => void;
  #calls = 0;
  /** Calls of the tests before: somebody may still be looking after them. */
  readonly #ofBefore = new Set<string>();
  readonly #ofNow = new Set<string>();

  private constructor(url: string, tokens: TokenIssuer, close: () => void) {
    this.url = url;
    this.tokens = tokens;
    this.#close = close;
  }

  static readonly resourceId = 'acs-resource';

  static async start(): Promise<AcsDouble> {
    const issuer = 'https://acscallautomation.communication.azure.com';
    const tokens = await TokenIssuer.create({ issuer, audience: AcsDouble.resourceId });
    let double: AcsDouble | undefined;
    const server = createServer(async (request, response) => {
      response.setHeader('content-type', 'application/json');
      const path = new URL(request.url ?? '/', 'http://acs').pathname;
      if (path === '/calling/keys') return response.end(JSON.stringify(tokens.jwks));
      // What is asked in the background is no part of a test.
      if (path.endsWith(NO_CALL)) return response.writeHead(404).end('{"error":{"code":"8522","message":"to order"}}');
      let text = '';
      for await (const chunk of request) text += chunk;
      await double?.answer({ path, body: text === '' ? {} : JSON.parse(text) }, response);
    });
    double = new AcsDouble(`http://127.0.0.1:${await listening(server)}`, tokens, () => {
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
    const [, call] = /^\/calling\/callConnections\/([^/:]+)/.exec(request.path) ?? [];
    if (call !== undefined) this.#ofNow.add(call);
    if (call === undefined || !this.#ofBefore.has(call)) this.requests.push(request);
    await this.beforeAnswer?.(request);
    if (this.failing !== undefined && request.path.includes(this.failing.path)) {
      const { status, code } = this.failing.failure;
      if (status === 0) {
        response.destroy();
        return;
      }
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
    if (/^\/calling\/callConnections\/[^/:]+$/.test(request.path)) {
      const media = { id: 'media', state: this.streaming ? 'active' : 'inactive', subscribedContentTypes: ['audio'] };
      const call = {
        callConnectionId: 'connection',
        callConnectionState: 'connected',
        mediaStreamingSubscription: media,
      };
      response.writeHead(200).end(JSON.stringify(call));
      return;
    }
    const [, ended] = /([^/]+):terminate$/.exec(request.path) ?? [];
    if (ended !== undefined && this.ended.includes(ended)) {
      response.writeHead(404).end(JSON.stringify({ error: { code: '8522', message: 'Call not found' } }));
      return;
    }
    if (ended !== undefined) this.ended.push(ended);
    const done = midCallAnswer(request, this.inCall);
    if (done) {
      response.writeHead(done.status).end(JSON.stringify(done.body));
      return;
    }
    response.writeHead(/:(start|stop)(MediaStreaming|Transcription)$/.test(request.path) ? 202 : 204).end();
  }

  /** The header of a callback, as ACS sends it. */
  async authorization(): Promise<string> {
    return `Bearer ${await this.tokens.sign(CALLBACK_TOKEN_SECONDS)}`;
  }

  /** As it began, for the next test: what is still asked about a call of one before is answered, and is not written down. */
  nextTest(): void {
    this.reset();
    for (const call of this.#ofNow) this.#ofBefore.add(call);
    this.#ofNow.clear();
  }

  /** As it began: of the same test, what came before is no longer there. */
  reset(): void {
    this.requests.length = 0;
    this.ended.length = 0;
    this.failing = undefined;
    this.inCall = IN_CALL;
    this.beforeAnswer = undefined;
  }

  close(): void {
    this.#close();
  }
}
