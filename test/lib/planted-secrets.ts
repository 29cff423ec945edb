// Secrets that tests give to nodes: no log line, event, metric or output of a command may show one. Passwords are planted where tests use
// them, keys and hashes are read from the files of the test, and each node is searched when its world ends.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** What was planted so far, by the process of the test file. */
const planted = new Set<string>()
/** A shorter secret can be a word of a log line. */
const LEAST_LENGTH = 10
/** In a text with fewer characters a match would be chance; keys are in lines of 64. */
const LEAST_KEY_LINE = 40

/** Remembers a password, a code or a body, also in the forms in which a careless program would print it. */
export function plant(secret: string): void {
  if (secret.length < LEAST_LENGTH) return
  for (const form of [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret), base64(secret)])
    planted.add(form)
}

/** Remembers the password of a SASL PLAIN command (RFC 4616), and the command as it was sent. */
export function plantSasl(line: string): void {
  const [, argument] = /^(?:AUTH PLAIN )?([A-Za-z0-9+/]{12,}={0,2})\r?\n?$/i.exec(line) ?? []
  if (argument === undefined) return
  const parts = Buffer.from(argument, 'base64').toString('utf8').split('\0')
  if (parts.length !== 3) return
  plant(parts[2] as string)
  planted.add(argument)
}

/** What was planted and is in a text; shortened, so that the report of the test does not show it either. */
export function plantedIn(text: string, more: Iterable<string> = []): readonly string[] {
  return [...planted, ...more].filter((secret) => text.includes(secret)).map((secret) => `${secret.slice(0, 6)}…`)
}

/** Throws if a text has a planted secret. `what` names the text. */
export function expectNoSecret(text: string, what: string, more: Iterable<string> = []): void {
  const found = plantedIn(text, more)
  if (found.length > 0) throw new Error(`${what} shows secrets of the test: ${found.join(', ')}`)
}

/** Keys, secrets and password hashes in the files of a folder that only their owner can read. */
export function secretsBelow(folder: string): ReadonlySet<string> {
  const files = existsSync(folder) ? readdirSync(folder, { recursive: true, withFileTypes: true }) : []
  const found = files
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !/\.db(?:-wal|-shm)?$|\/(?:directory|spool|revocation-lists)\/|\/log$/.test(path))
    .flatMap((path) => secretsOf(path))
  return new Set(found)
}

/** Octets of the largest file of keys. */
const LARGEST = 64 * 1024

function secretsOf(path: string): readonly string[] {
  const { mode, size } = statSync(path)
  if ((mode & 0o077) !== 0 || size > LARGEST) return []
  const text = readFileSync(path, 'utf8')
  const keys = [...text.matchAll(/-----BEGIN [A-Z ]*PRIVATE KEY-----([^-]+)-----END/g)].flatMap(([, lines = '']) =>
    lines.split(/\s+/).filter((line) => line.length >= LEAST_KEY_LINE),
  )
  const hashes = [...text.matchAll(/\$[a-z0-9]+\$[^\s:"]{20,}/gi)].map(([hash]) => hash)
  const factors = [...text.matchAll(/"secret":"([A-Z2-7]{16,})"/g)].map((match) => match[1] as string)
  const whole = /\.(?:secret|token)$/.test(path) && text.trim().length >= LEAST_LENGTH ? [text.trim()] : []
  const random = /\/(?:privacy|scram-salt)\.key$/.test(path)
    ? text.split(/\s+/).filter((word) => word.length >= 32)
    : []
  return [...keys, ...hashes, ...factors, ...whole, ...random]
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
