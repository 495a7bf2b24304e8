import { Decoder, Encoder } from '../../emulator/realtime/audio-codec.ts';
import { SAMPLE_RATE } from '../../shared/audio/pcm.ts';

/** At whichever rate: what goes in comes out, one byte a sample. */
const MU_LAW = { encoding: 'ulaw', rate: SAMPLE_RATE } as const;

export const encodeMuLaw = (pcm: Uint8Array): Uint8Array => new Encoder(MU_LAW).encode(pcm);
export const decodeMuLaw = (bytes: Uint8Array): Uint8Array => new Decoder(MU_LAW).decode(bytes);
