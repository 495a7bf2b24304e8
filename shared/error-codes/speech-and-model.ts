import type { ErrorCodeEntry } from '../error-codes.ts';

/** What fails behind a conversation. A caller hears an apology; the log and the page have the code. */
export const SPEECH_AND_MODEL_ERRORS = {
  'model.cut_off': {
    status: 503,
    meaning: 'The connection to the language model broke in the middle of an answer.',
    remedy: 'Nothing for one; look at the network where it happens often.',
  },
  'model.empty': {
    status: 503,
    meaning: 'The language model answered without a word that can be spoken, twice.',
    remedy: 'Raise max_tokens of the agent where the model thinks before it speaks; look at its instructions.',
  },
  'model.endless': {
    status: 503,
    meaning: 'The language model did not stop writing.',
    remedy: 'Nothing for one; look at max_tokens and at the model where it happens often.',
  },
  'model.failed': {
    status: 503,
    meaning: 'The language model failed.',
    remedy: 'Nothing for one; read the reason in the log where it happens often.',
  },
  'model.filtered': {
    status: 503,
    meaning: 'The content filter of the language model held the answer back.',
    remedy: 'Look at the filter of the deployment.',
  },
  'model.loop': {
    status: 503,
    meaning: 'The language model calls tools without end.',
    remedy: 'Look at the agent’s instructions and at what its tools answer.',
  },
  'model.not_found': {
    status: 503,
    meaning: 'There is no such model deployment.',
    remedy: 'Check AZURE_OPENAI_DEPLOYMENT and AZURE_OPENAI_BASE_URL, which ends in /openai/v1.',
  },
  'model.overran': {
    status: 503,
    meaning: 'The answer was not finished in time, tools included.',
    remedy: 'Look for a slow tool or a slow deployment.',
  },
  'model.rejected': {
    status: 503,
    meaning: 'The language model rejected the request.',
    remedy: 'Read the reason in the log: a parameter that it does not take, or a prompt that is too long.',
  },
  'model.silent': {
    status: 503,
    meaning: 'The language model sent nothing in time.',
    remedy: 'Nothing for one; look at the deployment where it happens often.',
  },
  'model.throttled': {
    status: 503,
    meaning: 'The language model is over its rate limit.',
    remedy: 'Raise the quota of the deployment.',
  },
  'model.unauthorised': {
    status: 503,
    meaning: 'The language model refused the key.',
    remedy: 'Check AZURE_OPENAI_API_KEY.',
  },
  'model.unreachable': {
    status: 503,
    meaning: 'The language model cannot be reached.',
    remedy: 'Check AZURE_OPENAI_BASE_URL (with the emulator, OPENAI_BASE_URL) and the network.',
  },
  'recogniser.deaf': {
    status: 503,
    meaning: 'The recogniser hears sounds and no words.',
    remedy: 'Nothing for one: the recogniser is replaced.',
  },
  'recogniser.failed': {
    status: 503,
    meaning: 'Speech recognition does not work at the moment.',
    remedy: 'Check SPEECH_HOST, SPEECH_KEY and the quota of the resource.',
  },
  'recogniser.lost': {
    status: 503,
    meaning: 'The connection of the recogniser was lost.',
    remedy: 'Nothing for one: it is restored, and the audio sent again.',
  },
  'recogniser.no-connection': {
    status: 503,
    meaning: 'Azure Speech could not be reached to listen.',
    remedy: 'Check SPEECH_HOST, SPEECH_KEY and the network.',
  },
  'recogniser.silent': {
    status: 503,
    meaning: 'Azure Speech has said nothing to a lot of audio.',
    remedy: 'Nothing for one: the recogniser is replaced.',
  },
  'synthesis.aborted': {
    status: 503,
    meaning: 'The synthesis is no longer wanted.',
    remedy: 'Nothing: the caller cut in.',
  },
  'synthesis.busy': {
    status: 503,
    meaning: 'All synthesis connections are in use.',
    remedy: 'Allow more connections, or fewer sessions.',
  },
  'synthesis.closed': {
    status: 503,
    meaning: 'The synthesiser is closed.',
    remedy: 'Nothing: its session is over.',
  },
  'synthesis.empty': {
    status: 503,
    meaning: 'Azure Speech gave no audio for a text.',
    remedy: 'Check the name of the voice, and that it speaks the language of the text.',
  },
  'synthesis.failed': {
    status: 503,
    meaning: 'Azure Speech did not speak the text.',
    remedy: 'Read the reason in the log; check the name of the voice.',
  },
  'synthesis.no-connection': {
    status: 503,
    meaning: 'Azure Speech could not be reached to speak.',
    remedy: 'Check SPEECH_HOST, SPEECH_KEY and the network.',
  },
  'synthesis.silent': {
    status: 503,
    meaning: 'Azure Speech gave no audio in time, before a text or in the middle of it.',
    remedy: 'Nothing for one: the rest is asked for again.',
  },
  'synthesis.too-long': {
    status: 503,
    meaning: 'A text is too long to be spoken at once.',
    remedy: 'Cut it shorter.',
  },
  'voice-activity.closed': {
    status: 503,
    meaning: 'Voice activity detection is closed.',
    remedy: 'Nothing: the server is being stopped.',
  },
  'voice-activity.crashed': {
    status: 503,
    meaning: 'The thread of voice activity detection died.',
    remedy: 'Nothing for one: it is restarted.',
  },
  'voice-activity.not-started': {
    status: 503,
    meaning: 'Voice activity detection did not start.',
    remedy: 'Read the reason; try VOICE_ACTIVITY_RUNTIME=wasm.',
  },
} as const satisfies Readonly<Record<string, ErrorCodeEntry>>;
