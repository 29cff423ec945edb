// The key of TSIG (RFC 8945) from a file: as `tsig-keygen` of BIND or `keymgr -t` of Knot writes it, or in one line as `dig -y` reads it.

/** RFC 8945 6: those that are recommended. HMAC-MD5 and HMAC-SHA1 are not. */
const algorithms = {
  'hmac-sha224': 'sha224',
  'hmac-sha256': 'sha256',
  'hmac-sha384': 'sha384',
  'hmac-sha512': 'sha512',
} as const

export type TsigAlgorithm = keyof typeof algorithms

export interface TsigKey {
  /** Lower case, without the final dot. */
  readonly name: string
  readonly algorithm: TsigAlgorithm
  readonly secret: Buffer
}

/** As node:crypto names the hash. */
export function hashOf({ algorithm }: TsigKey): string {
  return algorithms[algorithm]
}

const EXPECTED = 'a key as tsig-keygen or keymgr -t writes it, or ALGORITHM:NAME:SECRET'

/** The key, or what is wrong with the text. The secret is in no message. */
export function parseTsigKey(text: string): TsigKey | string {
  const plain = text.replace(/^\s*(?:#|\/\/).*$/gm, '')
  const parts = bindKey(plain) ?? knotKey(plain) ?? lineKey(plain)
  if (!parts) return `found no key, expected ${EXPECTED}`
  const { name, secret } = parts
  const algorithm = parts.algorithm.toLowerCase().replace(/\.$/, '')
  if (!Object.hasOwn(algorithms, algorithm))
    return `found the algorithm ${algorithm}, expected one of ${Object.keys(algorithms).join(', ')}`
  const octets = Buffer.from(secret, 'base64')
  if (octets.length === 0 || octets.toString('base64').replace(/=+$/, '') !== secret.replace(/=+$/, ''))
    return 'found a secret that is not base64, expected base64'
  return { name: name.toLowerCase().replace(/\.$/, ''), algorithm: algorithm as TsigAlgorithm, secret: octets }
}

interface KeyParts {
  readonly name: string
  readonly algorithm: string
  readonly secret: string
}

function bindKey(text: string): KeyParts | null {
  const [, name, body = ''] = /\bkey\s+"?([^\s"{]+)"?\s*\{([^}]*)\}/.exec(text) ?? []
  const [, algorithm] = /\balgorithm\s+"?([^\s";]+)"?\s*;/.exec(body) ?? []
  const [, secret] = /\bsecret\s+"?([^\s";]+)"?\s*;/.exec(body) ?? []
  return name !== undefined && algorithm !== undefined && secret !== undefined ? { name, algorithm, secret } : null
}

function knotKey(text: string): KeyParts | null {
  const value = (key: string) => new RegExp(`^\\s*-?\\s*${key}:\\s*"?([^\\s"]+)"?\\s*$`, 'm').exec(text)?.[1]
  const [name, algorithm, secret] = [value('id'), value('algorithm'), value('secret')]
  return name !== undefined && algorithm !== undefined && secret !== undefined ? { name, algorithm, secret } : null
}

/** Without an algorithm it is hmac-sha256, as the file of the key is often written by hand. */
function lineKey(text: string): KeyParts | null {
  const [, algorithm = 'hmac-sha256', name, secret] = /^\s*(?:([\w-]+):)?([\w.-]+):([\w+/=]+)\s*$/.exec(text) ?? []
  return name !== undefined && secret !== undefined ? { name, algorithm, secret } : null
}
