import type { ErrorCodeEntry } from '../error-codes.ts';

/** What fails in the local emulator and the command-line caller. */
export const EMULATOR_ERRORS = {
  'call.failed': {
    status: 500,
    meaning: 'A call of the command-line caller did not go as a call should.',
    remedy: 'Read at which point it failed.',
  },
  'call.no_answer': {
    status: 503,
    meaning: 'The functions did not answer the command-line caller.',
    remedy: 'Check that `npm start` runs.',
  },
  'call.no_emulator': {
    status: 503,
    meaning: 'The emulator did not answer the command-line caller.',
    remedy: 'Check that `npm start` runs.',
  },
  'call.number': {
    status: 400,
    meaning: 'The emulator does not take this phone number.',
    remedy: 'Use a number with its country code, such as +15550100.',
  },
  'call.refused': {
    status: 503,
    meaning: 'The functions refused the command-line caller.',
    remedy: 'Read their answer.',
  },
  'speech.closed': {
    status: 503,
    meaning: 'The emulated Speech service is closed.',
    remedy: 'Nothing: the emulator is being stopped.',
  },
  'speech.decode': {
    status: 500,
    meaning: 'The emulator’s speech model failed.',
    remedy: 'Read the reason in the log.',
  },
  'speech.decoder-down': {
    status: 503,
    meaning: 'The emulator’s recognition broke down.',
    remedy: 'Restart the emulator.',
  },
  'speech.detector-down': {
    status: 503,
    meaning: 'The emulator’s voice detection broke down.',
    remedy: 'Restart the emulator.',
  },
  'speech.flite': {
    status: 500,
    meaning: 'The emulator’s voice could not speak a text.',
    remedy: 'Look at the text.',
  },
  'speech.protocol': {
    status: 400,
    meaning: 'A frame is not one of the Speech SDK’s protocol.',
    remedy: 'Use the SDK.',
  },
  'speech.unread': {
    status: 503,
    meaning: 'A client of the emulated Speech service reads no audio.',
    remedy: 'Read it, or close the connection.',
  },
  'speech.voices-busy': {
    status: 503,
    meaning: 'Too many sentences wait to be spoken by the emulator.',
    remedy: 'Try again later.',
  },
  'speech.voices-down': {
    status: 503,
    meaning: 'The emulator’s synthesis broke down.',
    remedy: 'Restart the emulator.',
  },
  'speech.worker': {
    status: 503,
    meaning: 'A worker of the emulated Speech service did not start.',
    remedy: 'Read the reason in the log.',
  },
} as const satisfies Readonly<Record<string, ErrorCodeEntry>>;
