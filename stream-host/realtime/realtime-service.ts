import type { Clock } from '../../shared/clock.ts';
import { ConfigError, messageOf } from '../../shared/errors.ts';
import type { NewId } from '../../shared/ids.ts';
import type { Logger } from '../../shared/log.ts';
import type { StreamHostSettings } from '../../shared/settings/stream-host-settings.ts';
import type { OpenRealtime, RealtimeSettings } from '../contract/realtime.ts';
import { type Credential, headersOf } from './credential.ts';
import type { Dialect } from './dialect.ts';
import { OpenAiDialect } from './openai-dialect.ts';
import type { OpenTransport } from './realtime-transport.ts';
import { ServiceSession } from './service-session.ts';
import { SocketTransport } from './socket-transport.ts';
import { VoiceLiveDialect } from './voice-live-dialect.ts';

/** What of the settings says which service there is, and how it is reached. */
export type RealtimeConfig = Pick<
  StreamHostSettings,
  | 'REALTIME_SERVICE'
  | 'REALTIME_TRANSCRIPTION_MODEL'
  | 'AZURE_VOICE_LIVE_ENDPOINT'
  | 'AZURE_VOICE_LIVE_MODEL'
  | 'AZURE_VOICE_LIVE_PROFILE'
  | 'AZURE_VOICE_LIVE_AGENT_NAME'
  | 'AZURE_VOICE_LIVE_AGENT_PROJECT'
  | 'AZURE_VOICE_LIVE_API_KEY'
  | 'AZURE_VOICE_LIVE_API_VERSION'
  | 'AZURE_OPENAI_REALTIME_BASE_URL'
  | 'AZURE_OPENAI_REALTIME_DEPLOYMENT'
  | 'AZURE_OPENAI_REALTIME_API_KEY'
> & {
  readonly AZURE_OPENAI_BASE_URL?: string | undefined;
  readonly AZURE_OPENAI_API_KEY?: string | undefined;
};

export interface RealtimeServiceOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly newId: NewId;
  /** A token of the process's identity, for a service without a key. */
  readonly token: () => Promise<string>;
  /** The value of a variable that an agent names as the token for a server of tools. */
  readonly secretOf: (name: string) => string | undefined;
}

/** A speech-to-speech service: sessions with it, and what it has not. */
export interface RealtimeService {
  readonly name: string;
  /** What it is on the map of what a deployment calls, and where. */
  readonly dependency: 'voice-live' | 'realtime';
  readonly url: string;
  /** What is paid for: the model, the deployment, or the agent of Foundry. */
  readonly model: string;
  /** The rate of its sessions for a line of that rate: 24 kHz is all that some have. */
  rateHz(lineHz: number): 16_000 | 24_000;
  readonly open: OpenRealtime;
  /** What of an agent's settings it does not have, a line for each, which begins with the field's name. */
  problems(settings: RealtimeSettings): string[];
}

/**
 * The service that the settings name; undefined where they name none.
 * @throws {ConfigError} where they name half of one, or two
 */
export function realtimeServiceOf(
  config: RealtimeConfig,
  options: RealtimeServiceOptions,
): RealtimeService | undefined {
  const voiceLive = voiceLiveUrl(config);
  const openAi = config.AZURE_OPENAI_REALTIME_DEPLOYMENT !== undefined;
  const wanted = config.REALTIME_SERVICE ?? (voiceLive ? 'azure-voice-live' : 'azure-openai');
  if (voiceLive && openAi && config.REALTIME_SERVICE === undefined) {
    throw new ConfigError(
      'Azure Voice Live and Azure OpenAI Realtime are both set up: REALTIME_SERVICE says which one is used, azure-voice-live or azure-openai.',
    );
  }
  const dialectOptions = { transcriptionModel: config.REALTIME_TRANSCRIPTION_MODEL, secretOf: options.secretOf };
  if (wanted === 'azure-voice-live') {
    if (voiceLive) {
      const isAgentMode = config.AZURE_VOICE_LIVE_AGENT_NAME !== undefined;
      const credential = { key: config.AZURE_VOICE_LIVE_API_KEY, token: options.token };
      const dialect = new VoiceLiveDialect({ ...dialectOptions, isAgentMode });
      const model = config.AZURE_VOICE_LIVE_MODEL ?? config.AZURE_VOICE_LIVE_AGENT_NAME ?? 'voice-live';
      return { ...serviceOf(dialect, voiceLive, credential, options), model, dependency: 'voice-live' };
    }
    throw new ConfigError('REALTIME_SERVICE is "azure-voice-live": it takes AZURE_VOICE_LIVE_ENDPOINT, too.');
  }
  if (openAi) {
    const service = serviceOf(
      new OpenAiDialect(dialectOptions),
      openAiUrl(config),
      openAiCredential(config, options),
      options,
    );
    return { ...service, model: config.AZURE_OPENAI_REALTIME_DEPLOYMENT ?? service.model };
  }
  if (config.REALTIME_SERVICE === undefined) return undefined;
  throw new ConfigError('REALTIME_SERVICE is "azure-openai": it takes AZURE_OPENAI_REALTIME_DEPLOYMENT, too.');
}

/** Sessions of a dialect, whatever carries them. */
export function realtimeOver(
  dialect: Dialect,
  openTransport: OpenTransport,
  { clock, newId }: Pick<RealtimeServiceOptions, 'clock' | 'newId'>,
): RealtimeService {
  return {
    name: dialect.serviceName,
    model: dialect.serviceName,
    dependency: 'realtime',
    url: '',
    rateHz: (lineHz) => dialect.rateHz(lineHz),
    open: (options, events) => new ServiceSession({ ...options, dialect, openTransport, clock, newId }, events),
    problems: (settings) => dialect.problems(settings),
  };
}

function serviceOf(
  dialect: Dialect,
  url: URL,
  credential: Credential,
  options: RealtimeServiceOptions,
): RealtimeService {
  const headers = headersOf(url, credential);
  // A first token takes long, and whoever has neither key nor identity hears of it when the host starts.
  headers().catch((error: unknown) => {
    options.log.warn({ service: dialect.serviceName, reason: messageOf(error) }, 'there is no token for a service');
  });
  const openTransport: OpenTransport = (listener) =>
    new SocketTransport({ url: url.href, headers, clock: options.clock }, listener);
  return { ...realtimeOver(dialect, openTransport, options), url: url.href };
}

/** `wss://<resource>.services.ai.azure.com/voice-live/realtime`, with an agent of Foundry or a model. */
function voiceLiveUrl(config: RealtimeConfig): URL | undefined {
  const {
    AZURE_VOICE_LIVE_ENDPOINT: endpoint,
    AZURE_VOICE_LIVE_MODEL: model,
    AZURE_VOICE_LIVE_AGENT_NAME: agent,
    AZURE_VOICE_LIVE_AGENT_PROJECT: project,
    AZURE_VOICE_LIVE_PROFILE: profile,
  } = config;
  if (endpoint === undefined) return undefined;
  if ((model === undefined) === (agent === undefined)) {
    throw new ConfigError(
      'AZURE_VOICE_LIVE_ENDPOINT takes AZURE_VOICE_LIVE_MODEL or AZURE_VOICE_LIVE_AGENT_NAME, one of them.',
    );
  }
  if ((agent === undefined) !== (project === undefined)) {
    throw new ConfigError(
      'AZURE_VOICE_LIVE_AGENT_NAME and AZURE_VOICE_LIVE_AGENT_PROJECT go together: set both, or neither.',
    );
  }
  if (agent !== undefined && profile !== undefined) {
    // The service would ignore it in silence.
    throw new ConfigError(
      'AZURE_VOICE_LIVE_PROFILE is for a model of yours: with AZURE_VOICE_LIVE_AGENT_NAME it has no effect.',
    );
  }
  return socketUrl(`${endpoint}/voice-live/realtime`, {
    'api-version': config.AZURE_VOICE_LIVE_API_VERSION,
    model,
    profile,
    'agent-name': agent,
    'agent-project-name': project,
  });
}

/** `wss://<resource>.openai.azure.com/openai/v1/realtime`, which takes no version. */
function openAiUrl(config: RealtimeConfig): URL {
  const base = config.AZURE_OPENAI_REALTIME_BASE_URL ?? config.AZURE_OPENAI_BASE_URL;
  if (base !== undefined) return socketUrl(`${base}/realtime`, { model: config.AZURE_OPENAI_REALTIME_DEPLOYMENT });
  throw new ConfigError(
    'AZURE_OPENAI_REALTIME_DEPLOYMENT takes AZURE_OPENAI_REALTIME_BASE_URL or AZURE_OPENAI_BASE_URL, too.',
  );
}

/** The key of the chat model's resource is sent to that resource alone. */
function openAiCredential(config: RealtimeConfig, { token }: RealtimeServiceOptions): Credential {
  const isSameResource = config.AZURE_OPENAI_REALTIME_BASE_URL === undefined;
  const key = config.AZURE_OPENAI_REALTIME_API_KEY ?? (isSameResource ? config.AZURE_OPENAI_API_KEY : undefined);
  return { key, token };
}

function socketUrl(address: string, query: Readonly<Record<string, string | undefined>>): URL {
  const url = new URL(address.replace(/^http/, 'ws'));
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
  return url;
}
