/** So much louder than the background a sound must be where the background itself sounds like speech. */
const ABOVE_BACKGROUND_DB = 8;
/** The background is taken to be louder slowly, 8 dB a second, and to be quieter fast. */
const RISE_DB_PER_FRAME = 0.25;
const FALL_SHARE = 0.25;
/** A frame like this may be speech; when such frames are more than this share, the background babbles. */
const SPEECH_LIKE = 0.4;
const BABBLE_SHARE = 0.15;
/** Some 800 ms. */
const SHARE_WEIGHT = 0.04;
/** How the level of a sound that goes on is followed: some 300 ms. */
const LEVEL_WEIGHT = 0.1;

/**
 * What sounds on a line besides the caller. Most noise does not sound like speech and needs no care; but a room full of
 * voices, or a television, does. There only what is clearly louder counts.
 */
export class Background {
  #floorDb: number | undefined;
  #babble = 0;
  #soundDb: number | undefined;

  /** Takes in a frame (32 ms) while the caller does not speak. */
  hear(probability: number, levelDb: number): void {
    this.#babble += SHARE_WEIGHT * ((probability >= SPEECH_LIKE ? 1 : 0) - this.#babble);
    const floorDb = this.#floorDb ?? levelDb;
    const above = levelDb - floorDb;
    this.#floorDb = floorDb + (above > 0 ? Math.min(above, RISE_DB_PER_FRAME) : FALL_SHARE * above);
    this.#soundDb = levelDb;
  }

  /** Takes in a frame while somebody seems to speak. */
  listenOver(levelDb: number): void {
    const soundDb = this.#soundDb ?? levelDb;
    this.#soundDb = soundDb + LEVEL_WEIGHT * (levelDb - soundDb);
    // A caller cannot be quieter than the background: that has become quieter itself.
    if (this.#floorDb !== undefined && levelDb < this.#floorDb) this.#floorDb += FALL_SHARE * (levelDb - this.#floorDb);
  }

  /** What seemed to be somebody is the background. */
  isThis(): void {
    this.#babble = 1;
    if (this.#soundDb !== undefined) this.#floorDb = Math.max(this.#floorDb ?? this.#soundDb, this.#soundDb);
  }

  /** Whether a sound of this level is not to be told from it. */
  covers(levelDb: number): boolean {
    return this.#floorDb !== undefined && this.#babble > BABBLE_SHARE && levelDb < this.#floorDb + ABOVE_BACKGROUND_DB;
  }
}
