import { wait } from '../../../emulator/wait.ts';
import { SAMPLE_RATE } from '../../../shared/audio/pcm.ts';
import { systemClock } from '../../../shared/clock.ts';
import type { SessionSettings, Words } from '../../harness/protocol.ts';
import { type AgentVoice, answerTokens } from '../agent-voice.ts';
import type { SubjectSink } from '../serve-subject.ts';
import type { ChatOptions, LiveKit } from './livekit.ts';

/** LiveKit's three provider interfaces with the harness's scripted services behind them. */
export function scriptedRecogniser({ agents }: LiveKit) {
  const { STT, SpeechStream, SpeechEventType } = agents.stt;
  let current: ScriptedStream | undefined;

  class ScriptedStream extends SpeechStream {
    readonly label = 'scripted.SpeechStream';

    async run(): Promise<void> {
      // The audio is taken and dropped: what is heard comes from the script.
      for await (const _frame of this.input);
    }
  }
  class ScriptedRecogniser extends STT {
    readonly label = 'scripted.STT';

    stream(): object {
      current = new ScriptedStream(this);
      return current;
    }
  }
  return {
    stt: new ScriptedRecogniser({ streaming: true, interimResults: true, alignedTranscript: false }),
    hear({ type: told, text, offsetMs, endMs }: Words): void {
      if (told === 'no-words' || !current || current.queue.closed) return;
      const type = told === 'final' ? SpeechEventType.FINAL_TRANSCRIPT : SpeechEventType.INTERIM_TRANSCRIPT;
      const times = { startTime: offsetMs / 1000, endTime: endMs / 1000 };
      current.queue.put({ type, alternatives: [{ text, language: 'en', confidence: 0.9, ...times }] });
    },
  };
}

export function scriptedModel({ agents }: LiveKit, settings: SessionSettings, sink: SubjectSink): object {
  const { LLM, LLMStream } = agents.llm;

  class ScriptedStream extends LLMStream {
    async run(): Promise<void> {
      sink.thinking(this.chatCtx.items.findLast(({ role }) => role === 'user')?.textContent ?? '');
      for await (const content of answerTokens(settings, systemClock, this.abortController.signal)) {
        this.queue.put({ id: 'scripted', delta: { role: 'assistant', content } });
      }
    }
  }
  class ScriptedModel extends LLM {
    label(): string {
      return 'scripted.LLM';
    }

    chat({ chatCtx, toolCtx, connOptions = agents.DEFAULT_API_CONNECT_OPTIONS }: ChatOptions): object {
      return new ScriptedStream(this, { chatCtx, toolCtx, connOptions });
    }
  }
  return new ScriptedModel();
}

export function scriptedSynthesiser({ agents, AudioFrame }: LiveKit, { tts }: SessionSettings, voice: AgentVoice) {
  const { TTS, SynthesizeStream } = agents.tts;
  let turns = 0;

  class ScriptedStream extends SynthesizeStream {
    readonly label = 'scripted.SynthesizeStream';

    async run(): Promise<void> {
      const speak = voice(++turns);
      let first = true;
      for await (const text of this.input) {
        if (this.abortSignal.aborted) return;
        if (typeof text !== 'string') continue;
        if (first) await wait(systemClock, tts.firstAudioMs, this.abortSignal);
        first = false;
        for (const samples of speak(text)) {
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
