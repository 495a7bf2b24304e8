/**
 * The module `@azure/functions-core`, which inside Azure the Functions worker provides and the npm library
 * `@azure/functions` requires. What is exported here is what the library calls; `host.ts` reads what it registered.
 * There is one of it in a process, as there is one function app at a time in a worker. (Its shape is that of
 * https://github.com/Azure/azure-functions-nodejs-worker.)
 */

export interface Binding {
  readonly type: string;
  readonly direction: string;
  readonly name?: string;
  readonly route?: string;
  readonly methods?: readonly string[];
  readonly authLevel?: 'anonymous' | 'function' | 'admin';
}

export interface FunctionMetadata {
  readonly name: string;
  readonly bindings: Readonly<Record<string, Binding>>;
}

export type FunctionCallback = (...inputs: unknown[]) => unknown;
export type HookCallback = (context: object) => unknown;
export type CoreLogLevel = 'trace' | 'debug' | 'information' | 'warning' | 'error' | 'critical' | 'none';
export type CoreLogger = (level: CoreLogLevel, category: string, message: string) => void;

/** An HTTP message as it crosses from host to worker and back. */
export interface RpcHttp {
  readonly url?: string;
  readonly method?: string;
  readonly statusCode?: string;
  readonly headers?: Record<string, string>;
  readonly cookies?: readonly { readonly name?: string; readonly value?: string }[];
  readonly nullableHeaders?: Record<string, { value: string }>;
  readonly nullableParams?: Record<string, { value: string }>;
  readonly nullableQuery?: Record<string, { value: string }>;
  readonly body?: { readonly bytes?: Uint8Array; readonly string?: string };
}

/** The library's half of one invocation. */
export interface InvocationModel {
  getArguments(): Promise<{ context: object; inputs: unknown[] }>;
  invokeFunction(context: object, inputs: unknown[], callback: FunctionCallback): Promise<unknown>;
  getResponse(context: object, result: unknown): Promise<{ returnValue?: { http?: RpcHttp } | null }>;
}

export interface ProgrammingModel {
  readonly name: string;
  getCapabilities(given: Record<string, string>): Promise<Record<string, string>>;
  getInvocationModel(invocation: object): InvocationModel;
}

export interface RegisteredFunction {
  readonly metadata: FunctionMetadata;
  readonly callback: FunctionCallback;
}

export const version = '3.99.0';
export const hostVersion = '4.1045.0';

const functions = new Map<string, RegisteredFunction>();
const terminateHooks = new Set<HookCallback>();
let programmingModel: ProgrammingModel | undefined;
let logger: CoreLogger = () => undefined;
let started = false;

export class Disposable {
  readonly dispose: () => void;

  constructor(dispose: () => void) {
    this.dispose = dispose;
  }
}

export function registerFunction(metadata: FunctionMetadata, callback: FunctionCallback): Disposable {
  if (started) throw new Error('A function can only be registered during app startup.');
  if (functions.has(metadata.name))
    throw new Error(`A function with id "${metadata.name}" has already been registered.`);
  functions.set(metadata.name, { metadata, callback });
  return new Disposable(() => functions.delete(metadata.name));
}

export function registerHook(name: string, callback: HookCallback): Disposable {
  if (name !== 'appTerminate') throw new Error(`The hook "${name}" is not one that this host runs.`);
  terminateHooks.add(callback);
  return new Disposable(() => terminateHooks.delete(callback));
}

export function setProgrammingModel(model: ProgrammingModel): void {
  programmingModel = model;
}

export function getProgrammingModel(): ProgrammingModel {
  if (programmingModel === undefined) throw new Error('No function was registered through @azure/functions.');
  return programmingModel;
}

export function log(level: CoreLogLevel, category: string, message: string): void {
  logger(level, category, message);
}

/** For the host: where the library's own log lines go. */
export function setLogger(to: CoreLogger): void {
  logger = to;
}

/** For the host: another app starts, in the place of the one before. */
export function beginStart(): void {
  functions.clear();
  terminateHooks.clear();
  started = false;
}

/** For the host: closes registration, as the worker does once the app has started. */
export function finishStart(): readonly RegisteredFunction[] {
  started = true;
  return [...functions.values()];
}

/** For the host: tells the app that the host ends, in the order of registration. */
export async function runTerminateHooks(): Promise<void> {
  for (const callback of terminateHooks) await callback({ hookData: {}, appHookData: {} });
}
