// Secrets that tests give to nodes: no log line, event, metric or output of a command may show one. Passwords are planted where tests use
// them, keys and hashes are read from the files of the test, and each node is searched when its world ends.

import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
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

/**
 * Follows the lines that a client of a test sends, and remembers what SASL exchanges have of secrets, also as it was sent: passwords of PLAIN and
 * LOGIN (RFC 4616, draft-murchison-sasl-login), the proof of SCRAM (RFC 5802 7), tokens of OAUTHBEARER and XOAUTH2 (RFC 7628 3.1).
 */
export function createSaslPlanter(): (line: string) => void {
  /** The exchange that runs; null outside of one. */
  let exchange: { readonly mechanism: string; answers: number } | null = null
  return (line) => {
    for (const part of line.split('\n')) {
      const [, name, initial] = /^AUTH (\S+)(?: (\S+))?\r?$/i.exec(part) ?? []
      if (name !== undefined) exchange = { mechanism: name.toUpperCase(), answers: 0 }
      const argument = name === undefined ? part.trim() : (initial ?? '')
      // A cancelled exchange, and the commands after it.
      if (!/^[A-Za-z0-9+/]*={0,2}$/.test(argument)) exchange = null
      if (exchange === null || argument === '') continue
      exchange.answers++
      // The name comes first, and is no secret.
      if (exchange.mechanism !== 'LOGIN' || exchange.answers === 2) plantAnswer(exchange.mechanism, argument)
    }
  }
}

function plantAnswer(mechanism: string, argument: string): void {
  const secrets = secretsOfAnswer(mechanism, Buffer.from(argument, 'base64').toString('utf8'))
  for (const secret of secrets) plant(secret)
  if (secrets.length > 0 && argument.length >= LEAST_LENGTH) planted.add(argument)
}

function secretsOfAnswer(mechanism: string, text: string): readonly string[] {
  if (mechanism === 'PLAIN') return text.split('\0').slice(2)
  if (mechanism === 'LOGIN') return [text]
  if (mechanism.startsWith('SCRAM-'))
    return [...text.matchAll(/(?:^|,)p=([A-Za-z0-9+/]+=*)$/g)].map((match) => match[1] as string)
  return text.split('\u0001').flatMap((field) => /^auth=Bearer (.+)$/i.exec(field)?.[1] ?? [])
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

/** Octets of a piece of a file. */
const PIECE = 1024 * 1024
/** Pieces overlap by more than the longest secret, so that none is cut. */
const OVERLAP = 16 * 1024

/** The file in pieces, as it is searched: state files can be larger than the memory of a test. */
function* piecesOf(path: string): Generator<string> {
  const file = openSync(path, 'r')
  try {
    const piece = Buffer.alloc(PIECE + OVERLAP)
    for (let at = 0; ; at += PIECE) {
      const octets = readSync(file, piece, 0, piece.length, at)
      // latin1 keeps every octet; the secrets are compared in the same form.
      if (octets > 0) yield piece.toString('latin1', 0, octets)
      if (octets < piece.length) return
    }
  } finally {
    closeSync(file)
  }
}

/** Throws if a file below the folder has a planted secret; a file in its place is no node's. Queues and mail are left out: bodies are in them. */
export function expectNoSecretInFiles(folder: string): void {
  const isFolder = statSync(folder, { throwIfNoEntry: false })?.isDirectory() ?? false
  const files = isFolder ? readdirSync(folder, { recursive: true, withFileTypes: true }) : []
  const wanted = [...planted].map((secret) => [secret, Buffer.from(secret).toString('latin1')] as const)
  for (const entry of files) {
    const path = join(entry.parentPath, entry.name)
    if (!entry.isFile() || /\/(?:queue|spool|drop)\//.test(path)) continue
    for (const piece of piecesOf(path)) {
      const found = wanted.filter(([, form]) => piece.includes(form))
      if (found.length > 0)
        throw new Error(
          `${path} has secrets of the test: ${found.map(([secret]) => `${secret.slice(0, 6)}…`).join(', ')}`,
        )
    }
  }
}

function secretsOf(path: string): readonly string[] {
  const { mode } = statSync(path)
  if ((mode & 0o077) !== 0) return []
  return [...new Set([...piecesOf(path)].flatMap((piece) => secretsIn(piece, path)))]
}

function secretsIn(text: string, path: string): readonly string[] {
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
