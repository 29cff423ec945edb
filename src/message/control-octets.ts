// Finds the next octet below 14: CR, LF and the control characters below them. Large messages are searched for bare line ends. A loop over
// single octets is slower than memchr in V8, and memchr for each line is slower than this search, which tests sixteen octets with four
// comparisons.

/** The search finds octets below this one. */
const BOUND = 14
const BOUNDS = 0x0e0e0e0e
/** The highest bit of each octet of a word. The test leaves it set where the octet is below the bound. */
const HIGHEST = 0x80808080 | 0

export interface ControlSearch {
  readonly bytes: Uint8Array
  /** The same octets as words of four, from the first aligned octet on. */
  readonly words: Int32Array
  /** Index of the first aligned octet. */
  readonly base: number
}

export function searchControls(bytes: Uint8Array): ControlSearch {
  const base = Math.min(bytes.length, -bytes.byteOffset & 3)
  const count = (bytes.length - base) >> 2
  return { bytes, words: new Int32Array(bytes.buffer, count === 0 ? 0 : bytes.byteOffset + base, count), base }
}

/** The first index from `from` on with an octet below 14; the length if there is none. */
export function nextControl({ bytes, words, base }: ControlSearch, from: number): number {
  const end = bytes.length
  const boundary = Math.min(end, base + (((from - base + 3) >> 2) << 2))
  let at = from
  for (; at < boundary; at++) if ((bytes[at] as number) < BOUND) return at
  if (at >= end) return end
  let word = (at - base) >> 2
  while (word + 3 < words.length && !hasControl(words, word)) word += 4
  for (at = base + word * 4; at < end; at++) if ((bytes[at] as number) < BOUND) return at
  return end
}

/** True if one of the sixteen octets of these four words is below the bound. Only such an octet causes a borrow, so none is missed. */
function hasControl(words: Int32Array, from: number): boolean {
  const a = words[from] as number
  const b = words[from + 1] as number
  const c = words[from + 2] as number
  const d = words[from + 3] as number
  return ((((a - BOUNDS) & ~a) | ((b - BOUNDS) & ~b) | ((c - BOUNDS) & ~c) | ((d - BOUNDS) & ~d)) & HIGHEST) !== 0
}
