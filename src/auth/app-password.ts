// An app password: a random secret for one program of a user. It is a part of 100 random bits, so one salted digest protects it: no guesses
// over all values are possible, and a login costs microseconds (docs/decisions/0042-app-passwords.md).

import { randomBytes, timingSafeEqual } from 'node:crypto'
import { type DigestScheme, digestSchemes, type DigestValue, digestOf } from './digest-schemes.ts'
import type { ScramValue } from './derived-schemes.ts'
import { userText } from '../smtp/origin.ts'

export interface AppPassword {
  /** As in the file, in the form of `userKey`. */
  readonly user: string
  readonly label: string
  readonly digest: DigestValue
  /** The keys of SCRAM-SHA-256. */
  readonly scram: ScramValue
  /** Unix milliseconds. */
  readonly created: number
  /** Unix milliseconds; null if it does not expire. */
  readonly expires: number | null
  /** Null for every address. */
  readonly networks: readonly string[] | null
  /** True if this address may log in. */
  readonly allows: (ip: string) => boolean
  /** Addresses, `@domain` or `*.domain`; null for all that the user may use. */
  readonly senders: readonly string[] | null
  /** The line of the file: it differs if anything differs. */
  readonly line: string
  /** From 1. */
  readonly lineNumber: number
}

export type AppAnswer =
  | { readonly kind: 'match'; readonly app: AppPassword }
  /** The secret is right, and the app password may not be used now or from here. */
  | { readonly kind: 'refused'; readonly cause: string }
  | { readonly kind: 'none' }

/** Without the letters and digits that look alike (0 and o, 1 and l): a person may have to type it. */
const ALPHABET = '23456789abcdefghijkmnpqrstuvwxyz'
/** 5 bits each. */
const CHARACTERS = 20
const form = new RegExp(`^[${ALPHABET}]{${CHARACTERS}}$`)
const group = /.{4}/g

/** The digest of app passwords: what a secret of 100 bits needs. */
export const appScheme = digestSchemes.get('SSHA256') as DigestScheme

/** A new secret, such as `k3qm-7xw2-hn5p-9rtc-4vbd`. */
export function createAppSecret(random: (octets: number) => Buffer = randomBytes): string {
  const letters = [...random(CHARACTERS)].map((octet) => ALPHABET[octet % ALPHABET.length]).join('')
  return grouped(letters)
}

/** The secret as it was shown, from what a person typed: in any case, with spaces or without dashes. Null for every other text. */
export function readAppSecret(typed: string): string | null {
  const letters = typed.toLowerCase().replaceAll(/[\s-]/g, '')
  return form.test(letters) ? grouped(letters) : null
}

function grouped(letters: string): string {
  return letters.match(group)?.join('-') ?? letters
}

export interface AppAttempt {
  readonly password: string
  /** Of the client; undefined if it is not known. */
  readonly ip: string | undefined
  /** Unix milliseconds. */
  readonly now: number
}

/** Compares with every app password of a user: the time does not depend on which one it is. */
export function findApp(apps: readonly AppPassword[], { password, ip, now }: AppAttempt): AppAnswer {
  const secret = apps.length === 0 ? null : readAppSecret(password)
  if (secret === null) return { kind: 'none' }
  const [app] = apps.filter((one) => timingSafeEqual(digestOf(appScheme, secret, one.digest.salt), one.digest.digest))
  if (!app) return { kind: 'none' }
  const problem = whyUnusable(app, { ip, now })
  return problem === null ? { kind: 'match', app } : { kind: 'refused', cause: problem }
}

/** Null if the app password may be used now and from this address. */
export function whyUnusable(app: AppPassword, { ip, now }: Omit<AppAttempt, 'password'>): string | null {
  const name = `app password ${app.label} of ${userText(app.user)}`
  if (app.expires !== null && app.expires <= now) return `${name} expired at ${new Date(app.expires).toISOString()}`
  if (app.networks && (ip === undefined || !app.allows(ip)))
    return `${name} may not be used from ${ip ?? 'an unknown address'}`
  return null
}
