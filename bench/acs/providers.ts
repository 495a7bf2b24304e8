import { createServer, type IncomingMessage } from 'node:http';
import { AccessTokens, AUDIENCES } from '../../emulator/identity/access-tokens.ts';
import { ServiceDoor } from '../../emulator/identity/service-door.ts';
import { systemClock } from '../../shared/clock.ts';
import { listening } from '../../shared/testing/listening.ts';
import { serve } from '../child.ts';
import type { Clips } from './clips.ts';
import { newRealtimeRecord } from './scripted-realtime.ts';
import { type ProviderTiming, ScriptedServices } from './scripted-services.ts';

const doorCounts = { accepted: 0, refused: 0 };
let services: ScriptedServices | undefined;

/** A process that plays what the stream host is a client of, and the address of ACS's signing keys. */
const api = {
  /**
   * @param jwks the key set that ACS would publish
   * @param tokensFolder where the key is with which the tokens are signed that whoever asks must show; without it anybody may
   * @returns the port
   */
  async start(clips: Clips, jwks: string, timing: ProviderTiming, tokensFolder?: string): Promise<number> {
    const tokens = tokensFolder === undefined ? undefined : await AccessTokens.open(systemClock, tokensFolder);
    const door = new ServiceDoor({ tokens }, AUDIENCES.ai);
    const isAllowed = ({ headers: { authorization } }: IncomingMessage) => {
      const isIn = tokens === undefined || door.admits({ keys: [], authorization });
      doorCounts[isIn ? 'accepted' : 'refused'] += 1;
      return isIn;
    };
    const scripted = new ScriptedServices(clips, timing);
    services = scripted;
    const http = createServer((request, response) => {
      if (request.url === '/calling/keys') response.setHeader('content-type', 'application/json').end(jwks);
      else if (!isAllowed(request)) response.writeHead(401, { 'content-type': 'application/json' }).end('{}');
      else if (!scripted.handle(request, response)) {
        response.writeHead(404, { 'content-type': 'application/json' }).end('{}');
      }
    });
    http.on('upgrade', (request, connection, head) => {
      if (!isAllowed(request)) connection.end('HTTP/1.1 401 Unauthorized\r\nconnection: close\r\n\r\n');
      else if (!scripted.handleUpgrade(request, connection, head)) connection.destroy();
    });
    return listening(http);
  },
  /** Requests and sockets that were taken, and those refused for what they showed. */
  doorReport: () => doorCounts,
  /** What the speech-to-speech service has done since it was asked last. */
  realtimeReport: () => services?.takeRealtimeRecord() ?? newRealtimeRecord(),
};
export type ProvidersApi = typeof api;
serve(api);
