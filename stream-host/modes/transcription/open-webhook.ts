import type { Redis } from 'ioredis';
import type { Clock } from '../../../shared/clock.ts';
import { ConfigError } from '../../../shared/errors.ts';
import type { NewId } from '../../../shared/ids.ts';
import type { Logger } from '../../../shared/log.ts';
import { SessionStore } from '../../../shared/sessions/session-store.ts';
import type { StreamHostSettings } from '../../../shared/settings/stream-host-settings.ts';
import type { CallTraces } from '../../../shared/telemetry/call-traces.ts';
import { WebhookDelivery } from './webhook-delivery.ts';
import { WebhookOutbox } from './webhook-outbox.ts';
import { webhookPost } from './webhook-post.ts';

interface OpenWebhookOptions {
  readonly config: Pick<
    StreamHostSettings,
    'TRANSCRIPTION_WEBHOOK_URL' | 'TRANSCRIPTION_WEBHOOK_SECRET' | 'SESSION_TTL_SECONDS'
  >;
  readonly redis: Redis;
  readonly clock: Clock;
  readonly random: () => number;
  readonly newId: NewId;
  readonly traces: Pick<CallTraces, 'client'>;
  /** Told of words that became a dead letter. */
  readonly onGivenUp: () => void;
  readonly log: Logger;
}

/**
 * The delivery of finished words, at work; undefined where no webhook is set.
 * @throws {ConfigError} an address without a secret: whoever is called could not tell us from anybody
 */
export function openWebhook({ config, redis, clock, random, newId, traces, onGivenUp, log }: OpenWebhookOptions) {
  const { TRANSCRIPTION_WEBHOOK_URL: url, TRANSCRIPTION_WEBHOOK_SECRET: secret, SESSION_TTL_SECONDS: ttl } = config;
  if (url === undefined) return undefined;
  if (secret === undefined) {
    throw new ConfigError('TRANSCRIPTION_WEBHOOK_URL is set and TRANSCRIPTION_WEBHOOK_SECRET is not: set it, too.');
  }
  const delivery = new WebhookDelivery({
    outbox: new WebhookOutbox(redis, { ttlMs: ttl * 1000, clock }),
    store: new SessionStore(redis, { ttlSeconds: ttl, now: () => clock.wallMs() }),
    post: webhookPost({ url, secret, clock, traces }),
    onGivenUp,
    holder: newId(),
    clock,
    random,
    log,
  });
  delivery.start();
  return delivery;
}
