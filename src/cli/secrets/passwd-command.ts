// waypost passwd hash|verify|set|remove: password hashes, and users in a passwd-file. The file is replaced atomically.
// Exit code 1 if the password does not match or the user is missing, 2 for a wrong option or an unusable file.

import { realpath } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { type ScramSalt, writeScram } from '../../auth/derived-schemes.ts'
import { parsePasswdFile } from '../../auth/passwd-file.ts'
import { readPasswdLine, userKey } from '../../auth/passwd-line.ts'
import { createPasswordPool, type PasswordHasher, type PasswordPool } from '../../auth/password-pool.ts'
import { type HashableScheme, hashableSchemes } from '../../auth/schemes.ts'
import { readStored } from '../../auth/stored-password.ts'
import { FAILED, type Io, json, line, OK, USAGE } from '../io.ts'
import { asOwnerOf } from '../place/node-place.ts'
import { readOrEmpty } from './app-password-place.ts'
import { readSecret } from './read-secret.ts'
import { replaceFile } from '../../lib/replace-file.ts'

export type PasswdOptions = { readonly json: boolean } & (
  | { readonly action: 'hash'; readonly scheme?: string }
  /** Compares the password on standard input with a hash, or with the hash of a user in a file. */
  | { readonly action: 'verify'; readonly hash: string }
  | { readonly action: 'verify'; readonly file: string; readonly user: string }
  | { readonly action: 'set'; readonly file: string; readonly user: string; readonly scheme?: string }
  | { readonly action: 'remove'; readonly file: string; readonly user: string }
)

/** bcrypt ignores the octets after these. */
const BCRYPT_OCTETS = 72

/** Runs the command; the password comes from standard input. */
export async function passwd(options: PasswdOptions, io: Io): Promise<number> {
  switch (options.action) {
    case 'hash':
      return hash(options, io)
    case 'verify':
      return verify(options, io)
    case 'set':
      return asOwnerOf(await folderOf(options.file), io, () => set(options, io))
    case 'remove':
      return asOwnerOf(await folderOf(options.file), io, () => remove(options, io))
  }
}

/** The folder in which the file is replaced: behind a link, that of its target. */
async function folderOf(file: string): Promise<string> {
  return dirname(await realpath(file).catch(() => resolve(file)))
}

async function hash(options: PasswdOptions & { action: 'hash' }, io: Io): Promise<number> {
  const hashed = await newHash(options.scheme, io, null)
  if (hashed === null) return USAGE
  if (options.json) json(io.stdout, { hash: hashed })
  else line(io.stdout, hashed)
  return OK
}

async function verify(options: PasswdOptions & { action: 'verify' }, io: Io): Promise<number> {
  if (!('hash' in options) && (options.file === '' || options.user === ''))
    return usageError(io, 'found neither --hash nor --file and --user, expected one of the two')
  const text = 'hash' in options ? options.hash : await hashOf(options, io)
  if (typeof text === 'number') return text
  // Weak schemes are verified here too; whether users may log in with them is a setting of the node.
  const read = readStored(text, true)
  if (read.kind === 'bad') return usageError(io, read.problem)
  const password = await readSecret(io, 'Password: ')
  if (password === null) return usageError(io, 'found no password on standard input')
  const { verdict } = await withPool((pool) => pool.verify(read.stored, password))
  if (verdict === 'unavailable') return usageError(io, `the ${read.stored.scheme} hash cannot be computed`)
  const matched = verdict === 'match'
  if (options.json) json(io.stdout, { matches: matched, scheme: read.stored.scheme })
  else line(io.stdout, matched ? 'The password matches.' : 'The password does not match.')
  return matched ? OK : FAILED
}

async function set(options: PasswdOptions & { action: 'set' }, io: Io): Promise<number> {
  const user = options.user.toLowerCase()
  if (readPasswdLine(`${user}:$1$a$${'.'.repeat(22)}`, false).kind !== 'entry')
    return usageError(io, `found ${JSON.stringify(options.user)}, expected a user name without spaces and colons`)
  const text = await readOrEmpty(options.file)
  if (text === null) return usageError(io, `${options.file} cannot be read`)
  const hashed = await newHash(options.scheme, io, scramSaltOf(text, user))
  if (hashed === null) return USAGE
  const { lines, found } = edit(text, user, (fields) => [fields[0] as string, hashed, ...fields.slice(2)].join(':'))
  if (!found) lines.push(`${user}:${hashed}`)
  return save(options, { lines, result: found ? 'changed' : 'added', user }, io)
}

async function remove(options: PasswdOptions & { action: 'remove' }, io: Io): Promise<number> {
  const text = await readOrEmpty(options.file)
  if (text === null) return usageError(io, `${options.file} cannot be read`)
  const { lines, found } = edit(text, options.user.toLowerCase(), () => null)
  if (!found) return absent(options, io)
  return save(options, { lines, result: 'removed', user: options.user }, io)
}

/** Changes the lines of a user, or removes them if `change` returns null. */
function edit(
  text: string,
  user: string,
  change: (fields: readonly string[]) => string | null,
): { readonly lines: string[]; readonly found: boolean } {
  let found = false
  const lines = text.split('\n').flatMap((each) => {
    const fields = each.split(':')
    if (each.startsWith('#') || fields.length < 2 || fields[0]?.toLowerCase() !== user) return [each]
    found = true
    const changed = change(fields)
    return changed === null ? [] : [changed]
  })
  if (lines.at(-1) === '') lines.pop()
  return { lines, found }
}

async function save(
  options: { readonly file: string; readonly json: boolean },
  edited: { readonly lines: readonly string[]; readonly result: string; readonly user: string },
  io: Io,
): Promise<number> {
  const text = edited.lines.map((each) => `${each}\n`).join('')
  try {
    await replaceFile(await realpath(options.file).catch(() => options.file), text)
  } catch (error) {
    return usageError(io, `${options.file} cannot be written: ${(error as Error).message}`)
  }
  if (options.json) json(io.stdout, { user: edited.user, result: edited.result })
  else line(io.stdout, `${edited.user}: ${edited.result}`)
  for (const problem of parsePasswdFile(options.file, text).problems)
    line(io.stderr, `${problem.file}:${problem.line}:${problem.column}: ${problem.message}`)
  return OK
}

/** The hash of a user in a file, or the exit code after an error message. */
async function hashOf(
  options: { readonly file: string; readonly user: string; readonly json: boolean },
  io: Io,
): Promise<string | number> {
  const text = await readOrEmpty(options.file)
  if (text === null || text === '') return usageError(io, `${options.file} cannot be read or is empty`)
  const wanted = options.user.toLowerCase()
  const fields = text
    .split(/\r?\n/)
    .map((each) => each.split(':'))
    .find(([name]) => name?.toLowerCase() === wanted)
  return fields?.[1] ?? absent(options, io)
}

/** The salt of the SCRAM keys of a user: app passwords have it too, and a client gets one salt for the user. */
function scramSaltOf(text: string, user: string): ScramSalt | null {
  const stored = parsePasswdFile('', text).entries.get(userKey(user))?.stored
  return stored?.kind === 'scram' && stored.algorithm === 'sha256' ? stored.value : null
}

/** @param salt for new SCRAM keys; null for a fresh one */
async function newHash(scheme: string | undefined, io: Io, salt: ScramSalt | null): Promise<string | null> {
  const wanted = scheme?.toUpperCase() ?? hashableSchemes[0]
  if (!isHashable(wanted)) {
    usageError(io, `--scheme: found ${scheme}, expected one of ${hashableSchemes.join(', ')}`)
    return null
  }
  const password = await readSecret(io, 'New password: ')
  if (password === null) {
    usageError(io, 'found no password on standard input')
    return null
  }
  if (wanted === 'BLF-CRYPT' && Buffer.byteLength(password) > BCRYPT_OCTETS) {
    usageError(
      io,
      `found a password of more than ${BCRYPT_OCTETS} octets, which BLF-CRYPT truncates, expected another scheme`,
    )
    return null
  }
  if (wanted === 'SCRAM-SHA-256' && salt) return `{SCRAM-SHA-256}${writeScram(password, 'sha256', salt)}`
  const hashed = await withPool((pool) => pool.hash(wanted, password))
  if (hashed === null) usageError(io, `a ${wanted} hash cannot be computed`)
  return hashed
}

/** A thread does the work, as in the node: Control-C ends the command at once. */
async function withPool<T>(work: (pool: PasswordPool & PasswordHasher) => Promise<T>): Promise<T> {
  const pool = createPasswordPool({ workers: 1 })
  try {
    return await work(pool)
  } finally {
    await pool.close()
  }
}

function isHashable(scheme: string): scheme is HashableScheme {
  return (hashableSchemes as readonly string[]).includes(scheme)
}

function absent(options: { readonly user: string; readonly file: string; readonly json: boolean }, io: Io): number {
  if (options.json) json(io.stdout, { user: options.user, result: 'absent' })
  else line(io.stderr, `${options.file} has no user ${options.user}`)
  return FAILED
}

function usageError(io: Io, problem: string): number {
  line(io.stderr, problem)
  return USAGE
}
