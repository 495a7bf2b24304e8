import { z } from 'zod';
import { samplesOf } from '../../../shared/audio/pcm.ts';
import type { SessionSettings } from '../../harness/protocol.ts';
import type { AgentVoice } from '../agent-voice.ts';
import type { SubjectSession, SubjectSink } from '../subject-system.ts';
import type { AgentSession, AudioInput, LiveKit } from './livekit-types.ts';
import { createPacedOutput } from './paced-output.ts';
import { scriptedProviders } from './scripted-providers.ts';

const SAMPLE_RATE = 16_000;

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
  const { agents } = livekit;
  const { hear, ...providers } = scriptedProviders(livekit, settings, voice, sink);
  const session = new agents.voice.AgentSession({
    ...providers,
    aecWarmupDuration: null,
    userAwayTimeout: null,
    turnHandling: turnHandlingOf(livekit, settings),
  });
  session.on('error', (event) => sink.fault(describe(event)));
  const { input, push } = createInput(livekit);
  session.input.audio = input;
  session.output.audio = createPacedOutput(livekit, sink);
  await session.start({ agent: new agents.voice.Agent({ instructions: 'You are a scripted agent.' }) });
  if (settings.greeting !== '') session.say(settings.greeting);

  return {
    receiveAudio: push,
    hear,
    interrupt: () => interrupt(session, sink),
    close: () => session.close(),
  };
}

function turnHandlingOf({ agents, executor }: LiveKit, settings: SessionSettings): Record<string, unknown> {
  const { turnDetection, minDurationMs, endpointing, preemptiveGeneration } = livekitPolicy.parse(settings.policy);
  return {
    turnDetection: turnDetection ?? new agents.inference.TurnDetector({ version: 'v1-mini', executor }),
    interruption: { mode: 'vad', ...(minDurationMs === undefined ? {} : { minDuration: minDurationMs }) },
    ...(endpointing ? { endpointing: { minDelay: endpointing.minDelayMs, maxDelay: endpointing.maxDelayMs } } : {}),
    ...(preemptiveGeneration === undefined ? {} : { preemptiveGeneration: { enabled: preemptiveGeneration } }),
  };
}

function createInput({ agents, AudioFrame }: LiveKit): { input: AudioInput; push: (pcm: Uint8Array) => void } {
  const channel = agents.stream.createStreamChannel();
  class PushedInput extends agents.voice.AudioInput {
    constructor() {
      super();
      this.multiStream.addInputStream(channel.stream());
    }
  }
  const push = (pcm: Uint8Array) => {
    const samples = samplesOf(pcm);
    void channel.write(new AudioFrame(samples, SAMPLE_RATE, 1, samples.length));
  };
  return { input: new PushedInput(), push };
}

function interrupt(session: AgentSession, sink: SubjectSink): void {
  session.interrupt().await.catch((error: unknown) => sink.fault(describe(error)));
}

function describe(event: unknown): string {
  const error = event instanceof Error ? event : (event as { error?: unknown } | undefined)?.error;
  return error instanceof Error ? error.message : JSON.stringify(event);
}
