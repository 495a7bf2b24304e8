import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export type VoiceFault = 'none' | 'mute' | 'slow' | 'dead';

const SLOW_MS = 4000;
const SYNTHESIS = /^GET \/(tts\/)?cognitiveservices\/websocket/;

/** Stands between the stream host and its Speech service, and spoils what synthesis sends back. Recognition is let through. */
export class FaultyVoice {
  fault: VoiceFault = 'none';
  readonly #server: Server;
  readonly #voices = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @param servicePort of the service that it stands before, on this machine */
  static async start(servicePort: () => number): Promise<FaultyVoice> {
    const server = createServer();
    const voice = new FaultyVoice(server);
    server.on('connection', (near) => voice.#onConnection(near, servicePort()));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return voice;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  become(fault: VoiceFault): void {
    this.fault = fault;
    if (fault === 'dead') for (const socket of this.#voices) socket.destroy();
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#voices) socket.destroy();
  }

  #onConnection(near: Socket, port: number): void {
    near.on('error', () => near.destroy());
    near.once('data', (head) => {
      const speaks = SYNTHESIS.test(head.toString('latin1'));
      if (speaks && this.fault === 'dead') {
        near.destroy();
        return;
      }
      const far = connect(port, '127.0.0.1');
      far.on('error', () => near.destroy());
      far.on('close', () => near.destroy());
      near.on('close', () => far.destroy());
      far.write(head);
      near.pipe(far);
      if (speaks) this.#voices.add(near.on('close', () => this.#voices.delete(near)));
      far.on('data', (data) => {
        if (!speaks || this.fault === 'none') near.write(data);
        else if (this.fault === 'slow') setTimeout(() => near.destroyed || near.write(data), SLOW_MS);
      });
    });
  }
}
