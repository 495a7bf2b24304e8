import { z } from 'zod';
import { defineRoute } from '../route.ts';
import { STORE_ERRORS } from './calls.ts';

/** An event in either schema. Each is read by itself, so that a broken one does not take the others with it. */
const delivery = z
  .union([z.array(z.unknown()), z.record(z.string(), z.unknown())])
  .describe('One event or up to 100 of them, as CloudEvents 1.0 or in the schema of Event Grid.');

/** For the reference. */
const RINGING = {
  id: '2a1c6f0e-7d4b-4f7c-9d2e-5b8f0a9c1e37',
  topic: '/subscriptions/…/providers/Microsoft.Communication/CommunicationServices/parley',
  subject: '/caller/+15551230000/recipient/+15550100',
  eventType: 'Microsoft.Communication.IncomingCall',
  eventTime: '2026-05-29T09:30:00.000Z',
  dataVersion: '1.0',
  metadataVersion: '1',
  data: {
    to: { kind: 'phoneNumber', rawId: '4:+15550100', phoneNumber: { value: '+15550100' } },
    from: { kind: 'phoneNumber', rawId: '4:+15551230000', phoneNumber: { value: '+15551230000' } },
    incomingCallContext: 'eyJhbGciOiJub25lIn0',
    correlationId: '0f6c2a58-7f0e-4d55-8f0a-0a4f3b9b1d7e',
  },
};
const CONNECTED = {
  id: '8f0a0a4f-3b9b-4d7e-8c11-411f8b003b2c',
  source: 'calling/callConnections/411f8b00-3b2c-4d57-9a55-6f0d2c2e7c11',
  type: 'Microsoft.Communication.CallConnected',
  specversion: '1.0',
  time: '2026-05-29T09:30:01.000Z',
  data: {
    callConnectionId: '411f8b00-3b2c-4d57-9a55-6f0d2c2e7c11',
    serverCallId: 'aHR0cHM6Ly9hcGk',
    correlationId: '0f6c2a58-7f0e-4d55-8f0a-0a4f3b9b1d7e',
  },
};

export const takeIncomingCalls = defineRoute({
  name: 'calls-answer',
  half: 'functions',
  method: 'POST',
  path: '/api/v1/calls/answer',
  access: 'event-grid',
  summary: 'Takes ringing calls that Event Grid delivers',
  description: 'Each is answered once, however often it is delivered. Also answers Event Grid’s validation event.',
  headers: z.object({
    'aeg-delivery-count': z
      .string()
      .describe('How often Event Grid has tried before. At 0, it may be asked to come again.')
      .exactOptional(),
  }),
  body: delivery.meta({ example: [RINGING] }),
  answers: {
    200: z
      .union([
        z.object({ validationResponse: z.string() }),
        z.looseObject({
          status: z.string().describe('What became of the call, or `no events processed`.'),
          results: z
            .array(z.looseObject({ event_id: z.string().optional(), status: z.string() }))
            .describe('What became of each event.'),
        }),
      ])
      .meta({ id: 'IncomingCalls', description: 'All events were taken.' }),
  },
  errors: [
    ...STORE_ERRORS,
    'events.too-many',
    'once.running',
    'capacity.none-alive',
    'auth.keys-unavailable',
    'acs.unavailable',
    'acs.unreachable',
  ],
});

export const allowDelivery = defineRoute({
  name: 'calls-answer-handshake',
  half: 'functions',
  method: 'OPTIONS',
  path: '/api/v1/calls/answer',
  access: 'event-grid',
  summary: 'Tells a sender of CloudEvents that it may deliver here',
  headers: z.object({ 'webhook-request-origin': z.string().max(255).exactOptional() }),
  answers: { 200: z.undefined().describe('The sender may deliver.') },
  errors: ['events.no-origin'],
});

export const takeCallbacks = defineRoute({
  name: 'calls-callbacks',
  half: 'functions',
  method: 'POST',
  path: '/api/v1/calls/callbacks/{sessionId?}',
  access: 'acs-token',
  summary: 'Takes what ACS tells of calls that stand',
  params: z.object({ sessionId: z.string().max(256).exactOptional() }),
  headers: z.object({ 'x-ms-call-connection-id': z.string().max(256).exactOptional() }),
  body: delivery.meta({ example: [CONNECTED] }),
  answers: {
    200: z
      .object({
        status: z.literal('success'),
        processed_events: z.int().meta({ example: 1 }),
        failed_events: z.int().meta({ example: 0 }),
        duplicate_events: z.int().meta({ example: 0 }),
        ignored_events: z.int().meta({ example: 0 }),
        call_connection_id: z.string().nullable(),
        processing_system: z.literal('events_v1'),
      })
      .meta({ id: 'TakenCallbacks', description: 'All events were taken.' }),
  },
  errors: [
    ...STORE_ERRORS,
    'events.too-many',
    'calls.inbox-full',
    'session.version-conflict',
    'acs.unavailable',
    'acs.unreachable',
  ],
});
