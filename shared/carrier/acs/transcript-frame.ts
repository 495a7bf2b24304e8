import { z } from 'zod';
import type { ServiceTranscript } from '../service-transcript.ts';

/**
 * The words of ACS's own transcription, which come on a socket of their own: a `TranscriptionMetadata`, then a
 * `TranscriptionData` for each change of a phrase. Only fields of the GA release; times are ticks of 100 ns.
 * (https://learn.microsoft.com/azure/communication-services/concepts/call-automation/real-time-transcription)
 */

const TICKS_PER_MS = 10_000;
/** Longer phrases than a recogniser's are none; and a frame is bounded before it is read. */
const MOST_WORDS = 500;
/**
 * Microsoft's own example has an offset of 2,516,998,782,481,234,400 ticks, which is a date counted backwards. What cannot
 * be a place in a call counts as 0.
 */
const LONGEST_CALL_TICKS = 7 * 86_400_000 * TICKS_PER_MS;

const ticks = z.number().min(0).max(LONGEST_CALL_TICKS).catch(0);
const word = z.object({ text: z.string(), offset: ticks, duration: ticks });

/** With keys in lower case, as they are compared without it. */
export const transcriptBody = z.object({
  text: z.string('The transcript has no text.').max(16_384),
  confidence: z.number().min(0).max(1).optional().catch(undefined),
  offset: ticks,
  duration: ticks,
  words: z.array(word).max(MOST_WORDS).catch([]),
  participantrawid: z.string().max(256).optional().catch(undefined),
  resultstatus: z.string().catch(''),
});

export function transcriptOf(body: z.output<typeof transcriptBody>): ServiceTranscript {
  const { text, confidence, offset, duration, words, participantrawid, resultstatus } = body;
  return {
    text,
    final: resultstatus.toLowerCase() === 'final',
    ...(participantrawid && { participant: participantrawid }),
    ...(confidence !== undefined && { confidence }),
    offsetMs: offset / TICKS_PER_MS,
    durationMs: duration / TICKS_PER_MS,
    words: words.map((each) => ({
      text: each.text,
      offsetMs: each.offset / TICKS_PER_MS,
      durationMs: each.duration / TICKS_PER_MS,
    })),
  };
}

export function encodeTranscript(phrase: ServiceTranscript): string {
  const inTicks = (ms: number) => Math.round(ms * TICKS_PER_MS);
  return JSON.stringify({
    kind: 'TranscriptionData',
    transcriptionData: {
      text: phrase.text,
      format: 'display',
      confidence: phrase.confidence ?? 0,
      offset: inTicks(phrase.offsetMs),
      duration: inTicks(phrase.durationMs),
      words: phrase.words.map(({ text, offsetMs, durationMs }) => ({
        text,
        offset: inTicks(offsetMs),
        duration: inTicks(durationMs),
      })),
      participantRawID: phrase.participant,
      resultStatus: phrase.final ? 'Final' : 'Intermediate',
    },
  });
}

export const encodeTranscriptMetadata = (subscriptionId: string, locale: string, ids: TranscriptCall): string =>
  JSON.stringify({ kind: 'TranscriptionMetadata', transcriptionMetadata: { subscriptionId, locale, ...ids } });

export interface TranscriptCall {
  readonly callConnectionId: string;
  readonly correlationId: string;
}
