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

const error = (status: number, code: string, message: string) => (): AcsError => new AcsError(status, code, message);

export const callNotFound = error(404, '8522', 'Call not found.');
export const participantNotFound = error(404, '8522', 'Participant not found.');
export const recordingNotFound = error(404, '8522', 'Recording not found.');
/** Keys for somebody while others are being sent. */
export const mediaActionsClash = error(412, '8583', 'Another media action on a participant is still running.');

export const invalidArgument = (message: string): AcsError => new AcsError(400, '8523', message);

/** 501: the one server error that the SDK does not retry. */
export const notSupported = (what: string): AcsError =>
  new AcsError(501, 'NotSupportedByEmulator', `The emulator does not support ${what} yet.`);
