/** The longest transform that the tables serve. */
const LONGEST = 4096;
const COSINES = Float64Array.from({ length: LONGEST / 2 }, (_, i) => Math.cos((2 * Math.PI * i) / LONGEST));
const SINES = Float64Array.from({ length: LONGEST / 2 }, (_, i) => Math.sin((2 * Math.PI * i) / LONGEST));

/**
 * The fast Fourier transform of complex numbers, in place: the plain radix-2 algorithm with its tables made once. For
 * the inverse exchange the two arrays; neither way scales the result.
 */
export class FourierTransform {
  readonly size: number;
  readonly #reversed: Uint16Array;

  /** @param size a power of two, up to 4096 */
  constructor(size: number) {
    this.size = size;
    const bits = Math.log2(size);
    this.#reversed = Uint16Array.from({ length: size }, (_, index) => reverseBits(index, bits));
  }

  run(real: Float64Array, imaginary: Float64Array): void {
    this.#reorder(real, imaginary);
    this.#pairUp(real, imaginary);
    const { size } = this;
    for (let half = 4; half < size; half *= 2) {
      const stride = LONGEST / (2 * half);
      for (let block = 0; block < size; block += 2 * half) {
        for (let turn = 0; turn < half; turn += 1) {
          const cosine = COSINES[turn * stride] ?? 0;
          const sine = SINES[turn * stride] ?? 0;
          const low = block + turn;
          const high = low + half;
          const highReal = real[high] ?? 0;
          const highImaginary = imaginary[high] ?? 0;
          const lowReal = real[low] ?? 0;
          const lowImaginary = imaginary[low] ?? 0;
          const turnedReal = highReal * cosine + highImaginary * sine;
          const turnedImaginary = highImaginary * cosine - highReal * sine;
          real[high] = lowReal - turnedReal;
          imaginary[high] = lowImaginary - turnedImaginary;
          real[low] = lowReal + turnedReal;
          imaginary[low] = lowImaginary + turnedImaginary;
        }
      }
    }
  }

  /** The first two stages in one: their turns are quarters, which need no multiplication. */
  #pairUp(real: Float64Array, imaginary: Float64Array): void {
    for (let at = 0; at < this.size; at += 4) {
      const sumReal = (real[at] ?? 0) + (real[at + 1] ?? 0);
      const sumImaginary = (imaginary[at] ?? 0) + (imaginary[at + 1] ?? 0);
      const differenceReal = (real[at] ?? 0) - (real[at + 1] ?? 0);
      const differenceImaginary = (imaginary[at] ?? 0) - (imaginary[at + 1] ?? 0);
      const sumReal2 = (real[at + 2] ?? 0) + (real[at + 3] ?? 0);
      const sumImaginary2 = (imaginary[at + 2] ?? 0) + (imaginary[at + 3] ?? 0);
      const differenceReal2 = (real[at + 2] ?? 0) - (real[at + 3] ?? 0);
      const differenceImaginary2 = (imaginary[at + 2] ?? 0) - (imaginary[at + 3] ?? 0);
      real[at] = sumReal + sumReal2;
      imaginary[at] = sumImaginary + sumImaginary2;
      real[at + 2] = sumReal - sumReal2;
      imaginary[at + 2] = sumImaginary - sumImaginary2;
      real[at + 1] = differenceReal + differenceImaginary2;
      imaginary[at + 1] = differenceImaginary - differenceReal2;
      real[at + 3] = differenceReal - differenceImaginary2;
      imaginary[at + 3] = differenceImaginary + differenceReal2;
    }
  }

  #reorder(real: Float64Array, imaginary: Float64Array): void {
    for (let i = 0; i < this.size; i += 1) {
      const j = this.#reversed[i] ?? 0;
      if (j <= i) continue;
      const keptReal = real[i] ?? 0;
      const keptImaginary = imaginary[i] ?? 0;
      real[i] = real[j] ?? 0;
      imaginary[i] = imaginary[j] ?? 0;
      real[j] = keptReal;
      imaginary[j] = keptImaginary;
    }
  }
}

function reverseBits(value: number, bits: number): number {
  let reversed = 0;
  for (let bit = 0; bit < bits; bit += 1) reversed |= ((value >> bit) & 1) << (bits - 1 - bit);
  return reversed;
}
