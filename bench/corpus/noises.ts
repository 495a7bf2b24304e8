import type { Random } from '../random.ts';
import type { NoiseEvent } from './scene.ts';
import { band, mixInto, peak, resonance, rms, type Signal, samplesIn, scaled, silence } from './signal.ts';

/** Noise that goes on for the whole of a scene. All come at an RMS of 1, to be scaled to a ratio. */
export const white = (ms: number, random: Random): Signal =>
  levelled(silence(ms).map(() => random.next() + random.next() + random.next() - 1.5));

/** Mains of 50 Hz with the harmonics that a bad ground has; a narrow-band line leaves only the upper ones. */
export function hum(ms: number, random: Random): Signal {
  const partials = [1, 0.5, 0.7, 0.3, 0.5, 0.2, 0.35, 0.25].map((level, index) => {
    return { level, step: (2 * Math.PI * 50 * (index + 1)) / 16_000, phase: random.between(0, 2 * Math.PI) };
  });
  const at = (i: number) =>
    partials.reduce((sum, { level, step, phase }) => sum + level * Math.sin(step * i + phase), 0);
  return levelled(silence(ms).map((_, i) => at(i)));
}

// A minor, F, C and G, each as three notes and a bass: hertz.
const CHORDS = [
  [220, 261.63, 329.63, 110],
  [174.61, 220, 261.63, 87.31],
  [261.63, 329.63, 392, 130.81],
  [196, 246.94, 293.66, 98],
] as const;
const BEAT_MS = 330;

/** What is played to those who wait: broken chords of plucked tones with an upper voice, no singing. */
export function holdMusic(ms: number, random: Random): Signal {
  const track = silence(ms);
  for (let beat = 0; beat * BEAT_MS < ms; beat += 1) {
    const chord = CHORDS[Math.floor(beat / 8) % CHORDS.length] ?? CHORDS[0];
    const at = samplesIn(beat * BEAT_MS);
    mixInto(track, tone((chord[beat % 3] ?? 220) * 2, 700), at, 0.5);
    if (beat % 4 === 0) mixInto(track, tone(chord[3], 1400), at, 0.8);
    if (beat % 2 === 0) mixInto(track, tone(random.pick(chord.slice(0, 3)) * 4, 600), at, 0.4);
  }
  return levelled(track);
}

function tone(hz: number, ms: number): Signal {
  const step = (2 * Math.PI * hz) / 16_000;
  return silence(ms).map((_, i) => {
    const envelope = Math.min(1, i / 80) * Math.exp(-i / samplesIn(ms / 4));
    return envelope * (Math.sin(step * i) + 0.4 * Math.sin(2 * step * i) + 0.2 * Math.sin(3 * step * i));
  });
}

function levelled(signal: Signal): Signal {
  const level = rms(signal);
  return level === 0 ? signal : scaled(signal, 1 / level);
}

/** Single sounds. All come with a loudest moment of 1. */
export function noiseEvent(kind: NoiseEvent['kind'], random: Random): Signal {
  const sound = EVENTS[kind](random);
  return scaled(sound, 1 / peak(sound));
}

const EVENTS = {
  /** A switch, a key, a cable: a spark that makes some box ring for a few milliseconds. */
  click(random: Random): Signal {
    const spark = silence(random.between(15, 40));
    for (let i = 0; i < 16; i += 1) spark[i] = random.normal();
    const ringing = resonance(spark, random.between(900, 3500), random.between(2, 8));
    mixInto(ringing, spark, 0, 0.6);
    return ringing;
  },
  /**
   * The glottis bursts open (tens of milliseconds of loud wide noise), air rushes out through the mouth (noise that
   * decays, with the mouth's resonances), and the voice sounds as it closes, more in some than in others; one in three is
   * a cleared throat, which is mostly voice. 250 to 500 ms.
   */
  cough(random: Random): Signal {
    const lengthMs = random.between(250, 500);
    const clearsThroat = random.next() < 0.33;
    const rushMs = (clearsThroat ? random.between(0.15, 0.3) : random.between(0.4, 0.6)) * lengthMs;
    const mouth = [random.between(550, 800), random.between(1200, 1700), random.between(2400, 3100)];
    const burst = levelled(band(decaying(white(60, random), 18), 300, 6500));
    const rush = throughMouth(decaying(white(rushMs, random), rushMs / 3), mouth, [1.2, 1, 0.7]);
    const track = silence(lengthMs);
    mixInto(track, burst, 0, clearsThroat ? 0.3 : 1.3);
    mixInto(track, rush, samplesIn(20));
    const tail = throughMouth(glottis(lengthMs - 0.85 * rushMs, random), mouth, [1, 0.5, 0.2]);
    mixInto(track, tail, samplesIn(rushMs * 0.85), clearsThroat ? 1.5 : random.between(0.05, 0.5));
    return track;
  },
  /** Breathing into the receiver: soft-edged noise of half a second. */
  breath(random: Random): Signal {
    const air = band(white(random.between(350, 800), random), random.between(400, 700), random.between(2200, 3800));
    return air.map((sample, i) => sample * Math.sin((Math.PI * i) / air.length) ** 1.5);
  },
};

function throughMouth(source: Signal, hertz: readonly number[], levels: readonly number[]): Signal {
  const track = new Float32Array(source.length);
  for (const [index, hz] of hertz.entries()) mixInto(track, resonance(source, hz, 4), 0, levels[index]);
  return levelled(track);
}

/** The voice as it falls back: pulses that slow down, grow uneven and fade. */
function glottis(ms: number, random: Random): Signal {
  const pulses = silence(ms);
  const fromHz = random.between(110, 260);
  for (let at = 0; at < pulses.length; ) {
    const progress = at / pulses.length;
    pulses[Math.floor(at)] = Math.exp(-2.5 * progress);
    at += (16_000 / (fromHz * (1 - 0.35 * progress))) * random.between(0.96, 1.04);
  }
  return band(pulses, 60, 900);
}

const decaying = (signal: Signal, halfLifeMs: number): Signal =>
  signal.map((sample, i) => sample * 0.5 ** (i / samplesIn(halfLifeMs)));
