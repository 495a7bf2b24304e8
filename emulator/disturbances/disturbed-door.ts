import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Fallible } from '../../shared/protocol/faults.ts';
import { sendError, sendJson } from '../json-http.ts';
import { addressOf } from '../local-door.ts';
import { PLACES, placeAt } from '../places.ts';
import type { EmulatedService } from '../server.ts';
import { refuseUpgrade } from '../socket-door.ts';
import type { ActiveFault, Disturbances } from './disturbances.ts';
import { DisturbedSocket } from './disturbed-socket.ts';

const WANTED = 'As somebody who calls wants it.';
/** What is told before a garbled answer breaks off. */
const BEGINNING = 'data: {"choices":[{"del';
const BREAK_OFF_MS = 50;

/**
 * Stands before the services and has them fail as {@link Disturbances} say: requests, sockets that are opened, and those
 * that stand. A service of the user's own behind the emulator fails alike, as it is asked through here.
 */
export class DisturbedDoor implements EmulatedService {
  readonly #services: readonly EmulatedService[];
  readonly #disturbances: Disturbances;
  readonly #sockets = new Map<Fallible, Set<DisturbedSocket>>();
  /** Of requests that get no answer. */
  readonly #silent = new Map<Fallible, Set<Duplex>>();

  constructor(services: readonly EmulatedService[], disturbances: Disturbances) {
    this.#services = services;
    this.#disturbances = disturbances;
    disturbances.watch((dependency) => this.#changed(dependency));
  }

  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const pass = () => this.#services.some((each) => each.handle?.(request, response));
    const fault = this.#faultOf(request);
    switch (fault?.fault) {
      case undefined:
        return pass();
      case 'slow':
        this.#later(request.socket, fault, pass);
        return true;
      case 'down':
        request.socket.destroy();
        return true;
      case 'silent':
        this.#keep(this.#silent, fault.dependency, request.socket);
        return true;
      case 'throttled':
        sendJson(
          response,
          429,
          { error: { code: '429', message: WANTED } },
          { 'retry-after': Math.ceil(fault.amountMs / 1000) },
        );
        return true;
      case 'refused':
        sendError(response, 401, '401', WANTED);
        return true;
      case 'garbled':
        response.writeHead(200, { 'content-type': 'text/event-stream' }).write(`${BEGINNING}\n\n`);
        this.#disturbances.clock.after(BREAK_OFF_MS, () => response.destroy());
        return true;
    }
  }

  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    const dependency = dependencyAt(request);
    const pass = () => {
      const line = dependency === undefined ? socket : this.#disturbed(socket, dependency);
      return this.#services.some((each) => each.handleUpgrade?.(request, line, head));
    };
    const fault = this.#faultOf(request);
    switch (fault?.fault) {
      case 'slow':
        this.#later(socket, fault, pass);
        return true;
      case 'down':
        socket.destroy();
        return true;
      case 'silent':
        this.#keep(this.#silent, fault.dependency, socket);
        return true;
      case 'throttled':
        refuseUpgrade(socket, 429, '429', WANTED, Math.ceil(fault.amountMs / 1000));
        return true;
      case 'refused':
        refuseUpgrade(socket, 401, '401', WANTED);
        return true;
      default:
        return pass();
    }
  }

  #faultOf(request: IncomingMessage): ActiveFault | undefined {
    const dependency = dependencyAt(request);
    const fault = dependency && this.#disturbances.at(dependency);
    if (fault) fault.count.felt += 1;
    return fault;
  }

  #later(socket: Duplex, { amountMs }: ActiveFault, pass: () => boolean): void {
    const cancel = this.#disturbances.clock.after(amountMs, () => {
      socket.off('close', cancel);
      // Whoever asks for what is not there hears of it late, too.
      if (!socket.destroyed && !pass()) socket.destroy();
    });
    socket.once('close', cancel);
  }

  #disturbed(socket: Duplex, dependency: Fallible): DisturbedSocket {
    const { clock } = this.#disturbances;
    const line = new DisturbedSocket(socket, () => this.#disturbances.at(dependency), clock);
    this.#keep(this.#sockets, dependency, line);
    return line;
  }

  #keep<Kind extends Duplex>(kept: Map<Fallible, Set<Kind>>, dependency: Fallible, socket: Kind): void {
    const sockets = kept.get(dependency) ?? new Set();
    kept.set(dependency, sockets.add(socket));
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  }

  /** Connections that stand break where nobody could open one now. */
  #changed(dependency: Fallible): void {
    const fault = this.#disturbances.at(dependency);
    const breaks = fault?.fault === 'down' || fault?.fault === 'throttled' || fault?.fault === 'refused';
    for (const socket of this.#sockets.get(dependency) ?? []) {
      if (!breaks) socket.recheck();
      else {
        fault.count.felt += 1;
        socket.destroy();
      }
    }
    // Whoever waits for an answer gets none any more.
    if (fault?.fault !== 'silent') for (const socket of this.#silent.get(dependency) ?? []) socket.destroy();
  }
}

function dependencyAt(request: IncomingMessage): Fallible | undefined {
  const { pathname } = addressOf(request);
  const place = placeAt(pathname);
  return place && PLACES[place][0];
}
