/**
 * Characters that are neither seen nor heard, and that steer whoever shows or speaks the text around them: controls but
 * for line feed and tab, the marks that turn the direction of writing (U+202A to U+202E, U+2066 to U+2069), and the byte
 * order mark.
 */
const CONTROLS = /(?![\n\t])\p{Cc}|[\u202A-\u202E\u2066-\u2069\uFEFF]/gu;

/** The text without control characters; a tab is a space. */
export const withoutControls = (text: string): string => text.replace(CONTROLS, '').replaceAll('\t', ' ');
