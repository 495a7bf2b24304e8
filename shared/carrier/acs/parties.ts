import type { CallInvite, CallParticipant } from '@azure/communication-call-automation';
import type { Participant } from '../call-events.ts';
import type { PartyId } from '../carrier.ts';

/** Somebody as the SDK names him. */
export type AcsParty = CallInvite['targetParticipant'];
type AnyAcsParty = NonNullable<CallParticipant['identifier']>;

/**
 * Clouds by the prefixes of raw ids, as the SDK's `createIdentifierFromRawId` reads them. It comes with a package that is not
 * ours to import.
 */
type Cloud = 'public' | 'dod' | 'gcch';
const TEAMS_USERS: Readonly<Record<string, Cloud>> = { '8:orgid:': 'public', '8:dod:': 'dod', '8:gcch:': 'gcch' };
const TEAMS_APPS: Readonly<Record<string, Cloud>> = { '28:orgid:': 'public', '28:dod:': 'dod', '28:gcch:': 'gcch' };
const ACS_USERS: Readonly<Record<string, Cloud>> = { '8:acs:': 'public', '8:dod-acs:': 'dod', '8:gcch-acs:': 'gcch' };

/**
 * Reads E.164, or a raw id: `4:+1555…` (a telephone), `8:orgid:…` (a Teams user), `28:orgid:…` (a Teams resource account),
 * `8:acs:RESOURCE_TENANT_USER` (a Teams user behind Phone Extensibility), and anything else as an identity of ACS. What names no
 * kind is a telephone without a country: `anonymous`, or an extension.
 */
export function acsPartyOf(id: PartyId): AcsParty {
  if (!id.includes(':')) return { phoneNumber: id };
  if (id.startsWith('4:')) return { phoneNumber: id.slice('4:'.length) };
  const prefix = /^[^:]*:[^:]*:/.exec(id)?.[0] ?? '';
  const rest = id.slice(prefix.length);
  const teamsUser = TEAMS_USERS[prefix];
  if (teamsUser !== undefined) return { microsoftTeamsUserId: rest, rawId: id, cloud: teamsUser };
  const teamsApp = TEAMS_APPS[prefix];
  if (teamsApp !== undefined) return { teamsAppId: rest, rawId: id, cloud: teamsApp };
  const acsUser = ACS_USERS[prefix];
  const [resourceId, tenantId, userId, ...more] = rest.split('_');
  if (acsUser !== undefined && resourceId && tenantId && userId && more.length === 0) {
    return { resourceId, tenantId, userId, rawId: id, cloud: acsUser };
  }
  return { communicationUserId: id };
}

/** E.164 where it is a telephone, else the raw id. */
export function partyIdOf(party: AnyAcsParty): PartyId {
  if ('phoneNumber' in party) return party.phoneNumber;
  if ('communicationUserId' in party) return party.communicationUserId;
  if ('microsoftTeamsUserId' in party) return party.rawId ?? `8:orgid:${party.microsoftTeamsUserId}`;
  if ('teamsAppId' in party) return party.rawId ?? `28:orgid:${party.teamsAppId}`;
  if ('userId' in party) return party.rawId ?? `8:acs:${party.resourceId}_${party.tenantId}_${party.userId}`;
  return party.id;
}

export const participantOf = ({ identifier, isMuted, isOnHold }: CallParticipant): Participant => ({
  id: identifier === undefined ? '' : partyIdOf(identifier),
  muted: isMuted ?? false,
  onHold: isOnHold ?? false,
});
