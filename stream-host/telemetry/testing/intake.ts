import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { listening } from '../../../shared/testing/listening.ts';

/** What Application Insights' SDK posts, as far as these tests look at it. */
const envelope = z.object({
  name: z.string(),
  time: z.string(),
  sampleRate: z.number().optional(),
  tags: z.record(z.string(), z.string()),
  data: z.object({
    baseType: z.string(),
    baseData: z.looseObject({
      id: z.string().optional(),
      name: z.string().optional(),
      type: z.string().optional(),
      target: z.string().optional(),
      duration: z.string().optional(),
      success: z.boolean().optional(),
      properties: z.record(z.string(), z.string()).optional(),
      measurements: z.record(z.string(), z.number()).optional(),
      metrics: z.array(z.looseObject({ name: z.string(), value: z.number() })).optional(),
    }),
  }),
});
export type Envelope = z.infer<typeof envelope>;

/** How it answers: well, with a status, never, or once by closing the connection. */
type Mood = 'ok' | 'never' | 'closes' | number;

/** The far side of telemetry, on this machine: takes what comes, in either protocol, or does not. */
export class Intake {
  mood: Mood = 'ok';
  requests = 0;
  readonly envelopes: Envelope[] = [];
  /** Bodies of OTLP, by path. */
  readonly otlp: { readonly path: string; readonly body: string }[] = [];
  /** What each request has brought to say who asks. */
  readonly authorizations: (string | undefined)[] = [];
  readonly #server: Server;
  readonly #held = new Set<ServerResponse>();
  #url = '';

  private constructor(tls: { readonly cert: string; readonly key: string } | undefined) {
    const listener = async (request: IncomingMessage, response: ServerResponse) => {
      this.requests += 1;
      this.authorizations.push(request.headers.authorization);
      const body = await text(request);
      if (this.mood === 'closes') {
        this.mood = 'ok';
        request.socket.destroy();
        return;
      }
      if (this.mood === 'never') {
        this.#held.add(response);
        return;
      }
      const status = this.mood === 'ok' ? 200 : this.mood;
      const path = request.url ?? '';
      if (status === 200 && path.startsWith('/v1/')) this.otlp.push({ path, body });
      else if (status === 200) this.envelopes.push(...z.array(envelope).parse(JSON.parse(body)));
      const counts = { itemsReceived: 1, itemsAccepted: status === 200 ? 1 : 0, errors: [] };
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(counts));
    };
    this.#server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  }

  /** @param tls takes requests over TLS, with this certificate */
  static async open(tls?: { readonly cert: string; readonly key: string }): Promise<Intake> {
    const intake = new Intake(tls);
    const scheme = tls === undefined ? 'http' : 'https';
    intake.#url = `${scheme}://127.0.0.1:${await listening(intake.#server)}`;
    return intake;
  }

  get url(): string {
    return this.#url;
  }

  /** As Azure's portal would show it. */
  get connectionString(): string {
    return `InstrumentationKey=11111111-2222-4333-8444-555555555555;IngestionEndpoint=${this.#url}/;LiveEndpoint=${this.#url}/`;
  }

  /** Spans that came, by the name that they have there. */
  spans(): Envelope[] {
    return this.envelopes.filter(({ data }) => /^(?:Request|RemoteDependency)Data$/.test(data.baseType));
  }

  close(): void {
    for (const response of this.#held) response.destroy();
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
