import type { PhoneRecord } from './phone-call.ts';
import type { RealtimeRecord } from './scripted-realtime.ts';

/** Each of the service's `delta`s has so much audio. */
const PIECE_MS = 100;

/** One stretch of a measurement as the service and the far side saw it together. All in milliseconds. */
export interface RealtimeStretch {
  /** From the service's audio delta to its frames at the far side, where no pacing held them back. */
  readonly deltaToWireMs: readonly number[];
  /** The same without the first ones of answers, which a host that is late at times lets gather before it begins. */
  readonly laterDeltaToWireMs: readonly number[];
  /** From the service's `speech_started`, said at once, to StopAudio at the far side. */
  readonly startedToStopMs: readonly number[];
  /** From the caller's first frame of speech to StopAudio, where the service says nothing for long. */
  readonly ownOnsetToStopMs: readonly number[];
  /** The same where the service speaks when real ones do, and to its `speech_started` alone. */
  readonly onsetToStopMs: readonly number[];
  readonly onsetToStartedMs: readonly number[];
}

/** The far side knows an answer by its mark, and so does the service. */
export function realtimeStretchOf(
  { stops, unpaced }: Pick<PhoneRecord, 'stops' | 'unpaced'>,
  { piecesMs, heard }: Pick<RealtimeRecord, 'piecesMs' | 'heard'>,
): RealtimeStretch {
  const heardOf = new Map(heard.map((start) => [start.answer, start]));
  const interruptions = stops.flatMap(({ answer, onsetMs, receivedMs }) => {
    const start = heardOf.get(answer);
    return start && onsetMs !== undefined ? [{ ...start, onsetMs, receivedMs }] : [];
  });
  const [atOnce, usual, late] = (['at-once', 'usual', 'late'] as const).map((kind) =>
    interruptions.filter(({ how }) => how === kind),
  );
  const deltas = unpaced.flatMap(({ answer, ms, roomSinceMs, receivedMs }) => {
    const sentMs = piecesMs.get(answer)?.[Math.floor(ms / PIECE_MS)] ?? Number.NEGATIVE_INFINITY;
    return sentMs > roomSinceMs ? [{ ms, tookMs: receivedMs - sentMs }] : [];
  });
  return {
    deltaToWireMs: deltas.map(({ tookMs }) => tookMs),
    laterDeltaToWireMs: deltas.flatMap(({ ms, tookMs }) => (ms > 0 ? [tookMs] : [])),
    // Where our own detector was first all the same, the stop answers that.
    startedToStopMs: (atOnce ?? []).flatMap(({ sentMs, receivedMs }) =>
      receivedMs >= sentMs ? [receivedMs - sentMs] : [],
    ),
    ownOnsetToStopMs: (late ?? []).map(({ onsetMs, receivedMs }) => receivedMs - onsetMs),
    onsetToStopMs: (usual ?? []).map(({ onsetMs, receivedMs }) => receivedMs - onsetMs),
    onsetToStartedMs: (usual ?? []).map(({ onsetMs, sentMs }) => sentMs - onsetMs),
  };
}
