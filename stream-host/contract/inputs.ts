/** Where everything that reaches a call's engine is kept, so that the call can be played again. */
export interface InputSink {
  /** It may hold what was said. Without words no call can be played again, and nothing need be given to it. */
  readonly keepsWords: boolean;
  /** What must not stand in it of a text is replaced by `*`, one for each character. Without it all may. */
  mask?(text: string): string;
  /** Takes one line. Must never block and never throw. `fields` are plain JSON, and nobody changes them any more. */
  input(kind: string, fields: Readonly<Record<string, unknown>>): void;
}
