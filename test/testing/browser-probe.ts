/**
 * What a test knows of the page from outside of it: each message of the server with its time, and how loud the
 * loudspeaker was. And the page's microphone, into which a test speaks. The page itself has no part in it.
 */
export interface ProbeRecord {
  /** Messages that are no audio, and when they came. */
  readonly messages: { readonly atMs: number; readonly type: string }[];
  /** When pieces of audio came. */
  readonly audioMs: number[];
  /** Peaks of what goes to the loudspeaker, about every ten milliseconds. */
  readonly peaks: { readonly atMs: number; readonly peak: number }[];
}

declare global {
  /** In the page. */
  var parleyProbe: ProbeRecord;
  /** In the page: speaks samples between -1 and 1, at 16 kHz, in real time. Resolves when they are spoken. */
  var parleySay: (samples: readonly number[]) => Promise<void>;
}

/**
 * Runs in the page before its own scripts. Self-contained, as it travels there as text; it uses the browser through
 * names that the type checker of a Node project does not know.
 */
export const PROBE_SCRIPT = `
  const record = { messages: [], audioMs: [], peaks: [] };
  globalThis.parleyProbe = record;

  const PlainSocket = globalThis.WebSocket;
  globalThis.WebSocket = class extends PlainSocket {
    constructor(...args) {
      super(...args);
      this.addEventListener('message', ({ data }) => {
        if (typeof data !== 'string') return;
        const { type, action, interrupted } = JSON.parse(data);
        if (type === 'audio_data') record.audioMs.push(performance.now());
        else record.messages.push({ atMs: performance.now(), type: action ?? (interrupted ? 'cut_off' : type) });
      });
    }
  };

  const connect = AudioNode.prototype.connect;
  AudioNode.prototype.connect = function (target, ...rest) {
    if (!(target instanceof AudioDestinationNode)) return connect.call(this, target, ...rest);
    const analyser = new AnalyserNode(this.context, { fftSize: 256 });
    const samples = new Float32Array(analyser.fftSize);
    connect.call(this, analyser);
    setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      record.peaks.push({ atMs: performance.now(), peak: Math.max(...samples.map(Math.abs)) });
    }, 10);
    return connect.call(analyser, target, ...rest);
  };

  const devices = navigator.mediaDevices;
  const getUserMedia = devices.getUserMedia.bind(devices);
  devices.getUserMedia = async (constraints) => {
    // The real device is asked for, so that permission and constraints are tried, and then laid aside.
    for (const track of (await getUserMedia(constraints)).getTracks()) track.stop();
    const context = new AudioContext({ sampleRate: 16_000 });
    const microphone = new MediaStreamAudioDestinationNode(context, { channelCount: 1 });
    globalThis.parleySay = async (samples) => {
      const buffer = context.createBuffer(1, samples.length, 16_000);
      buffer.copyToChannel(Float32Array.from(samples), 0);
      const mouth = new AudioBufferSourceNode(context, { buffer });
      mouth.connect(microphone);
      mouth.start();
      await new Promise((ended) => { mouth.onended = ended; });
    };
    return microphone.stream;
  };
`;

const AUDIBLE_PEAK = 0.003;

/** How many milliseconds of sound there were, to the fineness of the probe. */
export function audibleMs({ peaks }: ProbeRecord, fromMs = 0, toMs = Number.POSITIVE_INFINITY): number {
  let sum = 0;
  for (const [i, { atMs, peak }] of peaks.entries()) {
    const before = peaks[i - 1];
    if (before && peak > AUDIBLE_PEAK && atMs >= fromMs && atMs < toMs) sum += atMs - before.atMs;
  }
  return Math.round(sum);
}

export interface Cut {
  /** From the server's command to the last sound of the loudspeaker. */
  readonly silentAfterMs: number;
  /** Audio messages that came after the command and before it was told that the answer is cut off. */
  readonly staleAudioMessages: number;
}

/**
 * How playback stopped at the command that cut an answer off: the last one before that is told, or the message behind it.
 * Undefined where there was none. One before it may have been taken back: where words come late, the agent goes on.
 */
export function cutOf({ messages, audioMs, peaks }: ProbeRecord): Cut | undefined {
  const told = messages.findLastIndex(({ type }) => type === 'cut_off');
  const cancelled = messages.slice(0, told + 2).findLast(({ type }) => type === 'tts_cancelled');
  if (told < 0 || cancelled === undefined) return undefined;
  const { atMs } = cancelled;
  const untilMs = Math.max(atMs, messages[told]?.atMs ?? atMs);
  const lastSound = peaks.findLast((p) => p.peak > AUDIBLE_PEAK && p.atMs >= atMs && p.atMs <= untilMs)?.atMs ?? atMs;
  return {
    silentAfterMs: Math.round(lastSound - atMs),
    staleAudioMessages: audioMs.filter((each) => each > atMs && each < untilMs).length,
  };
}
