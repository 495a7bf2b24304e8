/**
 * How Node shall be started for the stream host. Most of what calls allocate is garbage within milliseconds; V8 would
 * let the space for it grow to 16 MB twice over, which is memory and no gain.
 */
export const STREAM_HOST_NODE_OPTIONS: readonly string[] = ['--max-semi-space-size=4'];
