import { randomUUID } from 'node:crypto';
import { isTeams } from '../../shared/carrier/party-id.ts';
import { type CommunicationIdentifier, identifierOf, phoneIdentifier, teamsIdentifier } from '../acs/identifiers.ts';
import type { GridEvent } from './envelope.ts';

/**
 * The events that offer a call: one, or two of a call to a Teams resource account, whose telephone leg and whose leg of an
 * identity are each announced. ("Lowest latency best practices for Teams Phone extensibility")
 */
export function incomingCallEvents(
  call: Parameters<typeof incomingCallEvent>[0],
  application: CommunicationIdentifier,
  otherContext: string,
): GridEvent[] {
  const event = incomingCallEvent(call);
  if (!isTeams(call.to)) return [event];
  const leg = { to: application, onBehalfOfCallee: teamsIdentifier(call.to), incomingCallContext: otherContext };
  return [event, { ...event, id: randomUUID(), data: { ...event.data, ...leg } }];
}

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
    subject: `/caller/4:${call.from}/recipient/${identifierOf(call.to).rawId}`,
    eventTime: new Date().toISOString(),
    dataVersion: '1.0',
    data: {
      to: identifierOf(call.to),
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
