/** An error in the service's own shape: `{"error":{"code","message"}}`, which the SDK turns into a `RestError`. */
export class AcsError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = 'AcsError';
    this.status = status;
    this.code = code;
  }

  get body(): { error: { code: string; message: string } } {
    return { error: { code: this.code, message: this.message } };
  }
}

export const callNotFound = (): AcsError => new AcsError(404, '8522', 'Call not found.');

/** 501: the one server error that the SDK does not retry. */
export const notSupported = (what: string): AcsError =>
  new AcsError(501, 'NotSupportedByEmulator', `The emulator does not support ${what} yet.`);
