// The constants of SHA-256 and SHA-512, computed as FIPS 180-4 defines them: from the roots of the first prime numbers.

/** Bits of a word: 32 for SHA-256, 64 for SHA-512. */
export type ShaWidth = 32 | 64

/** SHA-512 has 80 rounds, SHA-256 64 (FIPS 180-4 6.2.2, 6.4.2). */
const MOST_ROUNDS = 80

/** The first bits of the fractional parts of the cube roots of the first primes (FIPS 180-4 4.2.2, 4.2.3). */
export function roundConstant(width: ShaWidth, t: number): bigint {
  return BigInt.asUintN(width, root(BigInt(primes[t] as number) << BigInt(3 * width), 3n))
}

/** The first bits of the fractional parts of the square roots of the first eight primes (FIPS 180-4 5.3.3, 5.3.5). */
export function initialWord(width: ShaWidth, at: number): bigint {
  return BigInt.asUintN(width, root(BigInt(primes[at] as number) << BigInt(2 * width), 2n))
}

const primes = firstPrimes(MOST_ROUNDS)

function firstPrimes(count: number): number[] {
  const found: number[] = []
  for (let number = 2; found.length < count; number++)
    if (found.every((prime) => number % prime !== 0)) found.push(number)
  return found
}

/** The integer part of the root, by Newton's method from above. */
function root(value: bigint, degree: bigint): bigint {
  let guess = 1n << (BigInt(value.toString(2).length) / degree + 1n)
  for (;;) {
    const next = ((degree - 1n) * guess + value / guess ** (degree - 1n)) / degree
    if (next >= guess) return guess
    guess = next
  }
}
