import { z } from 'zod';
import { teamsAccount } from '../carrier/party-id.ts';
import { withCredentialChecks } from './credentials.ts';
import { apiHasAudience, clientIds, doorsHaveTenant, toldOf } from './door-settings.ts';
import { budgetHasPrices, outboundSettings, pricesHaveBudget } from './outbound-settings.ts';
import { type Environment, kinds, readSettings, setting } from './setting.ts';
import { sharedSettings } from './shared-settings.ts';

/** What the functions need and the stream host does not. */
export const functionsOnly = {
  FUNCTIONS_PORT: setting(kinds.port.default(7071), {
    about: 'The port that `npm start` serves the functions on; Azure chooses its own.',
    allowed: 'a port, 1 to 65535',
  }),
  STREAM_HOST_URL: setting(kinds.httpUrl, {
    about: 'Where the stream host answers plain HTTP: readiness asks it.',
    allowed: 'an http(s) address',
    sample: 'http://127.0.0.1:8080',
  }),
  AZURE_SPEECH_ENDPOINT: setting(kinds.httpUrl.optional(), {
    about: 'The Azure AI resource by which ACS itself hears, where TRANSCRIPTION_SOURCE is acs.',
    allowed: 'an http(s) address, such as https://<resource>.cognitiveservices.azure.com',
    sample: 'http://127.0.0.1:8090',
  }),
  ACS_SOURCE_NUMBER: setting(
    z
      .string()
      .regex(/^\+[1-9]\d{1,14}$/)
      .optional(),
    {
      about: 'The number that outbound calls show. Without it each request names one.',
      allowed: 'a number in E.164, such as +15551230000',
      sample: '+15550100',
    },
  ),
  TEAMS_PHONE_RESOURCE_ACCOUNT_ID: setting(teamsAccount.optional(), {
    about:
      'The Teams resource account that outbound calls come from, through Teams Phone, where a request names no caller. It goes before ACS_SOURCE_NUMBER. docs/operations.md tells what it needs.',
    allowed: 'the object id of a Teams resource account, or 28:orgid: and that',
  }),
  INCOMING_WHEN_FULL: setting(
    z.union([z.literal('busy'), z.string().regex(/^(\+[1-9]\d{1,14}|\d+:[\w:.-]{1,250})$/)]).default('busy'),
    {
      about:
        'What becomes of a call that no stream host has a place for: the caller hears the busy signal, or the call is redirected. Calls of Teams Phone cannot be redirected; they are busy.',
      allowed: 'busy; a number in E.164, such as +15551230000; or a raw id, such as 8:acs:<user>',
    },
  ),
  EVENT_GRID_AUDIENCE: setting(kinds.text.optional(), {
    about: 'The application in Entra that the subscription names, for which Event Grid then asks a token.',
    allowed: 'its client id or its URI, such as api://<client id>, where EVENT_GRID_AUTH is entra',
  }),
  EVENT_GRID_CALLERS: setting(clientIds.optional(), {
    about: 'Which applications may deliver. Event Grid of the public cloud, when not set.',
    allowed: 'client ids, separated by commas',
  }),
  ...outboundSettings,
};

export const functionsSettings = z.object({ ...sharedSettings, ...functionsOnly });
export type FunctionsSettings = Readonly<z.output<typeof functionsSettings>>;

const gridHasAudience = ({ EVENT_GRID_AUTH, EVENT_GRID_AUDIENCE }: Partial<FunctionsSettings>): boolean =>
  EVENT_GRID_AUTH !== 'entra' || EVENT_GRID_AUDIENCE !== undefined;

const checkedSettings = withCredentialChecks(functionsSettings)
  .refine(doorsHaveTenant, toldOf('API_TENANT_ID'))
  .refine(apiHasAudience, toldOf('API_AUDIENCE'))
  .refine(gridHasAudience, toldOf('EVENT_GRID_AUDIENCE'))
  .refine(budgetHasPrices, toldOf('OUTBOUND_PRICES'))
  .refine(pricesHaveBudget, toldOf('OUTBOUND_BUDGET_PER_DAY'));

/** @throws {ConfigError} that names each bad variable, what it was given and what is allowed */
export const readFunctionsSettings = (env: Environment): FunctionsSettings => readSettings(checkedSettings, env);
