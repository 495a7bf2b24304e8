import { setTimeout as sleep } from 'node:timers/promises';
import { recogniserScript } from '../corpus/recogniser-script.ts';
import type { Scene } from '../corpus/scene.ts';
import { monotonicMs } from '../time.ts';
import type { Call } from './call.ts';
import type { Driver } from './driver.ts';
import type { AudioRun, Stop } from './far-end.ts';
import type { SessionSettings } from './protocol.ts';
import { LONG_ANSWER, SHORT_ANSWER } from './spoken.ts';

const AUDIBLE_TIMEOUT_MS = 5000;
const ATTEMPTS = 3;
/** Sessions begin one after another: to open one is work, and it should not be in the others' figures. */
const OPEN_EVERY_MS = 100;
/** What is cut off again within this is a blip, no going on. */
const LASTING_MS = 250;

/** What happened in a scene. Times in milliseconds from the scene's start. */
export interface SceneRun {
  readonly scene: Scene;
  readonly stops: readonly Stop[];
  readonly runs: readonly AudioRun[];
}

/** What the system under test is set to, and how long its scripted model and voice take. */
export type SceneSettings = Pick<SessionSettings, 'policy' | 'llm' | 'tts'>;

export interface SceneOptions extends SceneSettings {
  /** Sessions at once. */
  readonly atOnce: number;
  readonly signal: AbortSignal;
  /** A session was opened and its agent did not begin to speak; what came of it instead. */
  onSilentAgent(what: string): void;
}

/** Plays each scene in a session of its own, in real time, many at once. In the order of the scenes. */
export async function runScenes(driver: Driver, scenes: readonly Scene[], options: SceneOptions): Promise<SceneRun[]> {
  const results: SceneRun[] = [];
  const waiting = [...scenes.entries()];
  const worker = async (number: number) => {
    await sleep(number * OPEN_EVERY_MS, undefined, { signal: options.signal });
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      options.signal.throwIfAborted();
      const [index, scene] = next;
      const call = await openFor(driver, scene, options);
      const startMs = await call.play(playbackOf(scene), monotonicMs());
      // Before the session ends: what it does to its sink then is no answer to the scene.
      results[index] = sceneRun(scene, call, startMs);
      await driver.end(call);
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.atOnce, scenes.length) }, (_, number) => worker(number)));
  return results;
}

/** A session in the state that the scene asks for. One whose agent does not begin to speak is given up for another. */
async function openFor(driver: Driver, scene: Scene, options: SceneOptions): Promise<Call> {
  const settings = settingsFor(scene, options);
  for (let attempt = 1; ; attempt += 1) {
    const call = await driver.open(settings);
    if (settings.greeting === '' || (await driver.untilAudible(call, AUDIBLE_TIMEOUT_MS))) return call;
    options.onSilentAgent([scene.id, ...call.faults].join(', '));
    await driver.end(call);
    if (attempt === ATTEMPTS) throw new Error(`the agent did not speak in ${scene.id}, ${ATTEMPTS} times`);
  }
}

export function settingsFor({ during }: Scene, { policy, llm, tts }: SceneSettings): SessionSettings {
  return { greeting: during === 'agent-speaking' ? LONG_ANSWER : '', answer: SHORT_ANSWER, llm, tts, policy };
}

export function playbackOf(scene: Scene) {
  const { audio, echo } = scene;
  return { audio, words: recogniserScript(scene), ...(echo && { echo }) };
}

/** @param startMs when the scene began, on the far end's clock */
export function sceneRun(scene: Scene, { farEnd }: Call, startMs: number): SceneRun {
  return {
    scene,
    stops: farEnd.stops.map((stop) => ({ ...stop, atMs: stop.atMs - startMs })),
    runs: farEnd.runs.map((run) => ({ ...run, startMs: run.startMs - startMs })),
  };
}

/** From the caller's first audible speech to the stop. `missed`: the agent spoke on until the caller was done. */
export function interruptionOf({ scene, stops }: SceneRun): { readonly delayMs: number } | 'missed' | 'stopped before' {
  const cutIn = scene.utterances.find(({ kind }) => kind === 'interruption');
  if (!cutIn) throw new Error(`${scene.id} has no interruption`);
  const stop = stops.find(({ atMs }) => atMs >= cutIn.startMs && atMs <= cutIn.endMs);
  if (stop) return { delayMs: stop.atMs - cutIn.startMs };
  return stops.some(({ atMs }) => atMs < cutIn.startMs) ? 'stopped before' : 'missed';
}

/** Delays of the interruptions that were heeded. */
export const stopDelaysOf = (runs: readonly SceneRun[]): number[] =>
  runs.map(interruptionOf).flatMap((found) => (typeof found === 'string' ? [] : [found.delayMs]));

const isLasting = ({ startMs }: AudioRun, stops: readonly Stop[]): boolean =>
  !stops.some(({ atMs }) => atMs > startMs && atMs < startMs + LASTING_MS);

/** How the agent came back from a stop. `lostMs` of its voice: never heard (positive) or heard twice (negative). */
interface FalseStop {
  readonly resumed: { readonly afterMs: number; readonly lostMs: number } | undefined;
}

/** Stops of an agent that should have gone on. */
export function falseStopsOf({ stops, runs }: SceneRun): FalseStop[] {
  const found: FalseStop[] = [];
  for (const stop of stops) {
    const before = found.at(-1);
    // A pause that is cleared a moment after it let go is still the same stop; what was heard in between is not lost.
    if (stop.atMs < 0 || (before && !before.resumed)) continue;
    const run = runs.find((next) => next.turn === stop.turn && next.startMs >= stop.atMs && isLasting(next, stops));
    const { heardMs } = stops.findLast(({ atMs }) => atMs <= (run?.startMs ?? 0)) ?? stop;
    found.push({ resumed: run && { afterMs: run.startMs - stop.atMs, lostMs: run.fromMs - heardMs } });
  }
  return found;
}

export const hasFalseStop = (run: SceneRun): boolean => falseStopsOf(run).length > 0;

/** How long the agent was silent at false stops, and how much of its voice was lost or heard twice then. */
export const pausesOf = (runs: readonly SceneRun[]): number[] =>
  runs.flatMap(falseStopsOf).flatMap(({ resumed }) => resumed?.afterMs ?? []);
export const lossesOf = (runs: readonly SceneRun[]): number[] =>
  runs.flatMap(falseStopsOf).flatMap(({ resumed }) => (resumed ? Math.abs(resumed.lostMs) : []));

/**
 * How the agent took the caller's turn. `cutOff`: it spoke into it. `answeredAfterMs`: from the turn's last audible speech
 * until the agent was heard; undefined when it was not, within the scene.
 */
export function turnEndOf({ scene, runs, stops }: SceneRun) {
  const startMs = scene.utterances[0]?.startMs ?? 0;
  const endMs = scene.utterances.at(-1)?.endMs ?? 0;
  const cutOff = runs.some((run) => run.startMs > startMs && run.startMs < endMs);
  // An answer that is withdrawn as soon as it has begun is none.
  const answer = runs.find((run) => run.startMs >= endMs && isLasting(run, stops));
  return { cutOff, answeredAfterMs: answer && answer.startMs - endMs };
}

/** Delays of turns that were not cut off. */
export const answerDelaysOf = (runs: readonly SceneRun[]): number[] =>
  runs.map(turnEndOf).flatMap(({ cutOff, answeredAfterMs }) => (cutOff ? [] : (answeredAfterMs ?? [])));
