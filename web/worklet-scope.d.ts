/** What an AudioWorklet's scope has beyond the DOM library. */
declare abstract class AudioWorkletProcessor {
  readonly port: MessagePort;
  abstract process(inputs: Float32Array[][], outputs: Float32Array[][]): boolean;
}

declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;

/** Of the context that the processor runs in. */
declare const sampleRate: number;
