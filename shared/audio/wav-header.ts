interface PcmFormat {
  readonly rateHz: number;
  readonly channels: number;
}

export const WAV_HEADER_BYTES = 44;
/** The format counts in 32 bits: what is longer is told as the longest, and readers read on to the end of the file. */
const MOST = 0xffff_ffff;

/** The head of a WAV file with so many bytes of PCM16 behind it. */
export function wavHeader({ rateHz, channels }: PcmFormat, dataBytes: number): Buffer {
  const header = Buffer.alloc(WAV_HEADER_BYTES);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(Math.min(MOST, dataBytes + WAV_HEADER_BYTES - 8), 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(channels, 22);
  header.writeUInt32LE(rateHz, 24);
  header.writeUInt32LE(rateHz * channels * 2, 28);
  header.writeUInt16LE(channels * 2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(Math.min(MOST, dataBytes), 40);
  return header;
}
