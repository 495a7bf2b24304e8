import type { RouteContract } from '../route.ts';
import { listAgents } from './agents.ts';
import { hangUpCall } from './call-ends.ts';
import { CALL_KEYS } from './call-keys.ts';
import { CALL_OPERATIONS } from './call-operations.ts';
import { initiateCall, listCalls, readCall, transcribeCall } from './calls.ts';
import { health, healthDependencies, hostReadyz, liveness, places, readiness } from './health.ts';
import { listModes } from './modes.ts';
import { pageSettings, realtimeStatus } from './realtime.ts';
import { eraseCall, readCallRecord } from './records.ts';
import { asyncApi, openApi, referencePage } from './reference.ts';
import { makeTicket } from './tickets.ts';
import { allowDelivery, takeCallbacks, takeIncomingCalls } from './webhooks.ts';

const TABLE = [
  initiateCall,
  listCalls,
  readCall,
  hangUpCall,
  transcribeCall,
  readCallRecord,
  eraseCall,
  ...CALL_OPERATIONS,
  ...CALL_KEYS,
  makeTicket,
  takeIncomingCalls,
  allowDelivery,
  takeCallbacks,
  health,
  readiness,
  healthDependencies,
  liveness,
  hostReadyz,
  places,
  listAgents,
  listModes,
  realtimeStatus,
  pageSettings,
  openApi,
  asyncApi,
  referencePage,
] as const satisfies readonly RouteContract[];

/** The type of the whole table, from which the client's types are made. */
export type RouteTable = typeof TABLE;

/** Every route of both halves, in the order of the reference. */
export const ALL_ROUTES: readonly RouteContract[] = TABLE;
