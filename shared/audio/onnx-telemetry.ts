import { isMainThread } from 'node:worker_threads';

const VARIABLE = 'ORT_DISABLE_TELEMETRY';

/**
 * Keeps the native ONNX Runtime from sending usage events to its makers, and from the files that it keeps for them: a
 * device id under the home folder, a log in the temporary folder. The runtime reads the real environment of the process
 * when it is loaded, and a worker thread has only a copy of that: the main thread calls this before it starts a worker
 * that loads the runtime.
 */
export function disableOnnxTelemetry(): void {
  process.env[VARIABLE] = '1';
}

/** @throws {Error} in a worker thread whose starter did not call {@link disableOnnxTelemetry} */
export function requireSilentOnnx(): void {
  if (isMainThread) disableOnnxTelemetry();
  // The copy was made when the thread started, so that it tells what the process had then.
  else if (process.env[VARIABLE] !== '1') {
    throw new Error(`The native runtime sends usage events: set ${VARIABLE}=1 before the thread is started.`);
  }
}
