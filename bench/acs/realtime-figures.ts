import type { PhoneRecord } from './phone-call.ts';
import type { RealtimeRecord } from './scripted-realtime.ts';

/** Each of the service's `delta`s has so much audio. */
const PIECE_MS = 100;

/**
 * One stretch of a measurement as the service and the far side saw it together, all in milliseconds. The far side knows an
 * answer by its mark, and so does the service.
 */
export function realtimeStretchOf(
  { stops, unpaced }: Pick<PhoneRecord, 'stops' | 'unpaced'>,
  { piecesMs, heard }: Pick<RealtimeRecord, 'piecesMs' | 'heard'>,
) {
  const heardOf = new Map(heard.map((start) => [start.answer, start]));
  const interruptions = stops.flatMap(({ answer, onsetMs, receivedMs }) => {
    const start = heardOf.get(answer);
    return start && onsetMs !== undefined ? [{ ...start, onsetMs, receivedMs }] : [];
  });
  const deltas = unpaced.flatMap(({ answer, ms, roomSinceMs, receivedMs }) => {
    const sentMs = piecesMs.get(answer)?.[Math.floor(ms / PIECE_MS)] ?? Number.NEGATIVE_INFINITY;
    return sentMs > roomSinceMs ? [{ ms, tookMs: receivedMs - sentMs }] : [];
  });
  return {
    /** From the service's audio delta to its frames at the far side, where no pacing held them back. */
    deltaToWireMs: deltas.map(({ tookMs }) => tookMs),
    /** The same without the first ones of answers, which a host that is late at times lets gather before it begins. */
    laterDeltaToWireMs: deltas.flatMap(({ ms, tookMs }) => (ms > 0 ? [tookMs] : [])),
    /** From `speech_started`, said at once, to StopAudio, unless our own detector was first all the same. */
    startedToStopMs: interruptions
      .filter(({ isLate, sentMs, receivedMs }) => !isLate && receivedMs >= sentMs)
      .map(({ sentMs, receivedMs }) => receivedMs - sentMs),
    /** From the caller's first frame of speech to StopAudio, where the service says nothing for long. */
    ownOnsetToStopMs: interruptions
      .filter(({ isLate }) => isLate)
      .map(({ onsetMs, receivedMs }) => receivedMs - onsetMs),
  };
}
