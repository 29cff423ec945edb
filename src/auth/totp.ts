// One-time passwords of a second factor (TOTP, RFC 6238) with the values that every program takes: SHA-1, six digits, 30 seconds.

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

const STEP_MS = 30_000
const DIGITS = 6
/** Clocks of telephones are a few seconds wrong (RFC 6238 5.2): one step earlier and later. */
const DRIFT = 1
/** As long as the HMAC (RFC 4226 4, R6). */
const SECRET_OCTETS = 20
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

export function createTotpSecret(): Buffer {
  return randomBytes(SECRET_OCTETS)
}

/** The step whose code this is; null for a wrong code. @param after the step that was used last: a code counts once */
export function matchingStep(
  secret: Buffer,
  code: string,
  { now, after }: { readonly now: number; readonly after: number },
): number | null {
  const typed = Buffer.from(code.replaceAll(/\s/g, ''))
  const current = Math.floor(now / STEP_MS)
  let found: number | null = null
  for (let step = current - DRIFT; step <= current + DRIFT; step++) {
    const wanted = Buffer.from(codeOf(secret, step))
    if (wanted.length === typed.length && timingSafeEqual(wanted, typed) && step > after) found ??= step
  }
  return found
}

/** HOTP of the step (RFC 4226 5.3). */
function codeOf(secret: Buffer, step: number): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.max(0, step)))
  const mac = createHmac('sha1', secret).update(counter).digest()
  const offset = (mac.at(-1) as number) & 0xf
  const number = mac.readUInt32BE(offset) & 0x7fff_ffff
  return String(number % 10 ** DIGITS).padStart(DIGITS, '0')
}

/** Base32 without padding (RFC 4648 6), as programs take it. */
export function writeBase32(octets: Buffer): string {
  const bits = [...octets].map((octet) => octet.toString(2).padStart(8, '0')).join('')
  return (bits.match(/.{1,5}/g) ?? []).map((five) => ALPHABET[Number.parseInt(five.padEnd(5, '0'), 2)]).join('')
}

/** Null for other characters. */
export function readBase32(text: string): Buffer | null {
  if (!/^[A-Z2-7]+$/.test(text)) return null
  const bits = text
    .split('')
    .map((letter) => ALPHABET.indexOf(letter).toString(2).padStart(5, '0'))
    .join('')
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((octet) => Number.parseInt(octet, 2)))
}

/** The address that programs read from a QR code. */
export function otpauthUri(
  secret: Buffer,
  { issuer, user }: { readonly issuer: string; readonly user: string },
): string {
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(user)}`
  return `otpauth://totp/${label}?secret=${writeBase32(secret)}&issuer=${encodeURIComponent(issuer)}`
}
