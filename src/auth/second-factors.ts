// The second factors of people, in a file of the data directory that only the node reads. Each use reads the file again: what an operator
// removes has no effect from the next sign-in on, and a code that was used is on disk before it counts.

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Clock } from '../lib/clock.ts'
import { withFileLock } from '../lib/file-lock.ts'
import { replaceFile } from '../lib/replace-file.ts'
import { matchingStep, readBase32, writeBase32 } from './totp.ts'

export interface SecondFactor {
  /** In the form of `identityOf`. */
  readonly user: string
  /** Unix milliseconds. */
  readonly since: number
  /** Recovery codes that are left. */
  readonly recoveryLeft: number
}

/** Every method rejects if the file cannot be read or written, or is damaged: a factor that is not known is never a missing one. */
export interface SecondFactors {
  /** Null if the person has none. */
  of(user: string): Promise<SecondFactor | null>
  list(): Promise<readonly SecondFactor[]>
  /** Sets a secret that the person has proved to hold by a code; null for a wrong code. Returns new recovery codes, each for one use. */
  turnOn(user: string, secret: Buffer, code: string): Promise<readonly string[] | null>
  /** Whether this is a code or a recovery code; it counts once. */
  check(user: string, code: string): Promise<'right' | 'recovery' | 'wrong'>
  /** False if the person has none. */
  turnOff(user: string): Promise<boolean>
}

interface Entry {
  readonly user: string
  /** Base 32. */
  readonly secret: string
  readonly since: number
  /** The step of the code that was used last. */
  readonly lastStep: number
  /** Digests. */
  readonly recovery: readonly string[]
}

const RECOVERY_CODES = 8
/** Letters and digits that do not look alike; 5 bits each. */
const ALPHABET = '23456789abcdefghijkmnpqrstuvwxyz'
/** 50 random bits, with the limits of guesses. */
const CHARACTERS = 10

export function openSecondFactors(
  file: string,
  clock: Pick<Clock, 'now' | 'monotonic' | 'sleep' | 'every'>,
): SecondFactors {
  const change = <T>(work: (all: Map<string, Entry>) => T): Promise<T> =>
    withFileLock(file, clock, async () => {
      const all = await readEntries(file)
      const before = new Map(all)
      const result = work(all)
      const isSame = all.size === before.size && [...all].every(([user, entry]) => before.get(user) === entry)
      if (!isSame) await replaceFile(file, [...all.values()].map((entry) => `${JSON.stringify(entry)}\n`).join(''))
      return result
    })
  return {
    of: async (user) => {
      const entry = (await readEntries(file)).get(user)
      return entry ? shown(entry) : null
    },
    list: async () => [...(await readEntries(file)).values()].map(shown),
    turnOn: (user, secret, code) =>
      change((all) => {
        const step = matchingStep(secret, code, { now: clock.now(), after: -1 })
        if (step === null) return null
        const codes = Array.from({ length: RECOVERY_CODES }, recoveryCode)
        const recovery = codes.map((one) => digestOf(user, one).toString('base64'))
        all.set(user, { user, secret: writeBase32(secret), since: clock.now(), lastStep: step, recovery })
        return codes
      }),
    check: (user, code) =>
      change((all) => {
        const entry = all.get(user)
        const secret = entry && readBase32(entry.secret)
        if (!entry || !secret) return 'wrong'
        const step = matchingStep(secret, code, { now: clock.now(), after: entry.lastStep })
        if (step !== null) {
          all.set(user, { ...entry, lastStep: step })
          return 'right'
        }
        const digest = digestOf(user, code)
        const left = entry.recovery.filter((one) => !timingSafeEqual(Buffer.from(one, 'base64'), digest))
        if (left.length === entry.recovery.length) return 'wrong'
        all.set(user, { ...entry, recovery: left })
        return 'recovery'
      }),
    turnOff: (user) => change((all) => all.delete(user)),
  }
}

function shown({ user, since, recovery }: Entry): SecondFactor {
  return { user, since, recoveryLeft: recovery.length }
}

/** Such as `k3qm7-xw2hn`. */
function recoveryCode(): string {
  const letters = [...randomBytes(CHARACTERS)].map((octet) => ALPHABET[octet % ALPHABET.length]).join('')
  return `${letters.slice(0, CHARACTERS / 2)}-${letters.slice(CHARACTERS / 2)}`
}

/** Of the code as a person types it. */
function digestOf(user: string, code: string): Buffer {
  const letters = code.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
  return createHash('sha256')
    .update(JSON.stringify([user, letters]))
    .digest()
}

async function readEntries(file: string): Promise<Map<string, Entry>> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  const lines = text.split('\n')
  const entries = lines.flatMap((line, index): Entry[] => {
    if (line === '') return []
    const entry = readEntry(line)
    if (entry === null)
      throw new Error(`${file}:${index + 1}: found no second factor, expected a line that Waypost wrote`)
    return [entry]
  })
  return new Map(entries.map((entry) => [entry.user, entry]))
}

function readEntry(line: string): Entry | null {
  try {
    const { user, secret, since, lastStep, recovery } = JSON.parse(line) as Entry
    const isWhole =
      typeof user === 'string' &&
      typeof secret === 'string' &&
      readBase32(secret) !== null &&
      Number.isFinite(since) &&
      Number.isInteger(lastStep) &&
      Array.isArray(recovery) &&
      recovery.every((one) => typeof one === 'string' && Buffer.from(one, 'base64').length === 32)
    return isWhole ? { user, secret, since, lastStep, recovery } : null
  } catch {
    return null
  }
}
