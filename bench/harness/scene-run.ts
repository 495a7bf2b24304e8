import { setTimeout as sleep } from 'node:timers/promises';
import { recogniserScript } from '../corpus/recogniser-script.ts';
import type { Scene } from '../corpus/scene.ts';
import { LONG_ANSWER, SHORT_ANSWER } from './agent-clip.ts';
import type { Call } from './call.ts';
import type { Driver } from './driver.ts';
import type { AudioRun, Stop } from './far-end.ts';
import { monotonicMs, type SessionSettings } from './protocol.ts';

const AUDIBLE_TIMEOUT_MS = 5_000;
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
  /** When the model was asked, and with which words. */
  readonly asked: readonly { readonly atMs: number; readonly text: string }[];
  readonly faults: readonly string[];
}

export interface SceneRunOptions {
  readonly policy: SessionSettings['policy'];
  readonly llm: SessionSettings['llm'];
  readonly tts: SessionSettings['tts'];
  /** Sessions at once. */
  readonly atOnce: number;
  readonly signal: AbortSignal;
  /** A session was opened and its agent did not begin to speak; what came of it instead. */
  onSilentAgent(what: string): void;
}

/** Plays each scene in a session of its own, in real time, many at once. In the order of the scenes. */
export async function runScenes(
  driver: Driver,
  scenes: readonly Scene[],
  options: SceneRunOptions,
): Promise<SceneRun[]> {
  const results: SceneRun[] = [];
  let next = 0;
  const worker = async (number: number) => {
    await sleep(number * OPEN_EVERY_MS, undefined, { signal: options.signal });
    for (let index = next; index < scenes.length; index = next) {
      next += 1;
      const scene = scenes[index];
      options.signal.throwIfAborted();
      if (scene) results[index] = await runScene(driver, scene, options);
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.atOnce, scenes.length) }, (_, number) => worker(number)));
  return results;
}

async function runScene(driver: Driver, scene: Scene, options: SceneRunOptions): Promise<SceneRun> {
  const { audio, echo, gaps } = scene;
  const call = await openFor(driver, scene, options);
  const words = recogniserScript(scene);
  const startMs = await call.play({ audio, words, echo, ...(gaps ? { gaps } : {}) }, monotonicMs());
  // Before the session ends: what it does to its sink then is no answer to the scene.
  const result = relativeTo(startMs, scene, call);
  await driver.end(call);
  return result;
}

/** A session in the state that the scene asks for. One whose agent does not begin to speak is given up for another. */
async function openFor(
  driver: Driver,
  scene: Scene,
  { policy, llm, tts, onSilentAgent }: SceneRunOptions,
): Promise<Call> {
  const greeting = scene.during === 'agent-speaking' ? LONG_ANSWER : '';
  for (let attempt = 1; ; attempt += 1) {
    const call = await driver.open({ greeting, answer: SHORT_ANSWER, llm, tts, policy });
    if (greeting === '' || (await driver.untilAudible(call, AUDIBLE_TIMEOUT_MS))) return call;
    const { farEnd, stopCommands, faults } = call;
    onSilentAgent(`${farEnd.frames} frames, ${stopCommands.length} stops ${faults.join(', ')}`);
    await driver.end(call);
    if (attempt === ATTEMPTS) throw new Error(`the agent did not speak in ${scene.id}, ${ATTEMPTS} times`);
  }
}

function relativeTo(startMs: number, scene: Scene, { farEnd, asked, faults }: Call): SceneRun {
  return {
    scene,
    stops: farEnd.stops.map((stop) => ({ ...stop, atMs: stop.atMs - startMs })),
    runs: farEnd.runs.map((run) => ({ ...run, startMs: run.startMs - startMs })),
    asked: asked.map(({ atMs, text }) => ({ atMs: atMs - startMs, text })),
    faults,
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

const isLasting = ({ startMs }: AudioRun, stops: readonly Stop[]): boolean =>
  !stops.some(({ atMs }) => atMs > startMs && atMs < startMs + LASTING_MS);

/** A stop that should not have been, and how the agent came back from it. */
export interface FalseStop {
  readonly atMs: number;
  readonly resumed:
    | {
        readonly afterMs: number;
        /** Of the agent's voice: never heard (positive) or heard twice (negative). */
        readonly lostMs: number;
      }
    | undefined;
}

/** Stops of an agent that should have gone on, up to `untilMs`. */
export function falseStopsOf({ stops, runs }: SceneRun, untilMs = Number.POSITIVE_INFINITY): FalseStop[] {
  const found: FalseStop[] = [];
  for (const stop of stops) {
    if (stop.atMs < 0 || stop.atMs >= untilMs) continue;
    const before = found.at(-1);
    // A pause that is cleared a moment after it let go is still the same stop.
    if (before && !before.resumed) continue;
    const run = runs.find((next) => next.turn === stop.turn && next.startMs >= stop.atMs && isLasting(next, stops));
    const resumed = run && { afterMs: run.startMs - stop.atMs, lostMs: run.fromMs - stop.heardMs };
    found.push({ atMs: stop.atMs, resumed });
  }
  return found;
}

/** How the agent took the caller's turn. Delays from the turn's last audible speech. */
export interface TurnEnd {
  /** The agent spoke into the turn. */
  readonly cutOff: boolean;
  /** Until the agent was heard; undefined when it was not, within the scene. */
  readonly answeredAfterMs: number | undefined;
}

export function turnEndOf({ scene, runs, stops }: SceneRun): TurnEnd {
  const startMs = scene.utterances[0]?.startMs ?? 0;
  const endMs = scene.utterances.at(-1)?.endMs ?? 0;
  const cutOff = runs.some((run) => run.startMs > startMs && run.startMs < endMs);
  // An answer that is withdrawn as soon as it has begun is none.
  const answer = runs.find((run) => run.startMs >= endMs && isLasting(run, stops));
  return { cutOff, answeredAfterMs: answer && answer.startMs - endMs };
}
