import { AcsTokenVerifier } from '../../auth/acs-token.ts';
import type { CarrierKind } from '../carrier-kind.ts';
import { AcsCarrier } from './acs-carrier.ts';
import { acsAccessOf } from './acs-client.ts';
import { acsLine } from './acs-line.ts';

/** Azure Communication Services: Call Automation, and Teams Phone by way of it. */
export const acs: CarrierKind = {
  name: 'acs',
  line: acsLine,
  callIdHeader: 'x-ms-call-connection-id',
  open: ({ settings, credential, ...where }) => new AcsCarrier({ access: acsAccessOf(settings, credential), ...where }),
  openProof: (settings, clock) =>
    new AcsTokenVerifier({
      jwksUrl: settings.ACS_JWKS_URL,
      issuer: settings.ACS_TOKEN_ISSUER,
      audience: settings.ACS_RESOURCE_ID,
      clock,
    }),
};
