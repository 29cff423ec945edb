// waypost passwd hash|verify|set|remove: password hashes, and users in a passwd-file. The file is replaced atomically.
// Exit code 1 if the password does not match or the user is missing, 2 for a wrong option or an unusable file.

import { realpath } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { ScramSalt } from '../../auth/derived-schemes.ts'
import { editPasswdText, rewriteAccounts, scramSaltIn, withHash } from '../../auth/passwd-edit.ts'
import { parsePasswdFile } from '../../auth/passwd-file.ts'
import { readPasswdLine } from '../../auth/passwd-line.ts'
import { mostOctets } from '../../auth/password-octets.ts'
import { createPasswordPool, type PasswordHasher, type PasswordPool } from '../../auth/password-pool.ts'
import { type HashableScheme, hashableSchemes } from '../../auth/schemes.ts'
import { readStored } from '../../auth/stored-password.ts'
import { FAILED, type Io, json, line, OK, USAGE } from '../io.ts'
import { asOwnerOf } from '../place/node-place.ts'
import { readOrEmpty } from './app-password-place.ts'
import { readSecret } from './read-secret.ts'
import { commandClock } from '../../lib/clock.ts'

export type PasswdOptions = { readonly json: boolean } & (
  | { readonly action: 'hash'; readonly scheme?: string }
  /** Compares the password on standard input with a hash, or with the hash of a user in a file. */
  | { readonly action: 'verify'; readonly hash: string }
  | { readonly action: 'verify'; readonly file: string; readonly user: string }
  | { readonly action: 'set'; readonly file: string; readonly user: string; readonly scheme?: string }
  | { readonly action: 'remove'; readonly file: string; readonly user: string }
)

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
  const hashed = await newHash(options.scheme, io, scramSaltIn(text, user))
  if (hashed === null) return USAGE
  return rewrite(options, io, (current) => {
    const edited = editPasswdText(current, user, (fields) => withHash(fields, hashed))
    if (edited.found) return { text: edited.text, result: 'changed', user }
    return { text: `${edited.text}${user}:${hashed}\n`, result: 'added', user }
  })
}

async function remove(options: PasswdOptions & { action: 'remove' }, io: Io): Promise<number> {
  return rewrite(options, io, (current) => {
    const edited = editPasswdText(current, options.user, () => null)
    return edited.found ? { text: edited.text, result: 'removed', user: options.user } : null
  })
}

interface Rewritten {
  readonly text: string
  readonly result: string
  readonly user: string
}

/** Null from `change`: the file does not have the user. */
async function rewrite(
  options: { readonly file: string; readonly user: string; readonly json: boolean },
  io: Io,
  change: (text: string) => Rewritten | null,
): Promise<number> {
  let done: Rewritten | null = null
  try {
    await rewriteAccounts(options.file, commandClock, (text) => {
      done = change(text)
      return done?.text ?? null
    })
  } catch (error) {
    return usageError(io, `${options.file} cannot be written: ${(error as Error).message}`)
  }
  const rewritten = done as Rewritten | null
  if (rewritten === null) return absent(options, io)
  const { user, result, text } = rewritten
  if (options.json) json(io.stdout, { user, result })
  else line(io.stdout, `${user}: ${result}`)
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
  if (Buffer.byteLength(password) > mostOctets(wanted)) {
    const most = mostOctets(wanted)
    usageError(
      io,
      wanted === 'BLF-CRYPT'
        ? `found a password of more than ${most} octets, which BLF-CRYPT truncates, expected another scheme`
        : `found a password of more than ${most} octets, expected a shorter one`,
    )
    return null
  }
  const hashed = await withPool((pool) => pool.hash(wanted, password, salt))
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
