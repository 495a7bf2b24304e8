import { z } from 'zod';

/** How ACS names somebody on the wire. `rawId` alone is enough; the rest says the same in parts. */
export type CommunicationIdentifier =
  | {
      readonly kind: 'phoneNumber';
      readonly rawId: string;
      readonly phoneNumber: { readonly value: string; readonly isAnonymous: boolean };
    }
  | { readonly kind: 'communicationUser'; readonly rawId: string; readonly communicationUser: { readonly id: string } }
  | {
      readonly kind: 'microsoftTeamsApp';
      readonly rawId: string;
      readonly microsoftTeamsApp: { readonly appId: string; readonly cloud: 'public' };
    };

export const phoneIdentifier = (number: string): CommunicationIdentifier => ({
  kind: 'phoneNumber',
  rawId: `4:${number}`,
  phoneNumber: { value: number, isAnonymous: false },
});

export const userIdentifier = (id: string): CommunicationIdentifier => ({
  kind: 'communicationUser',
  rawId: id,
  communicationUser: { id },
});

/** A Teams resource account, by its raw id: `28:orgid:…`. */
export const teamsIdentifier = (rawId: string): CommunicationIdentifier => ({
  kind: 'microsoftTeamsApp',
  rawId,
  microsoftTeamsApp: { appId: rawId.split(':').at(-1) ?? '', cloud: 'public' },
});

/** Of a number, or of a Teams resource account. */
export const identifierOf = (id: string): CommunicationIdentifier =>
  id.startsWith('+') ? phoneIdentifier(id) : teamsIdentifier(id);

/** An identifier as the SDK sends it: `kind` and `rawId` are missing in some operations. */
export const identifier = z.object({
  kind: z.string().optional(),
  rawId: z.string().optional(),
  phoneNumber: z.object({ value: z.string() }).optional(),
  communicationUser: z.object({ id: z.string() }).optional(),
  microsoftTeamsApp: z.object({ appId: z.string() }).optional(),
  microsoftTeamsUser: z.object({ userId: z.string() }).optional(),
});

/** `4:+1555…` for a phone, `8:acs:…` for a user; nothing when the identifier names neither. */
export function rawIdOf(given: z.output<typeof identifier>): string | undefined {
  if (given.phoneNumber) return `4:${given.phoneNumber.value}`;
  if (given.microsoftTeamsApp) return given.rawId ?? `28:orgid:${given.microsoftTeamsApp.appId}`;
  if (given.microsoftTeamsUser) return given.rawId ?? `8:orgid:${given.microsoftTeamsUser.userId}`;
  return given.communicationUser?.id ?? given.rawId;
}

/** The E.164 number of a raw id, or nothing when it names no phone. */
export const numberOf = (rawId: string): string | undefined => (rawId.startsWith('4:') ? rawId.slice(2) : undefined);
