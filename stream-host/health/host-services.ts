import type { AcsTokenVerifier } from '../../shared/auth/acs-token.ts';
import type { Carrier } from '../../shared/carrier/carrier.ts';
import type { Clock } from '../../shared/clock.ts';
import { acsDependency, acsKeysDependency } from '../../shared/health/acs-dependencies.ts';
import type { DependencySpec } from '../../shared/health/dependency.ts';
import { recordsDependency } from '../../shared/health/records-dependency.ts';
import type { TokenSource } from '../../shared/identity/token-source.ts';
import type { Logger } from '../../shared/log.ts';
import type { Breaker } from '../../shared/providers/breaker.ts';
import type { StreamHostSettings } from '../../shared/settings/stream-host-settings.ts';
import type { Agent } from '../agent/agent-definition.ts';
import type { HostProviders } from '../open-providers.ts';
import type { RealtimeService } from '../realtime/realtime-service.ts';
import { speechConfigFor } from '../speech/sdk/speech-service.ts';
import { modelDependency } from './model-dependency.ts';
import { realtimeDependency } from './realtime-dependency.ts';
import { recognitionDependency, synthesisDependency } from './speech-dependencies.ts';

export interface HostServicesOptions {
  readonly config: Pick<StreamHostSettings, 'SPEECH_LANGUAGE' | 'CALL_RECORDS_URL' | 'CALL_RECORDS_DIR'>;
  readonly calls: Pick<Carrier, 'state'>;
  readonly tokens: Pick<AcsTokenVerifier, 'refetch'>;
  /** Those of calls: a check's findings are theirs, too. */
  readonly providers: Pick<HostProviders, 'models' | 'hearing' | 'voices' | 'realtime'>;
  readonly realtime: RealtimeService | undefined;
  /** The default agent as it is now. */
  readonly agent: () => Pick<Agent, 'locale' | 'voice'>;
  readonly storageTokens: Pick<TokenSource, 'get'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What a stream host needs of others, besides Redis and the other hosts, each asked by the client that calls use. */
export function hostServices(options: HostServicesOptions): readonly DependencySpec[] {
  const { config, calls, tokens, providers, realtime, agent, storageTokens, clock, log } = options;
  const { models, hearing, voices } = providers;
  const heard = hearing.all.map(({ name, service, breaker }, index) => {
    const check = { name, config: () => speechConfigFor(service), locale: config.SPEECH_LANGUAGE, gates: index === 0 };
    return watched(recognitionDependency(check), breaker);
  });
  const spoken = voices.all.map(({ name, service: { service }, breaker }, index) => {
    const check = { name, config: () => speechConfigFor(service), voice: () => agent().voice, gates: index === 0 };
    return watched(synthesisDependency(check), breaker);
  });
  const answered = models.all.map(({ name, service: model, breaker }, index) =>
    watched(modelDependency({ name, model, gates: index === 0, clock, log }), breaker),
  );
  return [
    acsDependency(calls),
    acsKeysDependency(tokens),
    ...heard,
    ...spoken,
    ...answered,
    watched(realtimeDependency(realtime, agent, log), providers.realtime),
    recordsDependency(config.CALL_RECORDS_URL, storageTokens, config.CALL_RECORDS_DIR),
  ];
}

/** A service that calls are kept from while it fails: what the check finds counts for them, too. */
const watched = (spec: DependencySpec, breaker: Breaker): DependencySpec => ({
  ...spec,
  check: spec.check && breaker.watch(spec.check),
  breaker: () => breaker.state,
});
