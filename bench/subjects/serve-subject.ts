import { FRAME_BYTES, samplesOf } from '../../shared/audio/pcm.ts';
import { serve } from '../child.ts';
import type { SessionSettings, SubjectApi, SubjectEvent, Words } from '../harness/protocol.ts';
import { monotonicMs } from '../time.ts';
import { type AgentVoice, agentVoice } from './agent-voice.ts';

/** A system under test, as the link to the driver sees it. */
export interface SubjectSystem {
  open(settings: SessionSettings, sink: SubjectSink): Promise<SubjectSession>;
}

export interface SubjectSession {
  /** One frame of the caller's audio: 640 bytes of its own memory. */
  receiveAudio(pcm: Uint8Array): void;
  hear(words: Words): void;
  close(): Promise<void>;
}

/** Where a session's doings go. Each call is stamped with the time at which it was made. */
export interface SubjectSink {
  /** One frame (20 ms) of the agent’s voice. */
  audio(frame: Uint8Array): void;
  stop(): void;
  thinking(text: string): void;
  fault(message: string): void;
}

/** The agents' frames since something else was told. */
const newLine = () => ({ sessions: [] as number[], atMs: [] as number[], frames: [] as Uint8Array[] });

/**
 * A subject's side of the link to the driver: the same for all that run on Node. Call it once, from its `main.ts`.
 * @param start loads the system: its models, its threads
 */
export function serveSubject(start: (voice: AgentVoice) => Promise<SubjectSystem>): void {
  const sessions = new Map<number, SubjectSession>();
  let system: SubjectSystem | undefined;
  /** What this turn of the event loop has to say: sent once, in order. */
  let outgoing: SubjectEvent[] = [];
  let line = newLine();
  let isFlushing = false;

  const packLine = () => {
    const { frames, ...audio } = line;
    if (frames.length > 0) outgoing.push({ type: 'audio', ...audio, pcm: Buffer.concat(frames) });
    line = newLine();
  };
  const flushSoon = () => {
    if (isFlushing) return;
    isFlushing = true;
    setImmediate(() => {
      isFlushing = false;
      packLine();
      send(outgoing);
      outgoing = [];
    });
  };
  const tell = (event: SubjectEvent) => {
    packLine();
    outgoing.push(event);
    flushSoon();
  };
  const sinkOf = (session: number): SubjectSink => ({
    audio(pcm) {
      if (pcm.length !== FRAME_BYTES) throw new RangeError(`A frame has ${FRAME_BYTES} bytes, not ${pcm.length}.`);
      line.sessions.push(session);
      line.atMs.push(monotonicMs());
      line.frames.push(pcm);
      flushSoon();
    },
    stop: () => tell({ type: 'stop', session, atMs: monotonicMs() }),
    thinking: (text) => tell({ type: 'thinking', session, atMs: monotonicMs(), text }),
    fault: (message) => tell({ type: 'fault', session, message }),
  });

  const api: SubjectApi = {
    async start({ text, pcm }) {
      system = await start(agentVoice({ text, samples: samplesOf(pcm) }));
    },
    async open(session, settings) {
      if (!system) throw new Error('the system has not started');
      sessions.set(session, await system.open(settings, sinkOf(session)));
    },
    async close(session) {
      await sessions.get(session)?.close();
      sessions.delete(session);
    },
    audio(due, pcm) {
      for (const [at, session] of due.entries()) {
        const frame = new Uint8Array(pcm.subarray(at * FRAME_BYTES, (at + 1) * FRAME_BYTES));
        sessions.get(session)?.receiveAudio(frame);
      }
    },
    hear: (session, words) => sessions.get(session)?.hear(words),
    usage(collect) {
      if (collect) globalThis.gc?.();
      const { user, system } = process.cpuUsage();
      const { rss, heapUsed, external } = process.memoryUsage();
      return { atMs: monotonicMs(), cpuUs: user + system, rssBytes: rss, heapUsedBytes: heapUsed + external };
    },
  };
  const send = serve(api);
}
