// Numbers that depend on a seed only, so that a soak can be repeated with the same mail and the same faults.

/** Between 0 and 1 (exclusive), the same for the same arguments: the finalizer of MurmurHash3 over all of them. */
export function drawn(seed: number, ...parts: readonly number[]): number {
  let hash = seed | 0
  for (const part of parts) {
    hash = Math.imul(hash ^ part, 0x85ebca6b)
    hash ^= hash >>> 13
    hash = Math.imul(hash, 0xc2b2ae35) + 0x9e3779b9
    hash ^= hash >>> 16
  }
  return (hash >>> 0) / 2 ** 32
}

/** 32 bits of a text (FNV-1a), to keep millions of queue IDs in typed arrays. Never 0, which means "none". */
export function textHash(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash >>> 0 || 1
}
