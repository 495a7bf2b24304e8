import type { TokenCredential } from '@azure/identity';
import type { Clock } from '../shared/clock.ts';
import type { Logger } from '../shared/log.ts';
import { Breaker, type ProviderEvents } from '../shared/providers/breaker.ts';
import { Provider, Providers } from '../shared/providers/provider.ts';
import type { StreamHostSettings } from '../shared/settings/stream-host-settings.ts';
import { TypedEvents } from '../shared/typed-events.ts';
import { DeploymentTraits } from './agent/deployment-traits.ts';
import { openModelClient } from './agent/model-client.ts';
import type { ModelService } from './agent/round-opener.ts';
import type { SpeechService } from './speech/sdk/speech-service.ts';
import { AzureSynthesiser } from './speech/synthesis/azure-synthesiser.ts';

export interface ProvidersOptions {
  readonly config: Pick<
    StreamHostSettings,
    | 'AZURE_OPENAI_BASE_URL'
    | 'AZURE_OPENAI_API_KEY'
    | 'AZURE_OPENAI_DEPLOYMENT'
    | 'AZURE_OPENAI_FALLBACK_BASE_URL'
    | 'AZURE_OPENAI_FALLBACK_API_KEY'
    | 'AZURE_OPENAI_FALLBACK_DEPLOYMENT'
    | 'SPEECH_HOST'
    | 'SPEECH_KEY'
    | 'SPEECH_FALLBACK_HOST'
    | 'SPEECH_FALLBACK_KEY'
    | 'MAX_SESSIONS'
  >;
  /** Who we are where no key is set, and the same as a token for the models. */
  readonly credential: TokenCredential;
  readonly aiToken: () => Promise<string>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  /** Connections of the first voice that are held open and ready. */
  readonly warm?: number;
}

/** Who answers, hears and speaks in the calls of a host: the first of each, and a second one where settings name it. */
export interface HostProviders {
  readonly events: TypedEvents<ProviderEvents>;
  readonly models: Providers<ModelService>;
  readonly hearing: Providers<SpeechService>;
  readonly voices: Providers<AzureSynthesiser>;
  /** Has no second one: MEDIA goes on with its calls. */
  readonly realtime: Breaker;
  close(): void;
}

/** Connections of a voice that are open ahead of need. One of the second is enough for the first text that it speaks. */
const WARM = 2;
const WARM_FALLBACK = 1;
/** Where nobody knows yet: to the first word of a model, and to the first sound of a voice. */
const USUAL_MODEL_MS = 800;
const USUAL_VOICE_MS = 300;

export function openProviders(options: ProvidersOptions): HostProviders {
  const { config, clock, random, log } = options;
  const events = new TypedEvents<ProviderEvents>((event, err) => log.error({ err, event }, 'a listener threw'));
  logProviders(events, log);
  const provider = <Service>(name: string, service: Service, usualMs?: number): Provider<Service> =>
    new Provider({ provider: name, service, clock, random, events, ...(usualMs !== undefined && { usualMs }) });
  const group = <Service>(name: string, first: Service, second: Service | undefined, usualMs?: number) =>
    new Providers(
      [
        provider(name, first, usualMs),
        ...(second === undefined ? [] : [provider(`${name}-fallback`, second, usualMs)]),
      ],
      events,
    );
  const [first, second] = speechServicesOf(options);
  const voice = (service: SpeechService, warm: number) =>
    new AzureSynthesiser({ service, clock, log, max: config.MAX_SESSIONS, warm });
  const voices = group(
    'speech-synthesis',
    voice(first, options.warm ?? WARM),
    second && voice(second, WARM_FALLBACK),
    USUAL_VOICE_MS,
  );
  return {
    events,
    models: group('chat-model', ...modelsOf(options), USUAL_MODEL_MS),
    hearing: group('speech-recognition', first, second),
    voices,
    realtime: new Breaker({ provider: 'realtime', clock, random, events }),
    close: () => {
      for (const { service } of voices.all) service.close();
    },
  };
}

function speechServicesOf({ config, credential }: ProvidersOptions): [SpeechService, SpeechService | undefined] {
  const { SPEECH_FALLBACK_HOST: host } = config;
  return [
    { host: config.SPEECH_HOST, proof: config.SPEECH_KEY ?? credential },
    host === undefined ? undefined : { host, proof: config.SPEECH_FALLBACK_KEY ?? credential },
  ];
}

/** The second may be another deployment of the same resource, whose key is then the same. */
function modelsOf({ config, aiToken }: ProvidersOptions): [ModelService, ModelService | undefined] {
  const model = (baseUrl: string, key: string | undefined, deployment: string): ModelService => ({
    client: openModelClient({ baseUrl, apiKey: key ?? aiToken }),
    deployment,
    traits: new DeploymentTraits(),
  });
  const { AZURE_OPENAI_BASE_URL: baseUrl, AZURE_OPENAI_API_KEY: key, AZURE_OPENAI_DEPLOYMENT: deployment } = config;
  const { AZURE_OPENAI_FALLBACK_BASE_URL: otherUrl, AZURE_OPENAI_FALLBACK_DEPLOYMENT: other } = config;
  const otherKey = config.AZURE_OPENAI_FALLBACK_API_KEY ?? (otherUrl === undefined ? key : undefined);
  const hasSecond = otherUrl !== undefined || other !== undefined;
  return [
    model(baseUrl, key, deployment),
    hasSecond ? model(otherUrl ?? baseUrl, otherKey, other ?? deployment) : undefined,
  ];
}

/** For operators: the beginning and the end of each outage, and each request that went elsewhere before one was found out. */
function logProviders(events: TypedEvents<ProviderEvents>, log: Logger): void {
  events.on('back', ({ provider }) => log.info({ provider }, 'a provider works again'));
  events.on('away', ({ provider, code = 'late' }) =>
    log.error({ provider, code }, 'a provider fails again and again: calls do not ask it now'),
  );
  events.on('switched', ({ from, to, code = 'late' }) =>
    log.warn({ from, to, code }, 'another provider is asked in place of the first'),
  );
}
