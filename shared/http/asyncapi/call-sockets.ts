import {
  APP_AUDIO,
  AUDIO_METADATA,
  DTMF,
  SERVICE_AUDIO,
  STOP_AUDIO,
  TRANSCRIPTION_DATA,
  TRANSCRIPTION_METADATA,
} from '../../carrier/acs/media-reference.ts';
import { CALL_LIMITS, LINE_LIMITS, WORDS_LIMITS } from '../../protocol/limits.ts';
import { callSocket, wordsSocket } from '../routes/sockets.ts';
import { messageOf, type SocketDescription } from './socket-description.ts';

export const mediaStream: SocketDescription = {
  key: 'mediaStream',
  title: 'Media of a call',
  contract: callSocket,
  order: `**Order.** ACS opens the socket when a call is answered, and sends \`AudioMetadata\` first, then \`AudioData\` every 20 ms for as long as its
stream stands, silent ones too, and \`DtmfData\` as keys are pressed. The stream host sends \`AudioData\`, and \`StopAudio\` where the caller
cuts in: what ACS has buffered is dropped. A kind that is not known is counted and passed over. What comes before the session is
open is counted and not heard.

**Audio.** PCM16LE, mono, 8, 16 or 24 kHz as the metadata say, the same both ways; base64 in JSON. Each participant may come by himself, or all
mixed.

**Pace.** Up: ${LINE_LIMITS.burstMs / 1000} s may come at once, by each participant; what comes faster than time passes is dropped, and more than
${LINE_LIMITS.floodMs / 1000} s of that closes with 4430. Down: an answer’s lead of up to ${CALL_LIMITS.voiceMs} ms at once in one message,
then one of 100 ms every 100 ms (ACS_MESSAGE_MS bounds both). A frame has at most ${CALL_LIMITS.frameChars} characters. ${LINE_LIMITS.malformedFrames} frames
that cannot be read are passed over; one more closes with 4400. Without metadata, or without audio behind them, the socket is closed with 4408
after ${CALL_LIMITS.firstAudioMs / 1000} s; without audio later, after ${CALL_LIMITS.silentMs / 1000} s.

**Who may.** ACS alone, by the token that it signs. Its address is given to ACS with the call: \`session_id\` is the session; the header
\`x-ms-call-connection-id\` is the call.

**Coming back.** ACS opens another socket by the same address when it, or the functions, resume the stream, on whichever host: the conversation goes on.`,
  up: {
    summary: 'What is said in the call, from ACS',
    messages: [
      messageOf(AUDIO_METADATA, 'AudioMetadata'),
      messageOf(SERVICE_AUDIO, 'AudioData', 'AudioData'),
      messageOf(DTMF, 'DtmfData'),
    ],
  },
  down: {
    summary: 'The agent’s voice, to ACS',
    messages: [messageOf(APP_AUDIO, 'AudioData', 'AudioData.voice'), messageOf(STOP_AUDIO, 'StopAudio')],
  },
  closes: [
    'normal',
    'goingAway',
    'malformed',
    'unknownCall',
    'noAudio',
    'alreadyConnected',
    'oversized',
    'unsupportedAudio',
    'tooFast',
    'internal',
  ],
  limits: { ...LINE_LIMITS, ...CALL_LIMITS },
};

export const mediaTranscription: SocketDescription = {
  key: 'mediaTranscription',
  title: 'Words of a call',
  contract: wordsSocket,
  order: `**Order.** ACS sends \`TranscriptionMetadata\` first, then \`TranscriptionData\` for each change of a phrase: \`Intermediate\` ones, and one that is
\`Final\`. Nothing is sent down. The call’s media socket must be open, too: it is what the session lives on, on whichever host.

**Pace.** Without metadata the socket is closed with 4408 after ${WORDS_LIMITS.firstWordMs / 1000} s; after that nobody needs to speak. A message
has at most ${WORDS_LIMITS.messageBytes} bytes.

**Who may.** ACS alone, by the token that it signs.`,
  up: {
    summary: 'What is said in the call, in words, from ACS',
    messages: [
      messageOf(TRANSCRIPTION_METADATA, 'TranscriptionMetadata'),
      messageOf(TRANSCRIPTION_DATA, 'TranscriptionData'),
    ],
  },
  down: { summary: 'Nothing', messages: [] },
  closes: ['goingAway', 'malformed', 'unknownCall', 'noAudio', 'alreadyConnected', 'tooFast', 'internal'],
  limits: { ...LINE_LIMITS, ...WORDS_LIMITS },
};
