import { AUDIO_RATES, isAudioRate } from '../../audio/pcm.ts';
import { ProtocolError } from '../../protocol/protocol-error.ts';
import type { LineCodec, LineFormat, LineFrame } from '../line-format.ts';
import { appAudioBytes, readServiceAudio } from './audio-frame.ts';
import { keyOf } from './keys.ts';
import { APP_STOP, parseServiceFrame, type ServiceFrame } from './media-frames.ts';

const codec: LineCodec = {
  read(message) {
    if (typeof message !== 'string') {
      throw new ProtocolError('protocol.malformed', 'A binary frame, where ACS sends JSON text only.');
    }
    return readServiceAudio(message) ?? lineFrameOf(parseServiceFrame(message));
  },
  audio: appAudioBytes,
  stop: () => APP_STOP,
};

/** ACS's media sockets and sockets of words: JSON texts, which need no memory from one to the next. */
export const acsLine: LineFormat = { open: () => codec };

function lineFrameOf(frame: ServiceFrame): LineFrame {
  switch (frame.kind) {
    case 'metadata': {
      const { encoding, sampleRate, channels } = frame;
      if (encoding.toUpperCase() === 'PCM' && isAudioRate(sampleRate) && channels === 1) {
        return { kind: 'format', rateHz: sampleRate };
      }
      const given = `${encoding || 'no encoding'}, ${sampleRate} Hz, ${channels} channel(s)`.replace(/NaN/g, 'no');
      throw new ProtocolError(
        'protocol.unsupported',
        `PCM, ${AUDIO_RATES.join(', ')} Hz, mono is expected, not ${given}.`,
      );
    }
    case 'dtmf': {
      const key = keyOf(frame.tone);
      return key === undefined ? { kind: 'unknown', name: 'a tone that is no key' } : { kind: 'key', key };
    }
    case 'transcript':
      return { kind: 'phrase', phrase: frame.phrase };
    case 'transcript-metadata':
      return { kind: 'words', locale: frame.locale };
    case 'audio':
    case 'unknown':
      return frame;
  }
}
