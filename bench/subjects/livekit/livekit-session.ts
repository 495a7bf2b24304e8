import { z } from 'zod';
import { SAMPLE_RATE, samplesOf } from '../../../shared/audio/pcm.ts';
import { messageOf } from '../../../shared/errors.ts';
import type { SessionSettings } from '../../harness/protocol.ts';
import type { AgentVoice } from '../agent-voice.ts';
import type { SubjectSession, SubjectSink } from '../serve-subject.ts';
import type { LiveKit } from './livekit.ts';
import { createPacedOutput } from './paced-output.ts';
import { scriptedModel, scriptedRecogniser, scriptedSynthesiser } from './scripted-providers.ts';

/** What a row may set of LiveKit. What is not given stays at LiveKit's default. */
const livekitPolicy = z.strictObject({
  /** As LiveKit has them. Left out of it, `turnDetection` is LiveKit's own choice off its cloud: the local model `v1-mini`. */
  turnHandling: z.record(z.string(), z.unknown()).optional(),
  /** Where a speech-to-speech service is, which stands in place of recogniser, model, voice and turns. */
  realtime: z.string().optional(),
});

/**
 * Opens a headless `AgentSession`: LiveKit's whole pipeline with its bundled voice activity, without a room, a server or
 * a network. Two defaults are changed for every row: `aecWarmupDuration` is null (else audio cannot interrupt for the
 * first 3 s of the agent's speech) and `userAwayTimeout` is null (no prompts of its own during a measurement).
 */
export async function openLiveKitSession(
  livekit: LiveKit,
  settings: SessionSettings,
  voice: AgentVoice,
  sink: SubjectSink,
): Promise<SubjectSession> {
  const { voice: api, stream, inference } = livekit.agents;
  const { executor } = livekit;
  const { stt, hear } = scriptedRecogniser(livekit);
  const { realtime: baseURL, turnHandling } = livekitPolicy.parse(settings.policy);
  const cascade = () => ({
    stt,
    llm: scriptedModel(livekit, settings, sink),
    tts: scriptedSynthesiser(livekit, settings, voice),
    turnHandling: {
      ...{ interruption: { mode: 'vad' }, ...turnHandling },
      turnDetection: turnHandling?.turnDetection ?? new inference.TurnDetector({ version: 'v1-mini', executor }),
    },
  });
  const service = baseURL && { llm: new livekit.realtime.RealtimeModel({ baseURL, apiKey: 'bench', model: 'bench' }) };
  const session = new api.AgentSession({ ...(service || cascade()), aecWarmupDuration: null, userAwayTimeout: null });
  session.on('error', (event) => sink.fault(messageOf(Object(event).error ?? event)));
  const line = stream.createStreamChannel();
  const input = new api.AudioInput();
  input.multiStream.addInputStream(line.stream());
  session.input.audio = input;
  session.output.audio = createPacedOutput(livekit, sink);
  await session.start({ agent: new api.Agent({ instructions: 'You are a scripted agent.' }) });
  if (settings.greeting !== '') session.say(settings.greeting);
  return {
    receiveAudio: (pcm) => {
      const samples = samplesOf(pcm);
      void line.write(new livekit.AudioFrame(samples, SAMPLE_RATE, 1, samples.length));
    },
    hear,
    close: () => session.close(),
  };
}
