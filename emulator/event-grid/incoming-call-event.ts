import { randomUUID } from 'node:crypto';
import { phoneIdentifier } from '../acs/identifiers.ts';
import type { GridEvent } from './envelope.ts';

/** The event that offers a call. The service's TypeScript types rename `to` and `from`; the wire does not. */
export function incomingCallEvent(call: {
  readonly from: string;
  readonly to: string;
  readonly displayName: string;
  /** The agent that shall answer. */
  readonly agent?: string;
  /** The streaming mode that it shall have. */
  readonly mode?: string;
  readonly serverCallId: string;
  readonly correlationId: string;
  readonly incomingCallContext: string;
}): GridEvent {
  return {
    id: randomUUID(),
    eventType: 'Microsoft.Communication.IncomingCall',
    subject: `/caller/4:${call.from}/recipient/4:${call.to}`,
    eventTime: new Date().toISOString(),
    dataVersion: '1.0',
    data: {
      to: phoneIdentifier(call.to),
      from: phoneIdentifier(call.from),
      serverCallId: call.serverCallId,
      callerDisplayName: call.displayName,
      customContext: {
        sipHeaders: {
          ...(call.agent !== undefined && { 'X-MS-Custom-Agent': call.agent }),
          ...(call.mode !== undefined && { 'X-MS-Custom-Streaming-Mode': call.mode }),
        },
        voipHeaders: {},
      },
      incomingCallContext: call.incomingCallContext,
      correlationId: call.correlationId,
    },
  };
}
