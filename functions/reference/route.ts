import { openApiDocument } from '../../shared/http/openapi.ts';
import { openApi } from '../../shared/http/routes/reference.ts';
import { readVersion } from '../../shared/version.ts';
import { functionRoute } from '../http/route.ts';

/** The reference of both halves. */
export const openApiRoute = functionRoute(openApi, async (_, { config }) => ({
  status: 200,
  body: {
    ...openApiDocument({
      version: readVersion(),
      functionsUrl: config.FUNCTIONS_PUBLIC_URL,
      streamHostUrl: config.STREAM_HOST_PUBLIC_URL.replace(/^ws/, 'http'),
    }),
  },
}));
