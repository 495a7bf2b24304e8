import { openApiDocument } from '../../shared/http/openapi.ts';
import { openApi } from '../../shared/http/routes/reference.ts';
import type { FunctionsSettings } from '../../shared/settings/functions-settings.ts';
import { readVersion } from '../../shared/version.ts';
import { functionRoute } from '../http/route.ts';

/** The reference of both halves. */
export const openApiRoute = functionRoute(openApi, async (_, { config }) => {
  const made = documents.get(config) ?? documentOf(config);
  documents.set(config, made);
  return { status: 200, body: { ...made } };
});

/** Made once: anybody may ask for it, and it takes a while. */
const documents = new WeakMap<FunctionsSettings, ReturnType<typeof openApiDocument>>();

const documentOf = (config: FunctionsSettings) =>
  openApiDocument({
    version: readVersion(),
    functionsUrl: config.FUNCTIONS_PUBLIC_URL,
    streamHostUrl: config.STREAM_HOST_PUBLIC_URL.replace(/^ws/, 'http'),
    asked: { api: config.API_AUTH, eventGrid: config.EVENT_GRID_AUTH },
  });
