import type { Azure } from './azure.ts';
import { at, listAt, numberAt, textAt } from './json.ts';
import { HookError } from './reach.ts';

/** Event Grid's own app in the public cloud, in every tenant. */
export const EVENT_GRID_APP = '4962773b-9cdb-44cf-a8bf-237846a00ab7';
/** `infra/queries/calls-undelivered.kql` looks for this name. */
export const SUBSCRIPTION_NAME = 'incoming-call';
const API_VERSION = '2025-02-15';

/** Where ringing calls are delivered, and by what Event Grid shows who it is. */
export interface Delivery {
  /** Of the topic of Communication Services. */
  readonly topicId: string;
  /** Of the functions, without a slash at its end. */
  readonly functionsUrl: string;
  readonly auth:
    | { readonly kind: 'entra'; readonly tenantId: string; readonly audience: string }
    | { readonly kind: 'key'; readonly key: string };
}

/**
 * The subscription to ringing calls. A call rings 30 s and a late event is worth nothing: two attempts, a minute to live,
 * and one event in a delivery, so that none waits for another.
 */
export function wantedSubscription({ functionsUrl, auth }: Delivery): unknown {
  const url = `${functionsUrl}/api/v1/calls/answer`;
  return {
    properties: {
      eventDeliverySchema: 'EventGridSchema',
      destination: {
        endpointType: 'WebHook',
        properties: {
          endpointUrl: auth.kind === 'key' ? `${url}?code=${encodeURIComponent(auth.key)}` : url,
          maxEventsPerBatch: 1,
          ...(auth.kind === 'entra' && {
            azureActiveDirectoryTenantId: auth.tenantId,
            azureActiveDirectoryApplicationIdOrUri: auth.audience,
          }),
        },
      },
      filter: { includedEventTypes: ['Microsoft.Communication.IncomingCall'] },
      retryPolicy: { maxDeliveryAttempts: 2, eventTimeToLiveInMinutes: 1 },
    },
  };
}

/**
 * Makes the subscription, or changes it where it is another. Event Grid asks the endpoint then, so that the functions must
 * answer already.
 *
 * @returns whether anything was changed
 * @throws {HookError} the endpoint did not answer Event Grid as it must
 */
export async function ensureSubscription(arm: Azure, delivery: Delivery): Promise<boolean> {
  const wanted = wantedSubscription(delivery);
  const path = `${delivery.topicId}/eventSubscriptions/${SUBSCRIPTION_NAME}`;
  const query = `?api-version=${API_VERSION}`;
  const found = await arm.ask('GET', path + query, { expect: [404] });
  if (found.status !== 404 && textAt(found.body, 'properties.provisioningState') === 'Succeeded') {
    // The address is told only to who asks for it, as a key may be in it.
    const { body } = await arm.ask('POST', `${path}/getFullUrl${query}`);
    if (isSame(found.body, wanted, textAt(body, 'endpointUrl'))) return false;
  }
  await arm.ask('PUT', path + query, { body: wanted });
  await arm.settled(path + query);
  return true;
}

function isSame(found: unknown, wanted: unknown, endpointUrl: string | undefined): boolean {
  const target = 'properties.destination.properties';
  const texts = [
    'properties.eventDeliverySchema',
    'properties.destination.endpointType',
    `${target}.azureActiveDirectoryTenantId`,
    `${target}.azureActiveDirectoryApplicationIdOrUri`,
  ];
  const numbers = [
    `${target}.maxEventsPerBatch`,
    'properties.retryPolicy.maxDeliveryAttempts',
    'properties.retryPolicy.eventTimeToLiveInMinutes',
  ];
  const types = 'properties.filter.includedEventTypes';
  return (
    endpointUrl === textAt(wanted, `${target}.endpointUrl`) &&
    texts.every((place) => (textAt(found, place) ?? '') === (textAt(wanted, place) ?? '')) &&
    numbers.every((place) => numberAt(found, place) === numberAt(wanted, place)) &&
    JSON.stringify(listAt(found, types)) === JSON.stringify(listAt(wanted, types))
  );
}

/** The key of the functions' app that is left where EVENT_GRID_AUTH is key. */
export async function functionKey(arm: Azure, siteId: string): Promise<string> {
  const { body } = await arm.ask('POST', `${siteId}/host/default/listKeys?api-version=2024-11-01`);
  const key = textAt(at(body, 'functionKeys'), 'default');
  if (key === undefined)
    throw new HookError('The functions have no key named default. Deploy them first: azd deploy functions');
  return key;
}
