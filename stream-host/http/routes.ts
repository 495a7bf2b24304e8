import type { Clock } from '../../shared/clock.ts';
import { asyncApiDocument, type SocketReferenceOptions } from '../../shared/http/asyncapi/document.ts';
import { openApiDocument, type ReferenceOptions } from '../../shared/http/openapi.ts';
import { listAgents } from '../../shared/http/routes/agents.ts';
import { health, healthDependencies, hostReadyz, liveness, places } from '../../shared/http/routes/health.ts';
import { listModes } from '../../shared/http/routes/modes.ts';
import { pageSettings, realtimeStatus } from '../../shared/http/routes/realtime.ts';
import { asyncApi, openApi, referencePage } from '../../shared/http/routes/reference.ts';
import { conversationSocket, relaySocket } from '../../shared/http/routes/sockets.ts';
import type { ModeTable } from '../../shared/modes/mode-table.ts';
import { titleOf } from '../../shared/modes/streaming-modes.ts';
import type { AgentCard } from '../contract/agent.ts';
import type { ModeKind } from '../contract/mode.ts';
import type { HostHealth } from '../host/host-health.ts';
import type { StreamHostVitals } from '../host/vitals.ts';
import { clientOf } from './client-address.ts';
import type { Places } from './places.ts';
import type { ReferencePage } from './reference-page.ts';
import { fixedRoute, hostRoute, type Route } from './route.ts';
import type { TicketDoor } from './ticket-door.ts';

export interface PageSettings {
  /** The emulator's HTTP address, where the page finds a phone line. */
  readonly emulatorUrl: string | null;
  readonly agent: string;
  readonly version: string;
}

export interface RouteSources {
  readonly clock: Pick<Clock, 'wallMs'>;
  readonly vitals: () => StreamHostVitals;
  readonly health: Pick<HostHealth, 'status' | 'report'>;
  readonly places: Pick<Places, 'taken'>;
  /** See {@link clientOf}. */
  readonly trustedProxyHops?: number | undefined;
  readonly pageSettings: PageSettings;
  /** The agents as they are now. */
  readonly agents: () => readonly AgentCard[];
  readonly defaultAgent: string;
  readonly modes: ModeTable<ModeKind>;
  /** Whether the demo dialogue answers instead of a language model. */
  readonly isScripted: () => boolean;
  readonly reference: ReferenceOptions & SocketReferenceOptions;
  readonly referencePage: ReferencePage;
  readonly ticketDoor: Pick<TicketDoor, 'route' | 'requireKnown'>;
  readonly countSessions: () => number;
  readonly countSockets: () => number;
  readonly countWatchers: () => number;
}

/** What the stream host answers besides files and sockets. */
export function hostRoutes(sources: RouteSources): readonly Route[] {
  return [
    hostRoute(liveness, async (_, incoming) => {
      const mayKnow = await sources.ticketDoor.requireKnown(incoming).then(
        () => true,
        () => false,
      );
      return { status: 200, body: { status: 'ok' as const, ...(mayKnow && sources.vitals()) } };
    }),
    hostRoute(health, async () => ({
      status: 200,
      body: {
        status: 'healthy' as const,
        version: sources.pageSettings.version,
        timestamp: sources.clock.wallMs() / 1000,
        message: 'Parley stream host is running',
        details: { api_version: 'v1', service: 'parley-stream-host' },
        active_sessions: null,
        session_metrics: null,
      },
    })),
    hostRoute(hostReadyz, async () => {
      const { status } = sources.health;
      return { status: status === 'ready' || status === 'degraded' ? 200 : 503, body: { status } };
    }),
    hostRoute(healthDependencies, async (_, incoming) => {
      await sources.ticketDoor.requireKnown(incoming);
      const { status, problems, dependencies } = sources.health.report();
      return { status: 200, body: { status, problems: [...problems], dependencies: [...dependencies] } };
    }),
    hostRoute(places, async (_, incoming) => {
      const client = clientOf(incoming, sources.trustedProxyHops ?? 0);
      return { status: 200, body: { taken: await sources.places.taken(client) } };
    }),
    hostRoute(listAgents, async () => ({
      status: 200,
      body: {
        agents: sources.agents().map(({ name, description, languages, mode = sources.modes.usual, notice = '' }) => ({
          name,
          description,
          languages,
          mode,
          notice,
          default: name === sources.defaultAgent,
        })),
      },
    })),
    hostRoute(listModes, async () => ({
      status: 200,
      body: {
        modes: sources.modes.all.map(([name, { answers, rateHz }]) => ({
          name,
          title: titleOf(name),
          default: name === sources.modes.usual,
          answers,
          audio_rate: rateHz,
        })),
      },
    })),
    hostRoute(realtimeStatus, async () => ({ status: 200, body: statusBody(sources) })),
    hostRoute(pageSettings, async () => ({
      status: 200,
      body: { ...sources.pageSettings, scripted: sources.isScripted() },
    })),
    sources.ticketDoor.route,
    fixedRoute(openApi, () => openApiDocument(sources.reference)),
    fixedRoute(asyncApi, () => asyncApiDocument(sources.reference)),
    hostRoute(referencePage, async () => ({
      status: 200,
      body: sources.referencePage.html,
      headers: { 'content-security-policy': sources.referencePage.policy },
    })),
  ];
}

/** The answer of the Python accelerator's route of this name; only what is true of this server is `true`. */
const statusBody = ({ countSessions, countSockets, countWatchers }: RouteSources) => ({
  status: 'available' as const,
  websocket_endpoints: { dashboard_relay: relaySocket.path, conversation: conversationSocket.path },
  features: {
    dashboard_broadcasting: true,
    conversation_streaming: true,
    orchestrator_support: true,
    session_management: true,
    audio_interruption: true,
    precise_routing: true,
    connection_queuing: false,
  },
  active_connections: {
    dashboard_clients: countWatchers(),
    conversation_sessions: countSessions(),
    total_connections: countSockets(),
  },
  protocols_supported: ['WebSocket'],
  version: 'v1',
});
