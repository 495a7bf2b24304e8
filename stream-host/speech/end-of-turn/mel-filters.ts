/** One triangle of the filter bank: its weights, from the first frequency bin that it touches on. */
export interface MelFilter {
  readonly from: number;
  readonly weights: Float64Array;
}

/** Up to here the scale is linear, beyond it logarithmic: Slaney's Auditory Toolbox, as Whisper uses it. */
const BREAK_HZ = 1000;
const MEL_PER_HZ = 3 / 200;
const BREAK_MEL = BREAK_HZ * MEL_PER_HZ;
const LOG_STEP = Math.log(6.4) / 27;

const melOf = (hz: number): number =>
  hz < BREAK_HZ ? hz * MEL_PER_HZ : BREAK_MEL + Math.log(hz / BREAK_HZ) / LOG_STEP;
const hzOf = (mel: number): number =>
  mel < BREAK_MEL ? mel / MEL_PER_HZ : BREAK_HZ * Math.exp((mel - BREAK_MEL) * LOG_STEP);

/**
 * Triangular filters, evenly spaced on the mel scale from 0 Hz to half the sample rate, each of the area that Slaney
 * gives it.
 *
 * @param bins frequencies of the spectrum, 0 Hz and half the sample rate included
 */
export function melFilters(count: number, bins: number, sampleRate: number): readonly MelFilter[] {
  const top = melOf(sampleRate / 2);
  const cornersHz = Array.from({ length: count + 2 }, (_, i) => hzOf((top * i) / (count + 1)));
  const binHz = sampleRate / 2 / (bins - 1);
  return Array.from({ length: count }, (_, i): MelFilter => {
    const [low, middle, high] = [cornersHz[i] ?? 0, cornersHz[i + 1] ?? 0, cornersHz[i + 2] ?? 0];
    const from = Math.ceil(low / binHz);
    const until = Math.min(bins - 1, Math.floor(high / binHz));
    const weights = Float64Array.from({ length: Math.max(0, until - from + 1) }, (_, k) => {
      const hz = (from + k) * binHz;
      const height = Math.min((hz - low) / (middle - low), (high - hz) / (high - middle));
      return (Math.max(0, height) * 2) / (high - low);
    });
    return { from, weights };
  });
}
