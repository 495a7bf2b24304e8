import { AudioMemory, RATE_PER_MS } from './audio-memory.ts';
import { type DelayFound, findDelay, LATEST_MS, LONGEST_SEARCH_MS } from './delay-search.ts';
import { EchoModel, HOP } from './echo-model.ts';

/** Evidence of somebody else, in hops (16 ms) that are wholly foreign, at which the caller is taken to speak. */
const CALLER_EVIDENCE = 0.6;
/** Below this evidence the audio is taken for echo. Between the two nothing is decided yet. */
const ECHO_EVIDENCE = 0.2;
/** How much of each hop may be foreign by chance. */
const TOLERANCE = 0.1;

export type EchoVerdict = 'echo' | 'caller' | 'unsure';
type EchoPath =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'none' }
  | { readonly kind: 'echo'; readonly delayMs: number; readonly gainDb: number };

/** 2 s of what was played: the longest delay and window, and what is sent ahead. 1 s of the line. */
const PLAYED_SAMPLES = 16_384;
const LINE_SAMPLES = 8192;
const LONGEST_WINDOW_MS = 500;
/** A detector says "speech" somewhat late: the window's beginning is looked for this much earlier. */
const LEAD_IN_MS = 48;
/** Hops before the window that tell the line's noise and what still reverberates. */
const WARM_UP_HOPS = 12;
/** Samples louder than this are sound (-56 dBFS). */
const AUDIBLE = 50;
/** The line's clock may wander this far from the arrival times before audio is taken for lost (or for late). */
const LOST_MS = 60;
/** And it must stay there for so long: after a stall, ours or the network's, what was late comes all at once. */
const STAYS_LOST_MS = 40;
const EARLY_MS = 200;
const CONTIGUOUS = 2 * RATE_PER_MS;
const SCORES = 64;
/**
 * Powers relative to the agent's loudest: below -8 dB it may be an echo, below -28 dB (-21 dB while nothing is known of the
 * line) a drowned one, below -36 dB none.
 */
const QUIET = 0.16;
const FAINT = 0.0016;
const FAINT_AT_FIRST = 0.008;
const SILENT = 0.00025;
/** An echo is not as loud as the voice itself; a caller may be. */
const LOUDEST_ECHO_DB = -3;
/** A hop more foreign than this is not learned from. */
const LEARNABLE = 0.3;
const STALE = 0.3;
const SHORTEST_SEARCH_MS = 64;
const PROBATION_HOPS = 20;
const TRUSTED_COHERENCE = 0.15;
const LEAST_COHERENCE = 0.08;
/** Delays that differ by no more than this are one. */
const SAME_DELAY = 4;

/**
 * Tells the agent's own voice, come back over the line, from the caller. Knows what was played and when; finds the delay
 * at which it comes back, learns the path, and looks for what the echo does not explain. Works only when it is asked,
 * and a few times early in a call while the agent speaks. About 60 KB a session.
 */
export class EchoGuard {
  readonly #played = new AudioMemory(PLAYED_SAMPLES);
  readonly #line = new AudioMemory(LINE_SAMPLES);
  readonly #scores = new Float32Array(SCORES);
  #originMs: number | undefined;
  #hasLine = false;
  #model: EchoModel | undefined;
  /** The model has explained more than the audio that it was made from. */
  #trusted = false;
  /** The line's audio is later than it should be, since then and from that sample on: lost or only late, nobody knows yet. */
  #late: { readonly sinceMs: number; readonly from: number } | undefined;
  /** In samples at 8 kHz. */
  #delay = 0;
  /** How much of the line was explained when the path was found. */
  #explained = 0;
  /** The path that was trusted until another was tried. */
  #former: { readonly model: EchoModel; readonly delay: number } | undefined;
  #nextHop = 0;
  #suspicion = 0;
  /** The hop at which the evidence for a caller began to grow. */
  #foreignFrom = 0;
  #candidate: DelayFound | undefined;
  #isRepeated = false;
  /** Of the agent's speech, how much went by without an echo path being known; when to search next. */
  #spokenMs = 0;
  #searchAtMs = 500;
  #misses = 0;
  #sinceCheck = 0;

  get path(): EchoPath {
    if (this.#model && this.#trusted)
      return { kind: 'echo', delayMs: this.#delay / RATE_PER_MS, gainDb: this.#model.gainDb };
    return { kind: this.#isCalm ? 'none' : 'unknown' };
  }

  /**
   * One frame of the agent's voice (PCM16, 16 kHz) and when the far side plays its first sample (engine clock). Frames
   * come up to some 400 ms before they are played. The frame is not kept.
   */
  played(frame: Uint8Array, playsAtMs: number): void {
    const position = this.#position(playsAtMs);
    if (Math.abs(position - this.#played.end) > CONTIGUOUS) this.#played.moveTo(position);
    this.#played.write(frame);
  }

  /** The far side dropped everything that it would have played from `atMs` on. */
  stopped(atMs: number): void {
    const position = this.#position(atMs);
    if (position < this.#played.end) this.#played.moveTo(position);
  }

  /** The caller's audio (PCM16, 16 kHz, any length), in order; its last sample arrived at `atMs`. */
  heard(pcm: Uint8Array, atMs: number): void {
    const samples = pcm.length >> 2;
    let lateBy = this.#position(atMs) - samples - this.#line.end;
    if (!this.#hasLine || lateBy < -EARLY_MS * RATE_PER_MS) {
      this.#line.moveTo(this.#line.end + lateBy);
      this.#hasLine = true;
      lateBy = 0;
    }
    if (lateBy <= LOST_MS * RATE_PER_MS) this.#late = undefined;
    else this.#late ??= { sinceMs: atMs, from: this.#line.end };
    if (this.#late && atMs - this.#late.sinceMs >= STAYS_LOST_MS) {
      this.#line.insertSilence(this.#late.from, lateBy);
      this.#late = undefined;
    }
    this.#line.write(pcm);
    this.#sinceCheck += samples;
    if (this.#sinceCheck < LONGEST_WINDOW_MS * RATE_PER_MS) return;
    this.#sinceCheck = 0;
    if (!this.#trusted && !this.#late) this.#explore();
  }

  /**
   * What the newest `windowMs` of the caller's audio is: nothing but the agent's own voice, somebody else
   * (alone or over the echo), or too little to tell.
   */
  judge(windowMs: number): EchoVerdict {
    const end = this.#line.end;
    const length = Math.min(windowMs, LONGEST_WINDOW_MS) * RATE_PER_MS;
    const start = end - length;
    if (!isAudible(this.#played, start - LATEST_MS * RATE_PER_MS, end)) return 'caller';
    if (this.#late) return 'unsure';
    let verdict = this.#model && this.#judgeByModel(this.#model, start, end);
    if (this.#model && !this.#reconsider(this.#model)) {
      verdict = this.#model && this.#judgeByModel(this.#model, start, end);
    }
    if (!this.#model || !verdict) return this.#judgeCold(start, end);
    if (verdict !== 'caller') return verdict;
    const wasTrusted = this.#trusted;
    const anew = this.#searchAnew(this.#model, start, end);
    return wasTrusted ? anew : this.#withPatience(anew, start, end);
  }

  /** Nothing fits: perhaps the echo now comes in another way. What came before it did is of no interest. */
  #searchAnew(model: EchoModel, start: number, end: number): EchoVerdict {
    const from = Math.min(end - SHORTEST_SEARCH_MS * RATE_PER_MS, Math.max(start, this.#foreignFrom * HOP));
    const found = this.#search(from, end);
    if (Math.abs(found.delay - this.#delay) > SAME_DELAY) {
      if (this.#isSure(found, from, end, this.#trusted ? 0.15 : 0.05)) return this.#adopt(found, from, end);
    } else if (found.explained > this.#staleAbove(model)) {
      return this.#adopt(found, from, end);
    }
    if (!this.#trusted) this.#giveUp();
    return 'caller';
  }

  /** What a path leaves unexplained that has explained nothing new yet is a caller only when there is plenty of it. */
  #withPatience(verdict: EchoVerdict, start: number, end: number): EchoVerdict {
    if (verdict !== 'caller') return verdict;
    const windowMs = (end - start) / RATE_PER_MS + LEAD_IN_MS;
    return windowMs < this.#enoughAt(this.#levelOf(start, end)) ? 'unsure' : 'caller';
  }

  /** As much like the echo as ever, and yet not what the model expects: it is the path that has changed. */
  #staleAbove(model: EchoModel): number {
    return this.#trusted ? Math.max(STALE, 0.9 * this.#explained, 0.7 * model.coherence) : STALE;
  }

  /** A path is believed once it took off a good part of new audio, and given up when it no longer does. */
  #reconsider(model: EchoModel): boolean {
    if (model.hopsSeen < PROBATION_HOPS) return true;
    this.#trusted = model.coherence > (this.#trusted ? LEAST_COHERENCE : TRUSTED_COHERENCE);
    if (this.#trusted) this.#former = undefined;
    else this.#giveUp();
    return this.#trusted;
  }

  #judgeCold(start: number, end: number): EchoVerdict {
    const windowMs = (end - start) / RATE_PER_MS + LEAD_IN_MS;
    const found = this.#search(start, end);
    if (this.#isSure(found, start, end, 0)) return this.#withPatience(this.#adopt(found, start, end), start, end);
    const level = this.#levelOf(start, end);
    const enough = this.#enoughAt(level);
    const isUnlike =
      level >= this.#faint && !this.#isRepeated && found.explained < (this.#isCalm ? 0.7 * byChance(windowMs) : 0.1);
    return windowMs >= enough || (isUnlike && windowMs >= 0.58 * enough) ? 'caller' : 'unsure';
  }

  /** How loud the line is, as a power relative to the agent's loudest of late. */
  #levelOf(start: number, end: number): number {
    return loudness(this.#line, start, end) / (loudestIn(this.#played, start - LATEST_MS * RATE_PER_MS, end) + 1);
  }

  get #faint(): number {
    return this.#isCalm ? FAINT : FAINT_AT_FIRST;
  }

  /** So many milliseconds that no path explains are a caller. */
  #enoughAt(level: number): number {
    // What is far below the agent's own level may well be its echo, drowned in noise. So may what seems to repeat it.
    if (level < this.#faint || this.#isRepeated) return LONGEST_WINDOW_MS;
    if (this.#isCalm) return 180;
    return level < QUIET ? 400 : 260;
  }

  get #isCalm(): boolean {
    return this.#misses >= 3;
  }

  #search(start: number, end: number): DelayFound {
    return findDelay(
      this.#line,
      this.#played,
      end,
      Math.min(LONGEST_SEARCH_MS, (end - start) / RATE_PER_MS + LEAD_IN_MS),
    );
  }

  /** The same delay found twice needs less to be believed. */
  #isSure(found: DelayFound, start: number, end: number, extra: number): boolean {
    const needed = byChance((end - start) / RATE_PER_MS + LEAD_IN_MS) + extra;
    const before = this.#candidate;
    this.#candidate = found.explained > 0.06 ? found : undefined;
    if (found.explained >= needed) return true;
    this.#isRepeated = before !== undefined && Math.abs(found.delay - before.delay) <= 2;
    return this.#isRepeated && found.explained > 0.6 * needed;
  }

  #adopt(found: DelayFound, start: number, end: number): EchoVerdict {
    const isSame = this.#model !== undefined && Math.abs(found.delay - this.#delay) <= SAME_DELAY;
    if (this.#model && this.#trusted) this.#former = { model: this.#model, delay: this.#delay };
    this.#model = new EchoModel(this.#model);
    this.#trusted &&= isSame;
    this.#delay = found.delay;
    this.#explained = found.explained;
    this.#candidate = undefined;
    const lastHop = lastHopBefore(end);
    const firstHop = Math.max(Math.ceil((start - LEAD_IN_MS * RATE_PER_MS) / HOP), lastHop - 40);
    this.#model.fit(this.#line, this.#played, firstHop, lastHop, found.delay);
    if (this.#model.gainDb > LOUDEST_ECHO_DB) {
      this.#giveUp();
      return this.#model ? 'caller' : 'unsure';
    }
    this.#nextHop = 0;
    return this.#judgeByModel(this.#model, start, end);
  }

  /** Back to the path before this one, if there was one. */
  #giveUp(): void {
    this.#model = this.#former?.model;
    this.#delay = this.#former?.delay ?? 0;
    this.#trusted = this.#former !== undefined;
    this.#former = undefined;
    this.#nextHop = 0;
  }

  #judgeByModel(model: EchoModel, start: number, end: number): EchoVerdict {
    const lastHop = lastHopBefore(end);
    const firstHop = Math.ceil((start - LEAD_IN_MS * RATE_PER_MS) / HOP);
    if (this.#nextHop < firstHop - WARM_UP_HOPS) {
      this.#nextHop = firstHop - WARM_UP_HOPS;
      this.#suspicion = 0;
      model.skip();
    }
    // A longer run of speech has no beginning in the window: what lies before is speech, too.
    const isFromStart = end - start < LONGEST_WINDOW_MS * RATE_PER_MS;
    for (; this.#nextHop <= lastHop; this.#nextHop += 1) {
      const score = model.score(this.#line, this.#played, this.#nextHop, this.#delay);
      this.#scores[this.#nextHop & (SCORES - 1)] = score;
      model.hearNoise(isFromStart && this.#nextHop < firstHop - 4);
      this.#suspicion = Math.max(0, this.#suspicion + score - TOLERANCE);
      if (score < LEARNABLE && this.#suspicion < ECHO_EVIDENCE) model.learn();
    }
    let evidence = 0;
    for (let hop = Math.max(firstHop, lastHop - SCORES + 1); hop <= lastHop; hop += 1) {
      if (evidence === 0) this.#foreignFrom = hop;
      evidence = Math.max(0, evidence + (this.#scores[hop & (SCORES - 1)] ?? 0) - TOLERANCE);
    }
    if (evidence >= CALLER_EVIDENCE) return 'caller';
    return evidence < ECHO_EVIDENCE ? 'echo' : 'unsure';
  }

  /** Looks for an echo path while the agent speaks, ever more seldom. */
  #explore(): void {
    const end = this.#line.end;
    const start = end - LONGEST_SEARCH_MS * RATE_PER_MS;
    if (!isAudible(this.#played, start, end)) return;
    if (this.#model) {
      this.#judgeByModel(this.#model, start, end);
      this.#reconsider(this.#model);
      return;
    }
    this.#spokenMs += LONGEST_WINDOW_MS;
    if (this.#spokenMs < this.#searchAtMs) return;
    this.#searchAtMs = 2 * this.#spokenMs;
    if (loudness(this.#line, start, end) < SILENT * loudestIn(this.#played, start, end)) {
      this.#misses += 2;
      return;
    }
    const found = this.#search(start, end);
    if (this.#isSure(found, start, end, 0.03)) this.#adopt(found, start, end);
    else this.#misses += 1;
  }

  #position(ms: number): number {
    this.#originMs ??= ms - 10_000;
    return Math.round((ms - this.#originMs) * RATE_PER_MS);
  }
}

/** How much of a caller's speech the agent's explains by chance at the best of all delays, in 99 of 100 stretches. */
function byChance(lengthMs: number): number {
  return 0.13 + 12 / lengthMs;
}

/** The last hop whose window is complete. */
function lastHopBefore(end: number): number {
  return Math.floor(end / HOP) - 1;
}

function isAudible(audio: AudioMemory, from: number, to: number): boolean {
  for (let at = from; at < to; at += 4) if (Math.abs(audio.at(at)) > AUDIBLE) return true;
  return false;
}

/** Mean power of the samples, every third one. */
function loudness(audio: AudioMemory, from: number, to: number): number {
  let sum = 0;
  for (let at = from; at < to; at += 3) sum += audio.at(at) ** 2;
  return (3 * sum) / Math.max(1, to - from);
}

/** The power of the loudest 64 ms. */
function loudestIn(audio: AudioMemory, from: number, to: number): number {
  let loudest = 0;
  for (let at = from; at < to; at += 512) loudest = Math.max(loudest, loudness(audio, at, at + 512));
  return loudest;
}
