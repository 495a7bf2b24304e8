import { dbfsOf } from '../../../shared/audio/pcm.ts';

/** Below this nobody speaks, whatever the line's noise is like. */
const SILENCE_DBFS = -65;
/** Above this a frame is always worth an inference, however loud the line's noise is. */
const AUDIBLE_DBFS = -45;
/** A frame this little above the noise floor is noise. */
const MARGIN_DB = 4;
/** How fast the floor follows the noise up. Down it follows at once. */
const RISE_DB_PER_FRAME = 0.05;
/** A probability above which the model may be hearing the edge of a word. */
const UNSURE = 0.15;
/** Frames that must be unlike speech before the gate may close: short pauses inside speech stay the model's to judge. */
const HANGOVER_FRAMES = 10;

/**
 * Tells, cheaply, which frames cannot be speech, so that the model need not look at them: one side of a call is silent
 * half of the time. It errs towards letting frames through.
 */
export class EnergyGate {
  #floorDbfs = Number.POSITIVE_INFINITY;
  #quietFrames = 0;

  /** Whether the model has to look at a frame of this RMS (0 to 1). */
  isOpenFor(rms: number): boolean {
    const dbfs = dbfsOf(rms);
    this.#floorDbfs = Math.min(Math.max(dbfs, SILENCE_DBFS), this.#floorDbfs + RISE_DB_PER_FRAME);
    const isQuiet = dbfs < SILENCE_DBFS || (dbfs < AUDIBLE_DBFS && dbfs < this.#floorDbfs + MARGIN_DB);
    return !(isQuiet && this.#quietFrames >= HANGOVER_FRAMES);
  }

  /** What the model said about the frame that was let through. */
  learn(probability: number): void {
    this.#quietFrames = probability < UNSURE ? this.#quietFrames + 1 : 0;
  }
}
