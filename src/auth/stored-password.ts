// A stored password as dovecot writes it: `{SCHEME}value`, or a crypt(3) form without a scheme. A value that cannot be
// parsed is reported and never matches. schemes.ts has the cryptography.

import { type Argon2Value, readArgon2 } from './argon2-scheme.ts'
import { type Pbkdf2Value, readPbkdf2, readScram, type ScramValue } from './derived-schemes.ts'
import { type DigestScheme, digestSchemes, type DigestValue, readDigest } from './digest-schemes.ts'

export type StoredPassword =
  | { readonly kind: 'bcrypt'; readonly scheme: string; readonly hash: string }
  | { readonly kind: 'md5-crypt'; readonly scheme: string; readonly hash: string; readonly salt: string }
  | { readonly kind: 'sha-crypt'; readonly scheme: string; readonly hash: string }
  | { readonly kind: 'argon2'; readonly scheme: string; readonly value: Argon2Value }
  | { readonly kind: 'pbkdf2'; readonly scheme: string; readonly value: Pbkdf2Value }
  | {
      readonly kind: 'scram'
      readonly scheme: string
      readonly algorithm: 'sha1' | 'sha256'
      readonly value: ScramValue
    }
  | { readonly kind: 'digest'; readonly scheme: string; readonly digest: DigestScheme; readonly value: DigestValue }
  | { readonly kind: 'plain'; readonly scheme: string; readonly password: string }

export type ReadPassword =
  | { readonly kind: 'read'; readonly stored: StoredPassword }
  | { readonly kind: 'bad'; readonly problem: string }

/** A higher cost takes seconds per login. */
const MOST_BCRYPT_COST = 17
const MOST_SHA_ROUNDS = 10_000_000

const prefix = /^\{([A-Za-z0-9-]{1,20})(?:\.(HEX|B64|BASE64))?\}(.*)$/is
const bcryptForm = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/
const md5Form = /^\$1\$([^$:\s]{1,8})\$[./A-Za-z0-9]{22}$/
/** crypt(3) forms of other programs by their beginnings, so that a message names what is not supported. */
const otherForms: readonly (readonly [start: RegExp, name: string])[] = [
  [/^\$y\$/, 'yescrypt'],
  [/^\$gy\$/, 'gost-yescrypt'],
  [/^\$7\$/, 'scrypt'],
  [/^\$2x\$/, 'bcrypt of the form $2x$'],
  [/^\$sha1\$/, 'PBKDF1 with SHA-1'],
  [/^\$md5[,$]/, 'SunMD5'],
  [/^\$3\$/, 'an NT hash'],
  [/^_[./A-Za-z0-9]{19}$/, 'extended DES'],
  [/^[./A-Za-z0-9]{13}$/, 'DES'],
]
const shaForm = /^\$([56])\$(?:rounds=(\d{1,9})\$)?[^$:\s]{1,16}\$([./A-Za-z0-9]+)$/

const cryptSchemes = new Set([
  'CRYPT',
  'BLF-CRYPT',
  'MD5-CRYPT',
  'MD5',
  'SHA256-CRYPT',
  'SHA512-CRYPT',
  'ARGON2',
  'ARGON2I',
  'ARGON2ID',
])
const plainSchemes = new Set(['PLAIN', 'CLEAR', 'CLEARTEXT'])

/** Reads `{SCHEME}value` or a crypt(3) form. Unsalted and plain schemes are refused unless `weak` allows them. */
export function readStored(text: string, weak = false): ReadPassword {
  const match = prefix.exec(text)
  const scheme = (match?.[1] ?? 'CRYPT').toUpperCase()
  const value = match ? (match[3] as string) : text
  const encoding = match?.[2] ?? null
  if (isWeak(scheme) && !weak) return bad(`scheme ${scheme} is weak and not switched on`)
  if (plainSchemes.has(scheme))
    return value === '' ? bad('empty password') : read({ kind: 'plain', scheme, password: value })
  if (cryptSchemes.has(scheme)) return readCrypt(scheme, value)
  const digest = digestSchemes.get(scheme)
  if (digest) {
    const digestValue = readDigest(digest, value, encoding)
    return digestValue ? read({ kind: 'digest', scheme, digest, value: digestValue }) : malformed(scheme)
  }
  return readDerived(scheme, value)
}

/** Schemes whose passwords are readable at once from a stolen file. */
function isWeak(scheme: string): boolean {
  return plainSchemes.has(scheme) || digestSchemes.get(scheme)?.salted === false
}

function readDerived(scheme: string, value: string): ReadPassword {
  if (scheme === 'PBKDF2') {
    const pbkdf2 = readPbkdf2(value)
    return pbkdf2 ? read({ kind: 'pbkdf2', scheme, value: pbkdf2 }) : malformed(scheme)
  }
  if (scheme === 'SCRAM-SHA-1' || scheme === 'SCRAM-SHA-256') {
    const algorithm = scheme === 'SCRAM-SHA-1' ? 'sha1' : 'sha256'
    const scram = readScram(value, algorithm)
    return scram ? read({ kind: 'scram', scheme, algorithm, value: scram }) : malformed(scheme)
  }
  return bad(`unknown scheme ${scheme}`)
}

function readCrypt(scheme: string, value: string): ReadPassword {
  const bcrypt = bcryptForm.exec(value)
  if (bcrypt) {
    const cost = Number(bcrypt[1])
    if (cost < 4 || cost > MOST_BCRYPT_COST) return bad(`bcrypt cost ${cost} is not between 4 and ${MOST_BCRYPT_COST}`)
    return fitting(scheme, ['BLF-CRYPT'], { kind: 'bcrypt', scheme, hash: value })
  }
  const md5 = md5Form.exec(value)
  if (md5)
    return fitting(scheme, ['MD5-CRYPT', 'MD5'], { kind: 'md5-crypt', scheme, hash: value, salt: md5[1] as string })
  const sha = shaForm.exec(value)
  if (sha) return readShaCrypt(scheme, value, sha)
  if (value.startsWith('$argon2')) {
    const argon2 = readArgon2(value)
    return argon2
      ? fitting(scheme, ['ARGON2', 'ARGON2I', 'ARGON2ID'], { kind: 'argon2', scheme, value: argon2 })
      : malformed(scheme)
  }
  if (/^[!*]/.test(value)) return bad('the password is locked')
  const other = otherForms.find(([start]) => start.test(value))
  if (other) return bad(`the hash is ${other[1]}, which no login can match here; set another password`)
  return scheme === 'CRYPT' && value !== '' && !value.startsWith('$') ? bad('unknown crypt form') : malformed(scheme)
}

function readShaCrypt(scheme: string, value: string, match: RegExpExecArray): ReadPassword {
  const wide = match[1] === '6'
  const rounds = match[2] === undefined ? null : Number(match[2])
  if (rounds !== null && rounds > MOST_SHA_ROUNDS) return bad(`${rounds} rounds are more than ${MOST_SHA_ROUNDS}`)
  if (match[3]?.length !== (wide ? 86 : 43)) return malformed(scheme)
  return fitting(scheme, [wide ? 'SHA512-CRYPT' : 'SHA256-CRYPT'], { kind: 'sha-crypt', scheme, hash: value })
}

/** `{MD5-CRYPT}$2y$…` is a mistake, `{CRYPT}$2y$…` is not. */
function fitting(scheme: string, allowed: readonly string[], stored: StoredPassword): ReadPassword {
  return scheme === 'CRYPT' || allowed.includes(scheme) ? read(stored) : bad(`the value is no ${scheme}`)
}

function read(stored: StoredPassword): ReadPassword {
  return { kind: 'read', stored }
}

function malformed(scheme: string): ReadPassword {
  return bad(`malformed ${scheme} hash`)
}

function bad(problem: string): ReadPassword {
  return { kind: 'bad', problem }
}
