/** https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html, of 64 bits and little-endian. */
const MAGIC = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1]);
const AT = { segments: 0x20, sections: 0x28, segmentSize: 0x36, segmentCount: 0x38, sectionSize: 0x3a } as const;
/** In the entry of a segment. */
const SEGMENT = { offset: 0x08, fileSize: 0x20 } as const;
const HEADER_BYTES = 0x40;

/**
 * A Linux program without what only debuggers and linkers read: the sections behind its last segment, and their table. Of
 * Node's 127 MB these are 18; what is loaded into memory stays as it is. Anything else is given back as it was.
 */
export function slimProgram(program: Buffer): Buffer {
  if (program.length < HEADER_BYTES || !program.subarray(0, MAGIC.length).equals(MAGIC)) return program;
  const at = Number(program.readBigUInt64LE(AT.segments));
  const size = program.readUInt16LE(AT.segmentSize);
  const count = program.readUInt16LE(AT.segmentCount);
  let endOfUse = at + size * count;
  for (let segment = at; segment < at + size * count; segment += size) {
    const end = program.readBigUInt64LE(segment + SEGMENT.offset) + program.readBigUInt64LE(segment + SEGMENT.fileSize);
    endOfUse = Math.max(endOfUse, Number(end));
  }
  if (endOfUse >= program.length) return program;
  const slim = Buffer.from(program.subarray(0, endOfUse));
  slim.writeBigUInt64LE(0n, AT.sections);
  // The size, the number and the names of what is not there any more.
  slim.fill(0, AT.sectionSize, HEADER_BYTES);
  return slim;
}
