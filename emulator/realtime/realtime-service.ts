import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { Clock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/log.ts';
import type { Faults } from '../faults.ts';
import { AUDIENCES } from '../identity/access-tokens.ts';
import { bearerOf, type Proof, type ServiceAccess, ServiceDoor } from '../identity/service-door.ts';
import { addressOf } from '../local-door.ts';
import type { EmulatedService } from '../server.ts';
import { refuseUpgrade } from '../socket-door.ts';
import type { LoadedModels } from '../speech-models.ts';
import type { UsageMeter } from '../usage-meter.ts';
import type { Dialect } from './dialect.ts';
import { openAiDialect } from './openai-dialect.ts';
import type { Pace, ResponseWorld } from './realtime-response.ts';
import { RealtimeSession } from './realtime-session.ts';
import { voiceLiveDialect } from './voice-live-dialect.ts';

/** The key may be shown as `api-key` in a header or in the query, or as a bearer token. */
export interface RealtimeServiceOptions extends Pick<ResponseWorld, 'answer'>, ServiceAccess {
  readonly log: Logger;
  readonly faults: Faults;
  readonly clock: Clock;
  /** What hears and speaks; undefined while it is being loaded. */
  readonly models: () => Pick<LoadedModels, 'transcriber' | 'voices'> | undefined;
  /** What keeps the model behind the answers from giving any, where something does. */
  readonly problem?: () => Promise<string | undefined>;
  readonly pace?: Pace;
  readonly meter?: UsageMeter;
}

const OPENAI_PATH = '/openai/v1/realtime';
const VOICE_LIVE_PATH = '/voice-live/realtime';
const API_VERSIONS = ['2025-10-01', '2026-04-10', '2026-06-01-preview', '2026-07-15'];
/** The names that models of the two services have. Any other is one that was not deployed. */
const MODELS = /^(?:local|(?:gpt|phi|azure-realtime)[\w.-]*)$/;
const LIFETIME_MS = 60 * 60_000;
const MAX_EVENT_BYTES = 16 * 1024 * 1024;
/** Ten times as fast as speech. */
const PACE: Pace = { chunkMs: 100, everyMs: 10 };

/** Why a socket is not opened. */
class Refusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** What a client asks for by the address. */
interface Wanted {
  readonly dialect: Dialect;
  readonly model: string;
  readonly agent: { readonly name: string; readonly project: string } | null;
}

/**
 * Azure OpenAI Realtime (GA) and Azure Voice Live, with the recogniser, the voices and the dialogue that MEDIA has here.
 * Only WebSockets; sessions of transcription alone, avatars and visemes are not emulated.
 */
export class RealtimeService implements EmulatedService {
  readonly #options: RealtimeServiceOptions;
  readonly #door: ServiceDoor;
  readonly #upgrader = new WebSocketServer({ noServer: true, maxPayload: MAX_EVENT_BYTES, perMessageDeflate: false });
  readonly #sessions = new Set<RealtimeSession>();

  constructor(options: RealtimeServiceOptions) {
    this.#options = options;
    this.#door = new ServiceDoor(options, AUDIENCES.ai);
    options.faults.watch(() => {
      if (options.faults.take('realtime.drop', ({ when }) => when === 'now')) {
        for (const session of this.#sessions) session.drop();
      }
    });
  }

  /** How many sessions are open. */
  get sessions(): number {
    return this.#sessions.size;
  }

  /** Takes an upgrade if its path is one of the two services'. Answers 4xx where key, model or version is wrong. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    const { pathname, searchParams } = addressOf(request);
    if (pathname !== OPENAI_PATH && pathname !== VOICE_LIVE_PATH) return false;
    try {
      const wanted = this.#check(request, pathname, searchParams);
      const models = this.#options.models();
      if (models === undefined) throw new Refusal(503, 'ServiceUnavailable', 'The models are being loaded.');
      const open = () =>
        this.#upgrader.handleUpgrade(request, socket, head, (webSocket) => {
          const { log, faults, clock, answer, pace = PACE } = this.#options;
          const session = new RealtimeSession(webSocket, {
            ...{ log, faults, clock, answer, pace, ...models, ...wanted },
            newId: (prefix) => `${prefix}_${randomUUID().replaceAll('-', '').slice(0, 21)}`,
            onDone: (response) => this.#options.meter?.realtimeAnswered(response),
            lifetimeMs: faults.take('realtime.expire')?.ms ?? LIFETIME_MS,
          });
          this.#sessions.add(session);
          webSocket.on('close', () => this.#sessions.delete(session));
        });
      if (!this.#options.problem) open();
      else {
        // A service whose model is away opens no session.
        void this.#options.problem().then((problem) => {
          if (problem === undefined) open();
          else this.#refuse(socket, pathname, new Refusal(503, 'ServiceUnavailable', problem));
        });
      }
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#refuse(socket, pathname, error);
    }
    return true;
  }

  #refuse(socket: Duplex, path: string, { status, code, message }: Refusal): void {
    // The address is not logged: the official client puts the key into it.
    this.#options.log.warn({ path, status }, `a realtime client is refused: ${message}`);
    refuseUpgrade(socket, status, code, message);
  }

  /** Closes every socket with 1001. Idempotent. */
  close(): void {
    for (const session of this.#sessions) session.close(1001, 'the emulator is shutting down');
  }

  #check(request: IncomingMessage, path: string, query: URLSearchParams): Wanted {
    const { faults } = this.#options;
    const refused = faults.take('realtime.refuse');
    if (refused) throw new Refusal(refused.status, String(refused.status), 'Refused, as POST /emulator/faults wants.');
    if (!this.#door.admits(proofOf(request, query))) {
      const text = 'Access denied due to invalid subscription key or wrong API endpoint.';
      throw new Refusal(401, '401', text);
    }
    const model = query.get('model') ?? '';
    if (path === VOICE_LIVE_PATH) {
      if (!API_VERSIONS.includes(query.get('api-version') ?? '')) {
        throw new Refusal(400, 'BadRequest', `api-version must be one of ${API_VERSIONS.join(', ')}.`);
      }
      const name = query.get('agent-name');
      const project = query.get('agent-project-name');
      // An agent has a model of its own; `model` is ignored, whatever it names.
      if (name && project) return { dialect: voiceLiveDialect, model: name, agent: { name, project } };
    }
    if (model === '') throw new Refusal(400, 'BadRequest', 'The query has no model.');
    if (!MODELS.test(model)) {
      const text = 'The API deployment for this resource does not exist.';
      throw new Refusal(404, 'DeploymentNotFound', text);
    }
    return { dialect: path === OPENAI_PATH ? openAiDialect : voiceLiveDialect, model, agent: null };
  }
}

function proofOf({ headers: { authorization, 'api-key': key } }: IncomingMessage, query: URLSearchParams): Proof {
  return { keys: [key, bearerOf(authorization), query.get('api-key')], authorization };
}
