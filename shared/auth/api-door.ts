import { createHash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { DoorSettings } from '../settings/door-settings.ts';
import { EntraTokenVerifier } from './entra-token.ts';

/** The application by which Event Grid's deliveries name themselves in Azure's public cloud. */
const EVENT_GRID_CLIENT_ID = '4962773b-9cdb-44cf-a8bf-237846a00ab7';

/** Who has passed a door. */
export interface Caller {
  /** The same for each request of one caller, and no secret: limits are counted by it. */
  readonly id: string;
}

/** What is asked of whoever wants to use the API, or to deliver an event: see {@link apiDoor}. */
export interface Door {
  /** `key`: the Functions platform has asked for its key before we hear of the request. `entra`: we ask for a token. */
  readonly asks: 'key' | 'entra';
  /**
   * @param header of the request, by a name in lower case
   * @param query in which a key may stand, too
   * @throws {ParleyError} status 401, 403 or 503
   */
  admit(header: (name: string) => string | null, query?: URLSearchParams): Promise<Caller>;
}

/** The door of the API's routes, by API_AUTH. Both halves have the same one. */
export function apiDoor(settings: DoorSettings, clock: Clock): Door {
  const { API_AUTH, API_AUDIENCE, API_CALLERS } = settings;
  if (API_AUTH === 'key') return keyDoor;
  return entraDoor(settings, { audience: API_AUDIENCE, callers: API_CALLERS, callersSetting: 'API_CALLERS', clock });
}

/** The door by which Event Grid delivers, by EVENT_GRID_AUTH. */
export function eventGridDoor(settings: EventGridSettings, clock: Clock): Door {
  const { EVENT_GRID_AUTH, EVENT_GRID_AUDIENCE, EVENT_GRID_CALLERS } = settings;
  if (EVENT_GRID_AUTH === 'key') return keyDoor;
  const callers = EVENT_GRID_CALLERS ?? [EVENT_GRID_CLIENT_ID];
  return entraDoor(settings, { audience: EVENT_GRID_AUDIENCE, callers, callersSetting: 'EVENT_GRID_CALLERS', clock });
}

export interface EventGridSettings extends DoorSettings {
  readonly EVENT_GRID_AUDIENCE?: string | undefined;
  readonly EVENT_GRID_CALLERS?: readonly string[] | undefined;
}

/** Whoever comes so far has had the right key; or nobody asks for one, as on a developer's machine. */
const keyDoor: Door = {
  asks: 'key',
  admit: async (header, query) => {
    // The platform looks for it in this order.
    const key = header('x-functions-key') ?? query?.get('code') ?? null;
    return { id: key === null ? 'key' : `key:${createHash('sha256').update(key).digest('base64url').slice(0, 22)}` };
  },
};

function entraDoor(
  { API_TENANT_ID, API_TOKEN_ISSUER, API_JWKS_URL }: DoorSettings,
  rules: {
    readonly audience: string | undefined;
    readonly callers: readonly string[] | undefined;
    readonly callersSetting: string;
    readonly clock: Clock;
  },
): Door {
  const verifier = new EntraTokenVerifier({
    ...rules,
    // Settings that lack these are refused before.
    tenantId: API_TENANT_ID ?? '',
    audience: rules.audience ?? '',
    issuer: API_TOKEN_ISSUER,
    jwksUrl: API_JWKS_URL,
  });
  return {
    asks: 'entra',
    admit: async (header) => {
      const { clientId, objectId } = await verifier.verify(header('authorization'));
      return { id: `entra:${clientId}${objectId === undefined ? '' : `:${objectId}`}` };
    },
  };
}
