import type { SessionSettings } from '../../harness/protocol.ts';
import type { AgentVoice } from '../agent-voice.ts';
import type { RecogniserCommand, SubjectSink } from '../subject-system.ts';
import { tokensOf, wait } from '../wait.ts';
import type { ChatOptions, LiveKit, SpeechStream } from './livekit-types.ts';

const SAMPLE_RATE = 16_000;

export interface ScriptedProviders {
  readonly stt: object;
  readonly llm: object;
  readonly tts: object;
  /** Makes the recogniser say something. */
  hear(words: RecogniserCommand): void;
}

/** LiveKit's three provider interfaces with the harness's scripted services behind them. */
export function scriptedProviders(
  livekit: LiveKit,
  settings: SessionSettings,
  voice: AgentVoice,
  sink: SubjectSink,
): ScriptedProviders {
  const recogniser = scriptedRecogniser(livekit);
  return {
    stt: recogniser.stt,
    hear: recogniser.hear,
    llm: scriptedModel(livekit, settings, sink),
    tts: scriptedSynthesiser(livekit, settings, voice),
  };
}

function scriptedRecogniser({ agents }: LiveKit): Pick<ScriptedProviders, 'stt' | 'hear'> {
  const { STT, SpeechStream, SpeechEventType } = agents.stt;
  let current: SpeechStream | undefined;

  class ScriptedStream extends SpeechStream {
    readonly label = 'scripted.SpeechStream';

    async run(): Promise<void> {
      // The audio is taken and dropped: what is heard comes from the script.
      for await (const _frame of this.input);
    }
  }
  class ScriptedRecogniser extends STT {
    readonly label = 'scripted.STT';

    stream(): SpeechStream {
      current = new ScriptedStream(this);
      return current;
    }
  }

  return {
    stt: new ScriptedRecogniser({ streaming: true, interimResults: true, alignedTranscript: false }),
    hear({ event, text, offsetMs, endMs }) {
      if (event === 'no-words' || !current || current.queue.closed) return;
      const type = event === 'final' ? SpeechEventType.FINAL_TRANSCRIPT : SpeechEventType.INTERIM_TRANSCRIPT;
      const times = { startTime: offsetMs / 1000, endTime: endMs / 1000 };
      current.queue.put({ type, alternatives: [{ text, language: 'en', confidence: 0.9, ...times }] });
    },
  };
}

function scriptedModel({ agents }: LiveKit, { llm, answer }: SessionSettings, sink: SubjectSink): object {
  const { LLM, LLMStream } = agents.llm;

  class ScriptedStream extends LLMStream {
    async run(): Promise<void> {
      const asked = this.chatCtx.items.findLast((item) => item.role === 'user');
      sink.thinking(asked?.textContent ?? '');
      const { signal } = this.abortController;
      await wait(llm.firstTokenMs, signal);
      for (const content of tokensOf(answer)) {
        if (signal.aborted) return;
        this.queue.put({ id: 'scripted', delta: { role: 'assistant', content } });
        await wait(llm.tokenMs, signal);
      }
    }
  }
  class ScriptedModel extends LLM {
    label(): string {
      return 'scripted.LLM';
    }

    chat(options: ChatOptions): object {
      return new ScriptedStream(this, {
        chatCtx: options.chatCtx,
        toolCtx: options.toolCtx,
        connOptions: options.connOptions ?? agents.DEFAULT_API_CONNECT_OPTIONS,
      });
    }
  }
  return new ScriptedModel();
}

function scriptedSynthesiser({ agents, AudioFrame }: LiveKit, settings: SessionSettings, voice: AgentVoice): object {
  const { TTS, SynthesizeStream } = agents.tts;
  let turns = 0;

  class ScriptedStream extends SynthesizeStream {
    readonly label = 'scripted.SynthesizeStream';

    async run(): Promise<void> {
      turns += 1;
      const turn = voice.turn(turns);
      let first = true;
      for await (const text of this.input) {
        if (this.abortSignal.aborted) return;
        if (typeof text !== 'string') continue;
        if (first) await wait(settings.tts.firstAudioMs, this.abortSignal);
        first = false;
        for (const samples of turn.speak(text)) {
          if (this.abortSignal.aborted || this.queue.closed) return;
          const frame = new AudioFrame(samples, SAMPLE_RATE, 1, samples.length);
          this.queue.put({ requestId: 'scripted', segmentId: 'scripted', frame, final: false });
        }
      }
      if (!this.queue.closed) this.queue.put(SynthesizeStream.END_OF_STREAM);
    }
  }
  class ScriptedSynthesiser extends TTS {
    readonly label = 'scripted.TTS';

    constructor() {
      super(SAMPLE_RATE, 1, { streaming: true });
    }

    stream(): object {
      return new ScriptedStream(this);
    }
  }
  return new ScriptedSynthesiser();
}
