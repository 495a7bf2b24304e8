/**
 * What Node is started with where it runs the stream host; a container's start command has the same (`npm run
 * stream-host`). V8 marks and sweeps garbage with up to four helper threads, for which the main thread, and so every
 * voice, waits where cores are few: with one, the longest stalls of a hundred calls on two cores went from some 40 ms to 15.
 * It also keeps its heap as small as it can, and with a hundred calls marks all of it more than once a second, though
 * hardly anything old becomes garbage: an initial heap of 160 MB has it begin later, every ten seconds or so. And every
 * voice waits while what has outlived the young generation is copied: semi-spaces of 8 MB instead of 16 make that shorter.
 */
export const STREAM_HOST_FLAGS = ['--v8-pool-size=1', '--max-semi-space-size=8', '--initial-heap-size=160'] as const;
