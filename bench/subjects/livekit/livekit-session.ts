import { z } from 'zod';
import { SAMPLE_RATE, samplesOf } from '../../../shared/audio/pcm.ts';
import type { SessionSettings } from '../../harness/protocol.ts';
import type { AgentVoice } from '../agent-voice.ts';
import type { SubjectSession, SubjectSink } from '../serve-subject.ts';
import type { LiveKit } from './livekit.ts';
import { createPacedOutput } from './paced-output.ts';
import { scriptedModel, scriptedRecogniser, scriptedSynthesiser } from './scripted-providers.ts';

/** What a row may set of LiveKit. What is not given stays at LiveKit's default. */
const livekitPolicy = z.strictObject({
  /** `vad`: no end-of-turn model. Left out, LiveKit's own choice off its cloud: the local model `v1-mini`. */
  turnDetection: z.literal('vad').optional(),
  /** Speech must last so long to interrupt; default 500. */
  minDurationMs: z.number().positive().optional(),
  /** Defaults 300/2500 with the model, 500/3000 without. */
  endpointing: z.object({ minDelayMs: z.number(), maxDelayMs: z.number() }).optional(),
  /** Default on. */
  preemptiveGeneration: z.boolean().optional(),
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
  const { voice: api, stream } = livekit.agents;
  const { stt, hear } = scriptedRecogniser(livekit);
  const { realtime: baseURL, ...policy } = livekitPolicy.parse(settings.policy);
  const cascade = () => ({
    stt,
    llm: scriptedModel(livekit, settings, sink),
    tts: scriptedSynthesiser(livekit, settings, voice),
    turnHandling: turnHandlingOf(livekit, policy),
  });
  const service = baseURL && { llm: new livekit.realtime.RealtimeModel({ baseURL, apiKey: 'bench', model: 'bench' }) };
  const session = new api.AgentSession({ ...(service || cascade()), aecWarmupDuration: null, userAwayTimeout: null });
  session.on('error', (event) => sink.fault(describe(event)));
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
    interrupt: () => void session.interrupt().await.catch((error: unknown) => sink.fault(describe(error))),
    close: () => session.close(),
  };
}

function turnHandlingOf({ agents, executor }: LiveKit, policy: z.infer<typeof livekitPolicy>): Record<string, unknown> {
  const { turnDetection, minDurationMs, endpointing, preemptiveGeneration } = policy;
  return {
    turnDetection: turnDetection ?? new agents.inference.TurnDetector({ version: 'v1-mini', executor }),
    interruption: { mode: 'vad', ...(minDurationMs !== undefined && { minDuration: minDurationMs }) },
    ...(endpointing && { endpointing: { minDelay: endpointing.minDelayMs, maxDelay: endpointing.maxDelayMs } }),
    ...(preemptiveGeneration !== undefined && { preemptiveGeneration: { enabled: preemptiveGeneration } }),
  };
}

function describe(event: unknown): string {
  const error = event instanceof Error ? event : (event as { error?: unknown } | undefined)?.error;
  return error instanceof Error ? error.message : JSON.stringify(event);
}
