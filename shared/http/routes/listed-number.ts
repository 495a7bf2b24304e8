import { z } from 'zod';
import { partyId } from '../../carrier/party-id.ts';

/**
 * A telephone as it is listed: its plus may have become a space on the way, or been left out, and it may come as a raw id.
 * One without a country, as of an extension, has a raw id, and is listed by what that has of digits.
 */
function storedNumber(given: string): string {
  const [, marked, bare] = /^(?:4:)?(?:[ +]([1-9]\d{1,14})|([1-9]\d{7,14}))$/.exec(given) ?? [];
  const digits = marked ?? bare;
  return digits === undefined ? given : `+${digits}`;
}

/** The digits of a raw id of a telephone that is no number in E.164. */
const EXTENSION = /^4:(\d{1,15})$/;

/** Whom calls are listed of. */
export const listedNumber = z
  .string()
  .max(256)
  .overwrite(storedNumber)
  .refine((number) => partyId.safeParse(number).success, {
    error:
      'must be all of a number in E.164, with its country, such as +15551230000, or a raw id, such as 8:orgid:<object id>',
  })
  .overwrite((number) => EXTENSION.exec(number)?.[1] ?? number);
