// Finds the next octet below 14: CR, LF, and the few control characters beside them. Bulk mail is searched for line ends that are not whole, and
// what V8 makes of a loop over single octets is slower than memchr, memchr for each line slower than this: sixteen octets are looked at
// with four comparisons, so that most of a line is passed in strides.

/** Every octet below this one is found. */
const BOUND = 14
const BOUNDS = 0x0e0e0e0e
/** The highest bit of each octet of a word: it is left where the octet was below the bound. */
const HIGHEST = 0x80808080 | 0

export interface ControlSearch {
  readonly bytes: Uint8Array
  /** The same octets as words of four, from the first one on that lies at a boundary. */
  readonly words: Int32Array
  /** Where the words begin. */
  readonly base: number
}

export function searchControls(bytes: Uint8Array): ControlSearch {
  const base = Math.min(bytes.length, -bytes.byteOffset & 3)
  const count = (bytes.length - base) >> 2
  return { bytes, words: new Int32Array(bytes.buffer, count === 0 ? 0 : bytes.byteOffset + base, count), base }
}

/** The first place from `from` on with an octet below 14; the length if there is none. */
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

/** Is one of the sixteen octets of these four words below the bound? An octet borrows only from below one that is, so none is missed. */
function hasControl(words: Int32Array, from: number): boolean {
  const a = words[from] as number
  const b = words[from + 1] as number
  const c = words[from + 2] as number
  const d = words[from + 3] as number
  return ((((a - BOUNDS) & ~a) | ((b - BOUNDS) & ~b) | ((c - BOUNDS) & ~c) | ((d - BOUNDS) & ~d)) & HIGHEST) !== 0
}
