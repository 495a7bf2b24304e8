/**
 * Milliseconds on the clock that all processes of a machine share (CLOCK_MONOTONIC on Linux), so that a time taken in
 * one process can be compared with a time taken in another.
 */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;
