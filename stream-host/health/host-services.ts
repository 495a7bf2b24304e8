import type OpenAI from 'openai';
import type { AcsTokenVerifier } from '../../shared/auth/acs-token.ts';
import type { Carrier } from '../../shared/carrier/carrier.ts';
import type { Clock } from '../../shared/clock.ts';
import { acsDependency, acsKeysDependency } from '../../shared/health/acs-dependencies.ts';
import type { DependencySpec } from '../../shared/health/dependency.ts';
import { recordsDependency } from '../../shared/health/records-dependency.ts';
import type { TokenSource } from '../../shared/identity/token-source.ts';
import type { Logger } from '../../shared/log.ts';
import type { StreamHostSettings } from '../../shared/settings/stream-host-settings.ts';
import type { Agent } from '../agent/agent-definition.ts';
import type { RealtimeService } from '../realtime/realtime-service.ts';
import { type SpeechService, speechConfigFor } from '../speech/sdk/speech-service.ts';
import { modelDependency } from './model-dependency.ts';
import { realtimeDependency } from './realtime-dependency.ts';
import { recognitionDependency, synthesisDependency } from './speech-dependencies.ts';

export interface HostServicesOptions {
  readonly config: Pick<StreamHostSettings, 'SPEECH_LANGUAGE' | 'AZURE_OPENAI_DEPLOYMENT' | 'CALL_RECORDS_URL'>;
  readonly calls: Pick<Carrier, 'state'>;
  readonly tokens: Pick<AcsTokenVerifier, 'refetch'>;
  readonly model: OpenAI;
  readonly realtime: RealtimeService | undefined;
  /** The default agent as it is now. */
  readonly agent: () => Pick<Agent, 'locale' | 'voice'>;
  /** As the sessions' own. */
  readonly speech: SpeechService;
  readonly storageTokens: Pick<TokenSource, 'get'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What a stream host needs of others, besides Redis and the other hosts, each asked by the client that calls use. */
export function hostServices(options: HostServicesOptions): readonly DependencySpec[] {
  const { config, calls, tokens, model, realtime, agent, storageTokens, clock, log } = options;
  const speech = {
    config: () => speechConfigFor(options.speech),
    voice: () => agent().voice,
    locale: config.SPEECH_LANGUAGE,
  };
  return [
    acsDependency(calls),
    acsKeysDependency(tokens),
    recognitionDependency(speech),
    synthesisDependency(speech),
    modelDependency({ client: model, deployment: config.AZURE_OPENAI_DEPLOYMENT, clock, log }),
    realtimeDependency(realtime, agent, log),
    recordsDependency(config.CALL_RECORDS_URL, storageTokens),
  ];
}
