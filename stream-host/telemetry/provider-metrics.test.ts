import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProviderEvents } from '../../shared/providers/breaker.ts';
import { DIMENSION, METRIC } from '../../shared/telemetry/names.ts';
import { TypedEvents } from '../../shared/typed-events.ts';
import { countProviders } from './provider-metrics.ts';
import { KeptMetrics } from './testing/sinks.ts';

test('an outage of a provider counts once, however long it is probed, and each request that went elsewhere by why', () => {
  const events = new TypedEvents<ProviderEvents>((_, error) => assert.fail(String(error)));
  const metrics = new KeptMetrics();
  countProviders(events, metrics);
  const outage = () => {
    for (const state of ['open', 'probing', 'open', 'probing', 'closed'] as const) {
      events.emit('breaker', { provider: 'chat-model', state, code: 'model.silent' });
    }
  };
  outage();
  outage();
  events.emit('switched', { from: 'chat-model', to: 'chat-model-fallback' });
  assert.deepEqual(metrics.values(METRIC.providersAway), [1, 1]);
  assert.deepEqual(metrics.all.at(-1), {
    name: METRIC.providerSwitches.name,
    value: 1,
    dimensions: { [DIMENSION.provider]: 'chat-model-fallback', [DIMENSION.reason]: 'late' },
  });
});
