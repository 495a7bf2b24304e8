import type { StreamHostSettings } from '../../shared/settings/stream-host-settings.ts';
import type { Dependency } from '../../shared/telemetry/names.ts';

/** Where a service is on the map. */
export interface ServicePlace {
  readonly dependency: Dependency;
  /** The address of what is asked there. */
  readonly url: string;
}

/** The services that sessions use, as spans name them. */
export interface ServicePlaces {
  readonly model: ServicePlace;
  readonly recogniser: ServicePlace;
  readonly voice: ServicePlace;
  readonly realtime: ServicePlace;
}

export function servicePlaces(config: StreamHostSettings): ServicePlaces {
  const { SPEECH_HOST: speech, AZURE_OPENAI_BASE_URL: openai, REALTIME_SERVICE: wanted } = config;
  const isVoiceLive = wanted !== 'azure-openai' && config.AZURE_VOICE_LIVE_ENDPOINT !== undefined;
  return {
    model: { dependency: 'openai', url: `${openai}/chat/completions` },
    recogniser: { dependency: 'speech', url: `${speech}/stt/speech/universal/v2` },
    voice: { dependency: 'speech', url: `${speech}/tts/cognitiveservices/websocket/v1` },
    realtime: isVoiceLive
      ? { dependency: 'voice-live', url: `${config.AZURE_VOICE_LIVE_ENDPOINT}/voice-live/realtime` }
      : { dependency: 'realtime', url: `${config.AZURE_OPENAI_REALTIME_BASE_URL ?? openai}/realtime` },
  };
}
