/** What moves a cursor, colours, rings, breaks a line or turns writing around: C0, C1, line and bidi controls. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/**
 * A text that may come from anywhere, fit to be shown in a terminal: on one line, with every control character spelled
 * out as `\u001b`. Without this an id or a name could forge lines of a log, or take the terminal over.
 */
export const onOneLine = (text: string): string =>
  text.replace(CONTROLS, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`);
