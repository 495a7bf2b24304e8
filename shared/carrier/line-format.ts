import type { AudioRate } from '../audio/pcm.ts';
import type { ServiceTranscript } from './service-transcript.ts';

/** One message of a carrier's socket. Audio is PCM16LE mono, whatever it was on the wire. */
export type LineFrame =
  /** The line is ready, and this is its rate in both directions. It may come again when a stream is resumed. */
  | { readonly kind: 'format'; readonly rateHz: AudioRate }
  | {
      readonly kind: 'audio';
      readonly pcm: Uint8Array;
      /** It is nothing but silence, and `pcm` may be empty: 20 ms of it. */
      readonly silent: boolean;
      /** Whose it is, on a line that tells participants apart. */
      readonly participant: string | undefined;
    }
  /** A key was pressed: one character of `0-9*#A-D`. A secret, for all we know: never into a log. */
  | { readonly kind: 'key'; readonly key: string }
  /** Of a socket of words: it is ready, and hears this language. */
  | { readonly kind: 'words'; readonly locale: string }
  | { readonly kind: 'phrase'; readonly phrase: ServiceTranscript }
  /** Of a name that we have no use for. It is counted and passed over. */
  | { readonly kind: 'unknown'; readonly name: string };

/** How a carrier writes what goes over its sockets. */
export interface LineFormat {
  /** For one socket. */
  open(): LineCodec;
}

export interface LineCodec {
  /** @throws {ProtocolError} `protocol.unsupported` for a format of audio that we cannot work with; else `malformed` */
  read(message: string | Uint8Array): LineFrame;
  /** Our audio at the line's rate, as one text or the bytes of one. */
  audio(pcm: Uint8Array): string | Uint8Array;
  /** Has the carrier drop what it has buffered of our audio. */
  stop(): string;
}
