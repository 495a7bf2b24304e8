import { z } from 'zod';
import { kinds, setting } from './setting.ts';

/** Where traces and metrics go (docs/telemetry.md). */
export const telemetrySettings = {
  APPLICATIONINSIGHTS_CONNECTION_STRING: setting(
    z
      .string()
      .regex(/(?:^|;)InstrumentationKey=[0-9a-f-]{36}(?:;|$)/i)
      .optional(),
    {
      about:
        'The Application Insights to which traces and metrics go. Neither this nor OTEL_EXPORTER_OTLP_ENDPOINT: none are made.',
      allowed: 'InstrumentationKey=…;IngestionEndpoint=https://…, as the portal shows it',
      sample: '',
    },
  ),
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: setting(
    z
      .string()
      .regex(/^Authorization=AAD(?:;ClientId=[0-9a-f-]{36})?$/i)
      .optional(),
    {
      about:
        'Has traces and metrics sent under the identity of the process (AZURE_CLIENT_ID), where Application Insights takes no keys.',
      allowed: 'Authorization=AAD;ClientId=<the client id of the identity>, where the endpoint is https://',
      sample: '',
    },
  ),
  OTEL_EXPORTER_OTLP_ENDPOINT: setting(kinds.httpUrl.optional(), {
    about:
      'A collector of OpenTelemetry to which traces and metrics go by OTLP over HTTP, in place of Application Insights or beside it.',
    allowed: 'an http(s) address, such as http://127.0.0.1:4318',
    sample: '',
  }),
  OTEL_METRIC_EXPORT_INTERVAL: setting(
    // Node's timers take no more: beyond it they run after 1 ms.
    kinds.milliseconds(1_000, 2_147_483_647).default(60_000),
    {
      about: 'How many milliseconds apart metrics are sent. OpenTelemetry’s own variable.',
      allowed: '1000 to 2147483647',
    },
  ),
  TELEMETRY_SAMPLE_RATIO: setting(z.coerce.number().min(0).max(1).default(1), {
    about: 'Which share of calls is traced, each whole or not at all, in both halves. Metrics count all calls.',
    allowed: '0 to 1, such as 0.25',
  }),
};
