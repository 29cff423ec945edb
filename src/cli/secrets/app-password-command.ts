// waypost passwd app add|remove: app passwords of users. The file is replaced atomically, as the owner of its folder. Exit code 1 if the app
// password exists already or is missing, 2 for a wrong option or an unusable file.

import { realpath } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { createAppSecret } from '../../auth/app-password.ts'
import { withAppLine, withoutApps } from '../../auth/app-password-edit.ts'
import { isAppLabel, isAppSender, writeAppLine } from '../../auth/app-password-line.ts'
import { MOST_OF_USER, parseAppPasswords } from '../../auth/app-password-file.ts'
import type { AppPasswordFile } from '../../auth/app-password-file.ts'
import { rewriteAccounts } from '../../auth/passwd-edit.ts'
import { parsePasswdFile } from '../../auth/passwd-file.ts'
import { readPasswdLine, userKey } from '../../auth/passwd-line.ts'
import { identityOf } from '../../auth/passwd-authenticator.ts'
import { findEntry } from '../../auth/people.ts'
import type { ScramSalt } from '../../auth/derived-schemes.ts'
import { commandClock } from '../../lib/clock.ts'
import { parseNetwork } from '../../lib/ip-address.ts'
import { FAILED, type Io, json, line, OK, USAGE } from '../io.ts'
import { asOwnerOf } from '../place/node-place.ts'
import { findAppPlace, readOrEmpty } from './app-password-place.ts'
import type { AppPlace, AppPlaceOptions } from './app-password-place.ts'

export interface AddAppOptions extends AppPlaceOptions {
  readonly user: string
  readonly label: string
  /** Unix milliseconds; null if it does not expire. */
  readonly expires: number | null
  readonly networks: readonly string[]
  readonly senders: readonly string[]
  readonly json: boolean
  /** Unix milliseconds. */
  readonly now: number
}

export interface RemoveAppOptions extends AppPlaceOptions {
  readonly user: string
  readonly label: string
  readonly json: boolean
}

/** Makes an app password and prints its secret, the only time that it can be seen. */
export async function addAppPassword(options: AddAppOptions, io: Io): Promise<number> {
  const problem = problemOf(options)
  if (problem !== null) return usageError(io, problem)
  const place = findAppPlace(options, io)
  if (typeof place === 'number') return place
  return inFolderOf(place, io, (file, before) => add(options, { ...place, file }, { io, before }))
}

/** Removes an app password: its sessions end when the node has read the file. */
export async function removeAppPassword(options: RemoveAppOptions, io: Io): Promise<number> {
  const place = findAppPlace(options, io)
  if (typeof place === 'number') return place
  const { user, label } = options
  return inFolderOf(place, io, (file, text) => {
    const { list } = parseAppPasswords(file, text)
    const found = list.filter((app) => isOf(app.user, user, place) && app.label === label)
    if (found.length === 0) {
      line(io.stderr, `${place.file} has no app password ${label} of ${user}`)
      return FAILED
    }
    const done = () => {
      if (options.json) json(io.stdout, { user, label, result: 'removed' })
      else line(io.stdout, `${user}:${label}: removed`)
    }
    return { text: withoutApps(text, found), done }
  })
}

function problemOf({ user, label, networks, senders, expires, now }: AddAppOptions): string | null {
  if (user.includes(':') || readPasswdLine(`${user}:$1$a$${'.'.repeat(22)}`, false).kind !== 'entry')
    return `found ${JSON.stringify(user)}, expected a user name without spaces and colons`
  if (!isAppLabel(label))
    return `--label: found ${JSON.stringify(label)}, expected letters, digits and . _ + - such as phone`
  if (expires !== null && expires <= now) return '--expires: found a time that has passed'
  const network = networks.find((one) => parseNetwork(one) === null)
  if (network !== undefined) return `--network: found ${network}, expected an address or a network such as 192.0.2.0/24`
  const sender = senders.find((one) => !isAppSender(one))
  return sender === undefined ? null : `--sender: found ${sender}, expected an address, @domain or *.domain`
}

/** The new text of the file, and what is printed when it is on disk. */
interface Change {
  readonly text: string
  readonly done: () => void
}

interface Written {
  readonly io: Io
  readonly before: string
}

async function add(options: AddAppOptions, place: AppPlace, { io, before }: Written): Promise<Change | number> {
  const { label, expires, now } = options
  const read = parseAppPasswords(place.file, before)
  const others = read.list.filter((app) => isOf(app.user, options.user, place))
  if (others.some((app) => app.label === label)) {
    line(io.stderr, `${place.file} has an app password ${label} of ${options.user} already; remove it first`)
    return FAILED
  }
  if (others.length >= MOST_OF_USER)
    return usageError(io, `${options.user} has ${MOST_OF_USER} app passwords, the limit`)
  const user = place.domain === null ? userKey(options.user) : identityOf(options.user, place.domain)
  const secret = createAppSecret()
  const salt = await saltOf(user, place, { others, io })
  const added = writeAppLine({ ...options, user, secret, created: now, salt })
  const done = () => {
    if (options.json)
      json(io.stdout, { user, label, secret, expires: expires === null ? null : new Date(expires).toISOString() })
    else {
      line(io.stdout, secret)
      line(
        io.stderr,
        `This is the password of ${user} for ${label}. It is not shown again. Reload the node: waypost reload`,
      )
    }
  }
  return { text: withAppLine(before, added), done }
}

/** A client of SCRAM gets one salt for a user name, so all keys of a user need the same one. */
async function saltOf(
  user: string,
  { users, domain }: AppPlace,
  { others, io }: { readonly others: AppPasswordFile['list']; readonly io: Io },
): Promise<ScramSalt | null> {
  const text = users === null ? null : await readOrEmpty(users)
  if (users !== null && text === null) line(io.stderr, `warning: ${users} cannot be read`)
  const entry = text === null ? undefined : findEntry(parsePasswdFile(users ?? '', text), user, domain ?? '')
  if (users !== null && text !== null && !entry)
    line(
      io.stderr,
      `warning: ${users} has no user ${user} with a password; an app password needs a user who can log in`,
    )
  const stored = entry?.stored
  if (stored?.kind === 'scram' && stored.algorithm === 'sha256') return stored.value
  return others[0]?.scram ?? null
}

function isOf(written: string, user: string, { domain }: AppPlace): boolean {
  const name = (one: string) => (domain === null ? userKey(one) : identityOf(one, domain))
  return name(written) === name(user)
}

/** Changes the file, behind a link its target, as the owner of its folder. `change` returns the change, or the exit code after a message. */
async function inFolderOf(
  { file }: AppPlace,
  io: Io,
  change: (file: string, text: string) => Promise<Change | number> | Change | number,
): Promise<number> {
  const target = await realpath(file).catch(() => resolve(file))
  return asOwnerOf(dirname(target), io, async () => {
    let result: Change | number = OK
    try {
      await rewriteAccounts(target, commandClock, async (text) => {
        result = await change(target, text)
        return typeof result === 'number' ? null : result.text
      })
    } catch (error) {
      return usageError(io, `${file} cannot be written: ${(error as Error).message}`)
    }
    const changed = result as Change | number
    if (typeof changed === 'number') return changed
    changed.done()
    return OK
  })
}

function usageError(io: Io, problem: string): number {
  line(io.stderr, problem)
  return USAGE
}
