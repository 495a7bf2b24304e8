import { asyncApiDocument, type SocketReferenceOptions } from '../../shared/http/asyncapi/document.ts';
import { openApiDocument, type ReferenceOptions } from '../../shared/http/openapi.ts';
import { asyncApi, openApi } from '../../shared/http/routes/reference.ts';
import type { FunctionsSettings } from '../../shared/settings/functions-settings.ts';
import { readVersion } from '../../shared/version.ts';
import { functionRoute } from '../http/route.ts';

/** The reference of both halves. */
export const openApiRoute = functionRoute(openApi, async (_, { config }) => {
  return { status: 200, body: { ...routesOf(config) } };
});

/** That of the sockets, which are the stream host's. */
export const asyncApiRoute = functionRoute(asyncApi, async (_, { config }) => {
  return { status: 200, body: { ...socketsOf(config) } };
});

/** Made once: anybody may ask for it, and it takes a while. */
function once<Made>(
  make: (options: ReferenceOptions & SocketReferenceOptions) => Made,
): (config: FunctionsSettings) => Made {
  const made = new WeakMap<FunctionsSettings, { readonly document: Made }>();
  return (config) => {
    const kept = made.get(config) ?? { document: make(optionsOf(config)) };
    made.set(config, kept);
    return kept.document;
  };
}

const routesOf = once(openApiDocument);
const socketsOf = once(asyncApiDocument);

const optionsOf = (config: FunctionsSettings): ReferenceOptions & SocketReferenceOptions => ({
  version: readVersion(),
  functionsUrl: config.FUNCTIONS_PUBLIC_URL,
  streamHostUrl: config.STREAM_HOST_PUBLIC_URL.replace(/^ws/, 'http'),
  socketsUrl: config.STREAM_HOST_PUBLIC_URL,
  asked: { api: config.API_AUTH, eventGrid: config.EVENT_GRID_AUTH },
});
