import { z } from 'zod';
import { kinds, setting } from './setting.ts';

const guid = z
  .string()
  .regex(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i)
  .transform((id) => id.toLowerCase());

/** Client ids of applications in Entra. */
export const clientIds = z
  .string()
  .transform((text) => text.split(',').map((id) => id.trim()))
  .pipe(z.array(guid).min(1));

/** Who may use the API, and what its reference says of that. Both halves ask alike. */
export const doorSettings = {
  API_AUTH: setting(z.enum(['key', 'entra']).default('key'), {
    about:
      'Who may use the API: whoever has a key of the function app, or whoever has a token of Entra for API_AUDIENCE. docs/security.md tells of both.',
    allowed: 'key or entra',
  }),
  EVENT_GRID_AUTH: setting(z.enum(['key', 'entra']).default('key'), {
    about:
      'By what Event Grid shows who it is when it delivers a ringing call: a key of the function app in the address of the subscription, or a token of Entra for EVENT_GRID_AUDIENCE.',
    allowed: 'key or entra',
  }),
  API_TENANT_ID: setting(guid.optional(), {
    about: 'The tenant of Entra whose tokens are taken, where API_AUTH or EVENT_GRID_AUTH is entra.',
    allowed: 'the id of the tenant where one of them is entra',
  }),
  API_AUDIENCE: setting(kinds.text.optional(), {
    about: 'The application in Entra that stands for the API: tokens must be made out to it.',
    allowed: 'its client id or its URI, such as api://<client id>, where API_AUTH is entra',
  }),
  API_CALLERS: setting(clientIds.optional(), {
    about:
      'Which applications may call. None set: every one of the tenant that Entra gives a token for API_AUDIENCE; require assignment there, or name them here.',
    allowed: 'client ids, separated by commas',
  }),
  API_TOKEN_ISSUER: setting(z.url().optional(), {
    about: 'Who signs those tokens. Both issuers of the tenant in the public cloud, when not set.',
    allowed: 'an address',
  }),
  API_JWKS_URL: setting(z.url({ protocol: /^https?$/ }).optional(), {
    about:
      'Where the signing keys of those tokens are published. Those of the tenant in the public cloud, when not set.',
    allowed: 'an http(s) address',
  }),
};

export type DoorSettings = Readonly<z.output<z.ZodObject<typeof doorSettings>>>;

/** For `refine` of a schema: what is wrong is the setting of this name, told with all else that is wrong. */
export const toldOf = (name: string) => ({ path: [name], when: () => true });

/** Who asks for tokens must know whose. */
export const doorsHaveTenant = ({ API_AUTH, EVENT_GRID_AUTH, API_TENANT_ID }: Partial<DoorSettings>): boolean =>
  (API_AUTH !== 'entra' && EVENT_GRID_AUTH !== 'entra') || API_TENANT_ID !== undefined;

export const apiHasAudience = ({ API_AUTH, API_AUDIENCE }: Partial<DoorSettings>): boolean =>
  API_AUTH !== 'entra' || API_AUDIENCE !== undefined;
