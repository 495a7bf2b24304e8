import type { Fallible } from '../shared/protocol/faults.ts';

/** The services that answer here: what a fault calls them, and where they answer. The first that fits counts. */
export const PLACES = {
  'acs.keys': ['acs', /^\/calling\/keys/],
  acs: ['acs', /^\/calling\//],
  'speech.recognition': ['recogniser', /^\/(?:speech|stt)\//],
  'speech.synthesis': ['voice', /^\/tts\//],
  realtime: ['realtime', /^\/(?:openai\/v1|voice-live)\/realtime/],
  openai: ['model', /^\/openai\//],
  blob: ['blob', /^\/devstoreaccount1\//],
  identity: ['identity', /^\/msi\//],
  telemetry: ['telemetry', /^\/(?:v2(?:\.1)?\/track|v1\/(?:traces|metrics|logs))\/?$/],
} as const satisfies Readonly<Record<string, readonly [Fallible, RegExp]>>;

export type Place = keyof typeof PLACES;

export const PLACE_NAMES = Object.keys(PLACES) as [Place, ...Place[]];

/** What answers at a path; undefined where no service does. */
export const placeAt = (path: string): Place | undefined => PLACE_NAMES.find((name) => PLACES[name][1].test(path));
