/**
 * What Node is started with where it runs the stream host; a container's start command has the same (`npm run
 * stream-host`). V8 marks and sweeps garbage with up to four helper threads, for which the main thread, and so every
 * voice, waits where cores are few: with one, the longest stalls of a hundred calls on two cores went from some 40 ms to 15.
 * And every voice waits while the collector copies what has outlived the young generation: with semi-spaces of 2 MB
 * instead of 16 it does so more often and not as long, and a call adds 0.7 MB of memory, not 1.1.
 */
export const STREAM_HOST_FLAGS = ['--v8-pool-size=1', '--max-semi-space-size=2'] as const;
