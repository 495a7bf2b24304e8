import type { HostProviders } from './open-providers.ts';
import type { RealtimeService } from './realtime/realtime-service.ts';
import type { ServicePlace, ServicePlaces } from './telemetry/request-span.ts';

/** Where the services of a host are: as spans name them, and by what each is asked. */
export function servicePlaces(
  { models, hearing, voices, realtime }: Pick<HostProviders, 'models' | 'hearing' | 'voices' | 'realtime'>,
  realtimeService: Pick<RealtimeService, 'dependency' | 'url'> | undefined,
): ServicePlaces {
  const speech = (name: string, host: string, path: string): [string, ServicePlace] => [
    name,
    { dependency: 'speech', url: host + path },
  ];
  return new Map<string, ServicePlace>([
    ...models.all.map(({ name, service }): [string, ServicePlace] => [
      name,
      { dependency: 'openai', url: `${service.client.baseURL}/chat/completions` },
    ]),
    ...hearing.all.map(({ name, service }) => speech(name, service.host, '/stt/speech/universal/v2')),
    ...voices.all.map(({ name, service }) => speech(name, service.service.host, '/tts/cognitiveservices/websocket/v1')),
    ...(realtimeService === undefined ? [] : [[realtime.provider, realtimeService] as [string, ServicePlace]]),
  ]);
}
