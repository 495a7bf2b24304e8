/** `resultInformation`: how an operation went, or a call. */
export interface CallResult {
  readonly code: number;
  readonly subCode: number;
  readonly message: string;
}

const result = (code: number, subCode: number, message: string): CallResult => ({ code, subCode, message });

/**
 * How operations go, with the codes of the service
 * (https://learn.microsoft.com/azure/communication-services/resources/troubleshooting/voice-video-calling/troubleshooting-codes).
 */
export const RESULTS = {
  success: result(200, 0, ''),
  canceled: result(400, 8508, 'Action failed, the operation was canceled.'),
  initialSilence: result(400, 8510, 'Action failed, initial silence timeout reached.'),
  promptFailed: result(500, 8511, 'Action failed, encountered failure while trying to play the prompt.'),
  notFound: result(404, 8522, 'There is nobody and nothing of that name in the call (any more).'),
  maxTones: result(200, 8531, 'Action completed, max digits received.'),
  badFile: result(400, 8535, 'Action failed, file format is invalid.'),
  noFile: result(400, 8536, 'Action failed, file could not be downloaded.'),
  noStorage: result(403, 7504, 'The storage of recordings cannot be written to.'),
} as const satisfies Record<string, CallResult>;
