import type { AudioRate } from '../../../shared/audio/pcm.ts';
import { Resampler } from '../../../shared/audio/resample.ts';
import type { HistoryItem } from '../../../shared/sessions/history.ts';
import type { AudioSink } from '../../contract/line.ts';
import type { Mode, ModeHost, ModeKind } from '../../contract/mode.ts';

/** What a call is, when another mode takes it over. */
export interface Handover {
  readonly host: ModeHost;
  /** The rate of the line as it is, in Hz. */
  readonly rateHz: AudioRate;
  readonly history: readonly HistoryItem[];
  /** The number of the last turn. */
  readonly turns: number;
}

/** A dialogue whose last answer was cut off by us: as if it had not begun, so that the caller is given all of it. */
export function stillOwed(history: readonly HistoryItem[]): readonly HistoryItem[] {
  const last = history.at(-1);
  return last?.role === 'agent' && !last.heard ? history.slice(0, -1) : history;
}

/** Opens a mode on a call that another has begun. The line keeps the rate that it has; the audio is brought to the mode's. */
export function handOver(kind: ModeKind, { host, rateHz, history, turns }: Handover): Mode {
  if (kind.rateHz === rateHz) return kind.open({ ...host, history, turns });
  const mode = kind.open({ ...host, history, turns, line: new OtherRateLine(host.line, kind.rateHz, rateHz) });
  const heard = new Resampler(rateHz, kind.rateHz);
  return {
    start: () => mode.start(),
    audio: (pcm, from) => mode.audio(heard.write(pcm), from),
    pressed: (tone) => mode.pressed(tone),
    ...(mode.typed && { typed: (text: string) => mode.typed?.(text) }),
    interrupt: () => mode.interrupt(),
    close: (reason) => mode.close(reason),
  };
}

/** A line as a mode of another rate sees it. Whole frames stay whole frames. */
class OtherRateLine implements AudioSink {
  readonly #line: AudioSink;
  readonly #resampler: Resampler;

  constructor(line: AudioSink, fromHz: AudioRate, toHz: AudioRate) {
    this.#line = line;
    this.#resampler = new Resampler(fromHz, toHz);
  }

  sendAudio(frames: Uint8Array): boolean {
    return this.#line.sendAudio(this.#resampler.write(frames));
  }

  stopAudio(cause: Parameters<AudioSink['stopAudio']>[0]): void {
    this.#resampler.reset();
    this.#line.stopAudio(cause);
  }
}
