const { NODE_COMPILE_CACHE } = process.env;

/** For the environment of a process that is to get nothing else of this one's: it need not compile the same files anew. */
export const COMPILED: Readonly<Record<string, string>> = NODE_COMPILE_CACHE ? { NODE_COMPILE_CACHE } : {};
