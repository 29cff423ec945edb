// SHA-256 fingerprints in the forms that tools print: hexadecimal with or without colons, in any case, after `SHA256:` or alone.

const prefix = /^sha-?256(?::|=|\s+fingerprint=)/i
const digits = /^[0-9a-f]{64}$/

/** 64 lower-case hexadecimal digits, or null if it is no SHA-256 fingerprint. */
export function readFingerprint(text: string): string | null {
  const bare = text.trim().replace(prefix, '').trim().toLowerCase()
  const joined = bare.includes(':') ? withoutColons(bare) : bare
  return joined !== null && digits.test(joined) ? joined : null
}

function withoutColons(text: string): string | null {
  const pairs = text.split(':')
  return pairs.every((pair) => pair.length === 2) ? pairs.join('') : null
}
