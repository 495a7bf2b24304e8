import { is } from './entry.ts';

/** What fails behind a conversation. A caller hears an apology; the log and the page have the code. */
export const SPEECH_AND_MODEL_ERRORS = {
  'model.away': is(
    503,
    'The language model has failed several times in a row, and is not asked for some seconds.',
    'Nothing for one: it is asked again by itself. A second one takes its place where AZURE_OPENAI_FALLBACK_BASE_URL or AZURE_OPENAI_FALLBACK_DEPLOYMENT is set.',
  ),
  'model.cut_off': is(
    503,
    'The connection to the language model broke in the middle of an answer.',
    'Nothing for one; look at the network where it happens often.',
  ),
  'model.empty': is(
    503,
    'The language model answered without a word that can be spoken, twice.',
    'Raise max_tokens of the agent where the model thinks before it speaks; look at its instructions.',
  ),
  'model.endless': is(
    503,
    'The language model did not stop writing.',
    'Nothing for one; look at max_tokens and at the model where it happens often.',
  ),
  'model.failed': is(
    503,
    'The language model failed.',
    'Nothing for one; read the reason in the log where it happens often.',
  ),
  'model.filtered': is(
    503,
    'The content filter of the language model held the answer back.',
    'Look at the filter of the deployment.',
  ),
  'model.loop': is(
    503,
    'The language model calls tools without end.',
    'Look at the agent’s instructions and at what its tools answer.',
  ),
  'model.not_found': is(
    503,
    'There is no such model deployment.',
    'Check AZURE_OPENAI_DEPLOYMENT and AZURE_OPENAI_BASE_URL, which ends in /openai/v1.',
  ),
  'model.overran': is(
    503,
    'The answer was not finished in time, tools included.',
    'Look for a slow tool or a slow deployment.',
  ),
  'model.rejected': is(
    503,
    'The language model rejected the request.',
    'Read the reason in the log: a parameter that it does not take, or a prompt that is too long.',
  ),
  'model.silent': is(
    503,
    'The language model sent nothing in time.',
    'Nothing for one; look at the deployment where it happens often.',
  ),
  'model.throttled': is(503, 'The language model is over its rate limit.', 'Raise the quota of the deployment.'),
  'model.unauthorised': is(
    503,
    'The language model refused the key or the identity.',
    'Check AZURE_OPENAI_API_KEY; without a key, the role of the managed identity.',
  ),
  'model.unreachable': is(
    503,
    'The language model cannot be reached.',
    'Check AZURE_OPENAI_BASE_URL (with the emulator, OPENAI_BASE_URL) and the network.',
  ),
  'recogniser.away': is(
    503,
    'Speech recognition has failed several times in a row, and is not asked for some seconds.',
    'Nothing for one: it is asked again by itself. A second one takes its place where SPEECH_FALLBACK_HOST is set.',
  ),
  'recogniser.deaf': is(
    503,
    'The recogniser hears sounds and no words.',
    'Nothing for one: the recogniser is replaced.',
  ),
  'recogniser.failed': is(
    503,
    'Speech recognition does not work at the moment.',
    'Check SPEECH_HOST, SPEECH_KEY or the identity, and the quota of the resource.',
  ),
  'recogniser.lost': is(
    503,
    'The connection of the recogniser was lost.',
    'Nothing for one: it is restored, and the audio sent again.',
  ),
  'recogniser.no-connection': is(
    503,
    'Azure Speech could not be reached to listen.',
    'Check SPEECH_HOST, SPEECH_KEY or the identity, and the network.',
  ),
  'recogniser.silent': is(
    503,
    'Azure Speech has said nothing to a lot of audio.',
    'Nothing for one: the recogniser is replaced.',
  ),
  'speech.refused': is(
    503,
    'Azure Speech refused the key or the identity, or does not know the address.',
    'Check SPEECH_KEY and that it belongs to SPEECH_HOST; without a key, the role Cognitive Services Speech User.',
  ),
  'speech.throttled': is(503, 'Azure Speech has too many connections.', 'Raise the quota of the resource.'),
  'synthesis.aborted': is(503, 'The synthesis is no longer wanted.', 'Nothing: the caller cut in.'),
  'synthesis.away': is(
    503,
    'The voice has failed several times in a row, and is not asked for some seconds.',
    'Nothing for one: it is asked again by itself. A second one takes its place where SPEECH_FALLBACK_HOST is set.',
  ),
  'synthesis.busy': is(503, 'All synthesis connections are in use.', 'Allow more connections, or fewer sessions.'),
  'synthesis.closed': is(503, 'The synthesiser is closed.', 'Nothing: its session is over.'),
  'synthesis.empty': is(
    503,
    'Azure Speech gave no audio for a text.',
    'Check the name of the voice, and that it speaks the language of the text.',
  ),
  'synthesis.failed': is(
    503,
    'Azure Speech did not speak the text.',
    'Read the reason in the log; check the name of the voice.',
  ),
  'synthesis.no-connection': is(
    503,
    'Azure Speech could not be reached to speak.',
    'Check SPEECH_HOST, SPEECH_KEY or the identity, and the network.',
  ),
  'synthesis.silent': is(
    503,
    'Azure Speech gave no audio in time, before a text or in the middle of it.',
    'Nothing for one: the rest is asked for again.',
  ),
  'synthesis.too-long': is(503, 'A text is too long to be spoken at once.', 'Cut it shorter.'),
  'voice-activity.closed': is(503, 'Voice activity detection is closed.', 'Nothing: the server is being stopped.'),
  'voice-activity.crashed': is(
    503,
    'The thread of voice activity detection died.',
    'Nothing for one: it is restarted.',
  ),
  'voice-activity.not-started': is(
    503,
    'Voice activity detection did not start.',
    'Read the reason; try VOICE_ACTIVITY_RUNTIME=wasm.',
  ),
};
