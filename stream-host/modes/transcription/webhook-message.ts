import { createHmac } from 'node:crypto';
import { z } from 'zod';
import type { Session, SessionEvent } from '../../../shared/sessions/session.ts';

/** The name under which finished words stand in a session's record (`session/session-log.ts`). */
const RECORDED_AS = 'transcript.final';
/** What the receiver is told of. Public: types are added, never renamed. */
const TYPE = 'parley.transcript.final';

const recorded = z.object({
  turn: z.int().positive(),
  speaker: z.string(),
  participant: z.string().exactOptional(),
  text: z.string(),
  offsetMs: z.number(),
  durationMs: z.number(),
  confidence: z.number().exactOptional(),
  language: z.string().exactOptional(),
  words: z.array(z.object({ text: z.string(), offsetMs: z.number(), durationMs: z.number() })).exactOptional(),
});

/** One request to the receiver. */
export interface WebhookMessage {
  /** The same in every attempt, and for nothing else: the receiver drops doubles by it. */
  readonly id: string;
  /** The number of the words in their session. */
  readonly turn: number;
  readonly body: string;
}

/**
 * Finished words as a CloudEvent 1.0 in structured JSON (https://github.com/cloudevents/spec); undefined where the entry of
 * the record is something else. `sequence` is CloudEvents' extension of that name, as text that sorts as the numbers do.
 */
export function webhookMessageOf(
  sessionId: string,
  session: Session | undefined,
  event: SessionEvent,
): WebhookMessage | undefined {
  if (event.type !== RECORDED_AS) return undefined;
  const words = recorded.safeParse(event.data).data;
  if (words === undefined) return undefined;
  const id = `${sessionId}:${words.turn}`;
  const body = JSON.stringify({
    specversion: '1.0',
    id,
    source: `/parley/sessions/${encodeURIComponent(sessionId)}`,
    type: TYPE,
    time: new Date(event.at).toISOString(),
    datacontenttype: 'application/json',
    sequence: String(words.turn).padStart(10, '0'),
    data: {
      session_id: sessionId,
      call_id: session?.callConnectionId ?? null,
      number: words.turn,
      speaker: words.speaker,
      participant: words.participant ?? null,
      text: words.text,
      offset_ms: words.offsetMs,
      duration_ms: words.durationMs,
      confidence: words.confidence ?? null,
      language: words.language ?? null,
      words: words.words?.map(({ text, offsetMs, durationMs }) => ({
        text,
        offset_ms: offsetMs,
        duration_ms: durationMs,
      })),
    },
  });
  return { id, turn: words.turn, body };
}

/**
 * The headers of a message, signed as Standard Webhooks does it (https://www.standardwebhooks.com): HMAC-SHA256 over id,
 * timestamp and body with a point between them, so that nobody can change any of the three, or send it again later.
 * @param secret any text; one that begins with `whsec_` is base64 behind that, as that convention has it
 */
export function signedHeaders(secret: string, { id, body }: WebhookMessage, wallMs: number): Record<string, string> {
  const timestamp = String(Math.floor(wallMs / 1000));
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : secret;
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return {
    'content-type': 'application/cloudevents+json; charset=utf-8',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signature}`,
  };
}
