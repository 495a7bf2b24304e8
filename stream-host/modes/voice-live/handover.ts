import type { AudioRate } from '../../../shared/audio/pcm.ts';
import { Resampler } from '../../../shared/audio/resample.ts';
import type { HistoryItem } from '../../../shared/sessions/history.ts';
import type { Attention, CallNews } from '../../contract/call-news.ts';
import type { Mode, ModeHost, ModeKind } from '../../contract/mode.ts';

/** What a call is, when another mode takes it over. */
export interface Handover extends Pick<ModeHost, 'turns'> {
  readonly host: ModeHost;
  readonly items: readonly HistoryItem[];
  /** An answer was cut off by us. */
  readonly wasCut: boolean;
  /** Nobody speaks, and nobody waits for anything. */
  readonly isQuiet: boolean;
  /** What the caller has said that nobody has made words of, at the rate of the mode that ends, in Hz. */
  readonly untaken: readonly Uint8Array[];
  /** What somebody is to be told and was not, and whom the mode attends to. */
  readonly news: readonly CallNews[];
  readonly attention: Attention;
  readonly rateHz: AudioRate;
}

/** A dialogue whose last answer was cut off by us: as if it had not begun, so that the caller is given all of it. */
function stillOwed(history: readonly HistoryItem[]): readonly HistoryItem[] {
  const last = history.at(-1);
  return last?.role === 'agent' && !last.heard ? history.slice(0, -1) : history;
}

/** Opens a mode on a call that another has begun. The line is told of its rate. */
export function handOver(kind: ModeKind, handover: Handover): Mode {
  const { host, items, wasCut, isQuiet, turns, untaken, news, attention, rateHz } = handover;
  const history = wasCut ? stillOwed(items) : items;
  host.line.modeIs(kind.rateHz);
  const mode = kind.open({ ...host, history, turns });
  // Before it begins: its first words may speak of it.
  for (const each of news) if (!each.aside) mode.told?.(each);
  // Who was answered, and says nothing, is not asked to say that again.
  mode.start(isQuiet && history.at(-1)?.role === 'agent');
  const resampler = new Resampler(rateHz, kind.rateHz);
  for (const pcm of untaken) mode.audio(resampler.write(pcm));
  if (attention !== 'caller') mode.attend?.(attention);
  for (const each of news) if (each.aside) mode.told?.(each);
  return mode;
}
