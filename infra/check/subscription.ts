import { type Delivery, SUBSCRIPTION_NAME, wantedSubscription } from '../hooks/incoming-calls.ts';
import { at, shown } from './expansion.ts';
import type { Finding } from './finding.ts';

const TARGET = 'properties.destination.properties';
/** A call rings 30 s, each alone: an event that comes late or in a batch answers a call that is gone. */
const RULES: readonly (readonly [path: string, must: unknown])[] = [
  ['properties.eventDeliverySchema', 'EventGridSchema'],
  ['properties.destination.endpointType', 'WebHook'],
  [`${TARGET}.maxEventsPerBatch`, 1],
  ['properties.filter.includedEventTypes', ['Microsoft.Communication.IncomingCall']],
  ['properties.retryPolicy', { maxDeliveryAttempts: 2, eventTimeToLiveInMinutes: 1 }],
];

const ENTRA = { kind: 'entra', tenantId: 'tenant', audience: 'audience' } as const;
const DELIVERIES: readonly Delivery[] = [ENTRA, { kind: 'key', key: 'key' } as const].map((auth) => ({
  topicId: '/subscriptions/x',
  functionsUrl: 'https://name.example.net',
  auth,
}));

/** The subscription to ringing calls, which no template has: a hook makes it. */
export function subscriptionFindings(wanted: (delivery: Delivery) => unknown = wantedSubscription): Finding[] {
  return DELIVERIES.flatMap((delivery) => {
    const body = wanted(delivery);
    const proof = delivery.auth.kind === 'entra' ? delivery.auth : undefined;
    const rules: typeof RULES = [
      ...RULES,
      [`${TARGET}.azureActiveDirectoryTenantId`, proof?.tenantId],
      [`${TARGET}.azureActiveDirectoryApplicationIdOrUri`, proof?.audience],
    ];
    return rules
      .filter(([path, must]) => JSON.stringify(at(body, path)) !== JSON.stringify(must))
      .map(
        ([path, must]): Finding => ({
          check: 'subscription',
          where: `infra/hooks/incoming-calls.ts: ${SUBSCRIPTION_NAME} by ${delivery.auth.kind}, ${path}`,
          what: shown(at(body, path)),
          allowed: shown(must),
        }),
      );
  });
}
