/** What the detector is told of one frame. */
export interface DetectorFrame {
  readonly probability: number;
  /** How loud it was, in dB relative to full scale. */
  readonly levelDb: number;
  /** When its last sample arrived. */
  readonly atMs: number;
}

/** What is known of the line's sound besides the model's verdicts. */
export interface LineSound {
  /**
   * When speech was last audible that the detector saw last at `speechMs`, and none of until `untilMs`: better than by
   * whole frames. `peakDb`: its loudest level.
   */
  endOfSound(speechMs: number, untilMs: number, peakDb: number): number;
  /** The share of the newest samples before `atMs` that cross zero: above 0.5 in an "s", below 0.2 in a vowel. */
  brightnessAt(atMs: number): number;
  /** How much the sound before `atMs` is like that of one voice on a vowel, from 0 to 1. */
  periodicityAt(atMs: number): number;
}
