import type { IncomingMessage, ServerResponse } from 'node:http';
import { makeClips } from '../../../bench/acs/clips.ts';
import { ScriptedServices } from '../../../bench/acs/scripted-services.ts';
import { TIMING } from '../../../bench/acs/start-providers.ts';
import { AcsService } from '../../../emulator/acs/acs-service.ts';
import { Disturbances } from '../../../emulator/disturbances/disturbances.ts';
import { DisturbedDoor } from '../../../emulator/disturbances/disturbed-door.ts';
import { redisLineOf } from '../../../emulator/disturbances/redis-order.ts';
import { Faults } from '../../../emulator/faults.ts';
import { readBody, sendJson } from '../../../emulator/json-http.ts';
import { addressOf } from '../../../emulator/local-door.ts';
import { EmulatorServer } from '../../../emulator/server.ts';
import { loadSettings } from '../../../emulator/settings.ts';
import { StatusService } from '../../../emulator/status-service.ts';
import { TelemetryService } from '../../../emulator/telemetry/telemetry-service.ts';
import { loadCertificate } from '../../../emulator/tls/certificates.ts';
import { systemClock } from '../../../shared/clock.ts';
import { createLog } from '../../../shared/log.ts';

/**
 * The emulator of a soak: its carrier, its intake of telemetry and its faults, before scripted speech, voice and model, as so
 * many calls would be too much for its own. `POST /emulator/soak-fault` with `model=slow:7s` has something fail until the
 * next one; an empty body, nothing. The answer tells how often the one before was felt.
 */
const settings = loadSettings(process.env);
const log = createLog('emulator', settings.LOG_LEVEL);
const [clock, faults, redisLine] = [systemClock, new Faults(log), redisLineOf(process)];
const disturbances = new Disturbances({ clock, log });
disturbances.watch((dependency) => {
  if (dependency === 'redis') redisLine?.(disturbances.at('redis'));
});
const acs = await AcsService.open({
  accessKey: settings.EMULATOR_ACCESS_KEY,
  resourceId: settings.EMULATOR_RESOURCE_ID,
  tokenIssuer: settings.EMULATOR_TOKEN_ISSUER,
  keyFolder: settings.EMULATOR_CA_FOLDER,
  webhookUrl: settings.EVENT_GRID_WEBHOOK_URL,
  gridSchema: settings.EVENT_GRID_SCHEMA,
  ringTimeoutMs: settings.EMULATOR_RING_TIMEOUT_MS,
  callbackTimeoutMs: settings.EMULATOR_CALLBACK_TIMEOUT_MS,
  ...{ faults, disturbances, clock, log },
});
let felt = 0;
const failing = disturbances.forPhone(({ felt: count }) => {
  felt += count ?? 0;
});
const orders = {
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    if (addressOf(request).pathname !== '/emulator/soak-fault') return false;
    void readBody(request, 1_000).then((body) => {
      felt = 0;
      const problem = failing.want(String(body ?? ''));
      sendJson(response, problem === undefined ? 200 : 400, { felt, ...(problem !== undefined && { problem }) });
    });
    return true;
  },
};
// Few are kept, so that what is kept is as much at the end as at the beginning.
const telemetry = new TelemetryService({ faults, log, clock, limits: { traces: 50, spans: 2_000 } });
const status = new StatusService(() => ({ ready: true, ...acs.status, telemetry: telemetry.status }));
const server = new EmulatorServer(await loadCertificate(settings.EMULATOR_CA_FOLDER), log, [settings.EMULATOR_HOST]);
const scripted = new ScriptedServices(await makeClips(), TIMING);
server.mount(status, faults, orders, new DisturbedDoor([acs, scripted, telemetry], disturbances));
await server.listen(settings.EMULATOR_HOST, { plain: settings.EMULATOR_PORT, tls: settings.EMULATOR_TLS_PORT });
void acs.start();
log.info('ready');

let isEnding = false;
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    if (isEnding) return;
    isEnding = true;
    setTimeout(() => process.exit(1), 5_000).unref();
    void acs
      .close()
      .then(() => server.close())
      .then(() => process.exit(0));
  });
}
