import { is } from './entry.ts';

/** What fails in the local emulator and the command-line caller. */
export const EMULATOR_ERRORS = {
  'call.failed': is(
    500,
    'A call of the command-line caller did not go as a call should.',
    'Read at which point it failed.',
  ),
  'call.no_answer': is(503, 'The functions did not answer the command-line caller.', 'Check that `npm start` runs.'),
  'call.no_emulator': is(503, 'The emulator did not answer the command-line caller.', 'Check that `npm start` runs.'),
  'call.number': is(
    400,
    'The emulator does not take this phone number.',
    'Use a number with its country code, such as +15550100.',
  ),
  'call.refused': is(503, 'The functions refused the command-line caller.', 'Read their answer.'),
  'speech.closed': is(503, 'The emulated Speech service is closed.', 'Nothing: the emulator is being stopped.'),
  'speech.decode': is(500, 'The emulator’s speech model failed.', 'Read the reason in the log.'),
  'speech.decoder-down': is(503, 'The emulator’s recognition broke down.', 'Restart the emulator.'),
  'speech.detector-down': is(503, 'The emulator’s voice detection broke down.', 'Restart the emulator.'),
  'speech.flite': is(500, 'The emulator’s voice could not speak a text.', 'Look at the text.'),
  'speech.protocol': is(400, 'A frame is not one of the Speech SDK’s protocol.', 'Use the SDK.'),
  'speech.unread': is(
    503,
    'A client of the emulated Speech service reads no audio.',
    'Read it, or close the connection.',
  ),
  'speech.voices-busy': is(503, 'Too many sentences wait to be spoken by the emulator.', 'Try again later.'),
  'speech.voices-down': is(503, 'The emulator’s synthesis broke down.', 'Restart the emulator.'),
  'speech.worker': is(503, 'A worker of the emulated Speech service did not start.', 'Read the reason in the log.'),
};
