import { z } from 'zod';
import type { PartyId } from './carrier.ts';

/** A number in E.164. */
export const E164 = /^\+[1-9]\d{1,14}$/;
const GUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
/** A Teams resource account: the object id that Entra has for it, by itself or as in a raw id. Of the public cloud, or another. */
const TEAMS_ACCOUNT = new RegExp(`^(?:28:(?:orgid|dod|gcch):)?${GUID}$`, 'i');

const RAW_ID = /^\d{1,2}:[\w.:+-]+$/;

/**
 * A Teams resource account, by which Teams Phone calls and is called: `28:orgid:<object id>`. The object id alone will do.
 */
export const teamsAccount = z
  .string()
  .regex(TEAMS_ACCOUNT, 'must be the object id of a Teams resource account, or 28:orgid: and that')
  .transform((id): PartyId => (id.includes(':') ? id : `28:orgid:${id}`).toLowerCase());

/** Whom a call may be from: a number, or a Teams resource account. */
export const callerId = z
  .string()
  .regex(
    new RegExp(`${E164.source}|${TEAMS_ACCOUNT.source}`, 'i'),
    'must be a number in E.164, such as +15551230000, or a Teams resource account, such as 28:orgid:<object id>',
  )
  .transform((id): PartyId => (id.startsWith('+') ? id : teamsAccount.parse(id)));

/** Whom a call may be to: the same, or whatever else the carrier names by a raw id, such as `8:orgid:…` (a Teams user). */
export const partyId = z
  .string()
  .max(256)
  .regex(
    new RegExp(`${E164.source}|${TEAMS_ACCOUNT.source}|${RAW_ID.source}`, 'i'),
    'must be a number in E.164, such as +15551230000, or a raw id, such as 28:orgid:<object id>',
  )
  .transform((id): PartyId => callerId.safeParse(id).data ?? id);

/** Whether a party is reached through Teams: a resource account, or somebody who has Teams. */
export const isTeams = (id: PartyId): boolean => /^(?:28:|8:(?:orgid|dod|gcch):)/.test(id);
