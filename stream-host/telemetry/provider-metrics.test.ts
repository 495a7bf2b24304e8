import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProviderEvents } from '../../shared/providers/breaker.ts';
import { DIMENSION, METRIC } from '../../shared/telemetry/names.ts';
import { TypedEvents } from '../../shared/typed-events.ts';
import { countProviders } from './provider-metrics.ts';
import { KeptMetrics } from './testing/sinks.ts';

test('each outage of a provider counts, and each request that went elsewhere, by why', () => {
  const events = new TypedEvents<ProviderEvents>((_, error) => assert.fail(String(error)));
  const metrics = new KeptMetrics();
  countProviders(events, metrics);
  events.emit('away', { provider: 'chat-model', code: 'model.silent' });
  events.emit('back', { provider: 'chat-model' });
  events.emit('switched', { from: 'chat-model', to: 'chat-model-fallback' });
  assert.deepEqual(
    metrics.all.map(({ name, dimensions }) => [name, dimensions]),
    [
      [METRIC.providersAway.name, { [DIMENSION.provider]: 'chat-model', [DIMENSION.reason]: 'model.silent' }],
      [METRIC.providerSwitches.name, { [DIMENSION.provider]: 'chat-model-fallback', [DIMENSION.reason]: 'late' }],
    ],
  );
});
