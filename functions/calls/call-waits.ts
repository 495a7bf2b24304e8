/** How long a call that is answered may take to reach a stream host, while its place is kept. */
export const INBOUND_PLACE_MS = 20_000;

/** How long a call that is placed may ring and then take to reach a stream host, while its place is kept. */
export const OUTBOUND_PLACE_MS = 120_000;

/** When the watch looks for the first time whether somebody talks on a new call. */
export const FIRST_LOOK_MS = 5_000;
