// Where the password of a person is kept, and how the page changes it there: in the passwd-file, or in LDAP. The new one counts at once.

import { constants } from 'node:fs'
import { access, readFile, realpath } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { editPasswdText, rewriteAccounts, scramSaltIn, withHash } from '../auth/passwd-edit.ts'
import { noPasswdFile, parsePasswdFile } from '../auth/passwd-file.ts'
import { mostOctets } from '../auth/password-octets.ts'
import type { PasswordHasher } from '../auth/password-pool.ts'
import { findEntry } from '../auth/people.ts'
import type { HashableScheme } from '../auth/schemes.ts'
import { readStored, type StoredPassword } from '../auth/stored-password.ts'
import type { Config } from '../config/config.ts'
import { createLdapPasswordWriter } from '../directory/ldap/ldap-password.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Ability, ChangeAnswer, PasswordChange, PersonPasswords } from '../self-service/service-ports.ts'
import { ldapPasswordSettings } from '../wiring/directory-settings.ts'
import type { CurrentData } from './current-data.ts'
import type { SourceHolder } from './source-holder.ts'

export interface PersonPasswordParts {
  /** The active one. */
  readonly config: () => Config
  readonly data: Pick<CurrentData, 'people' | 'freshPassword'>
  readonly sources: Pick<SourceHolder, 'set' | 'current'>
  readonly hasher: PasswordHasher
  /** Called when a password is another one. */
  readonly changed: (account: string) => void
  readonly clock: Clock
  readonly log: Pick<Log, 'warn'>
}

type Place =
  | { readonly kind: 'file'; readonly file: string; readonly user: string; readonly stored: StoredPassword }
  | { readonly kind: 'ldap'; readonly dn: string; readonly stored: StoredPassword | null }
  | { readonly kind: 'none'; readonly reason: string }

/** A refresh of the mirror takes seconds; the page does not wait longer for it, ms. */
const REFRESH_MS = 5000
const ASK = 'Please ask your administrator.'
const LATER = 'The password cannot be changed at the moment. Please try again later.'

export function createPersonPasswords(parts: PersonPasswordParts): PersonPasswords {
  return {
    ability: async (identity): Promise<Ability> => {
      const place = await placeOf(parts, identity)
      if (place.kind === 'none') return { kind: 'impossible', reason: place.reason }
      return place.kind === 'ldap' || (await isWritable(place.file))
        ? { kind: 'possible' }
        : { kind: 'impossible', reason: `The passwords are read-only on this server. ${ASK}` }
    },
    mostOctets: async (identity) => mostOctets(await schemeFor(parts, await placeOf(parts, identity))),
    change: async (change) => {
      const place = await placeOf(parts, change.identity)
      if (place.kind === 'none') return { kind: 'refused', cause: place.reason }
      const answer = await (place.kind === 'file' ? changeFile(parts, place, change) : changeLdap(parts, place, change))
      if (answer.kind === 'changed') parts.changed(change.identity)
      return answer
    },
  }
}

/** Whether the node may replace a file: it makes a new one in the same folder. */
export async function isWritable(file: string): Promise<boolean> {
  const target = await realpath(file).catch(() => file)
  return access(dirname(target), constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  )
}

/** The file decides about its users; then LDAP and SQL, as at a login. */
async function placeOf({ config, sources, data }: PersonPasswordParts, identity: string): Promise<Place> {
  const { users, domain } = config()
  const file =
    users === undefined ? noPasswdFile : parsePasswdFile(users, await readFile(users, 'utf8').catch(() => ''))
  const entry = findEntry(file, identity, domain)
  if (users !== undefined && entry) return { kind: 'file', file: users, user: entry.user, stored: entry.stored }
  for (const source of sources.set.list) {
    const user = await source.user(identity)
    if (user.kind === 'unavailable') return { kind: 'none', reason: LATER }
    if (user.kind === 'absent') continue
    if (source.name !== 'ldap' || ldapPasswordSettings(config()) === null) break
    const person = await data.people.find(identity)
    const stored = person.kind === 'found' && person.check.kind === 'hash' ? person.check.stored : null
    return { kind: 'ldap', dn: user.value.source, stored }
  }
  return { kind: 'none', reason: `Your password is kept where this page cannot change it. ${ASK}` }
}

async function schemeFor({ config }: Pick<PersonPasswordParts, 'config'>, place: Place): Promise<HashableScheme> {
  const wanted = config().self_service?.scheme ?? 'same'
  if (wanted !== 'same') return wanted
  switch (place.kind === 'none' ? undefined : place.stored?.kind) {
    case 'bcrypt':
      return 'BLF-CRYPT'
    case 'sha-crypt':
      return 'SHA512-CRYPT'
    case 'pbkdf2':
      return 'PBKDF2'
    case 'scram':
      return 'SCRAM-SHA-256'
    default:
      return 'ARGON2ID'
  }
}

async function changeFile(
  parts: PersonPasswordParts,
  { file, user, stored }: Place & { kind: 'file' },
  { identity, password }: PasswordChange,
): Promise<ChangeAnswer> {
  const { hasher, clock, data, log } = parts
  const scheme = await schemeFor(parts, { kind: 'file', file, user, stored })
  // The password was proved against what the node has in memory.
  const known = await data.people.find(identity)
  const proven = known.kind === 'found' && known.check.kind === 'hash' ? known.check.stored : null
  const text = await readFile(file, 'utf8').catch(() => '')
  const hash = await hasher.hash(scheme, password, scheme === 'SCRAM-SHA-256' ? scramSaltIn(text, user) : null)
  if (hash === null) return { kind: 'refused', cause: LATER }
  let isCurrent = false
  try {
    await rewriteAccounts(file, clock, (now) => {
      const entry = parsePasswdFile(file, now).entries.get(user)
      isCurrent = entry !== undefined && isDeepStrictEqual(entry.stored, proven)
      return isCurrent ? editPasswdText(now, user, (fields) => withHash(fields, hash)).text : null
    })
  } catch (error) {
    log.warn({ file, cause: (error as Error).message }, 'the page cannot change the passwd-file')
    return { kind: 'refused', cause: `The new password cannot be stored. ${ASK}` }
  }
  if (!isCurrent)
    return { kind: 'refused', cause: 'Your password was changed elsewhere in the meantime. Please sign in again.' }
  await useHash(parts, identity, { from: stored, hash })
  return { kind: 'changed' }
}

async function changeLdap(
  parts: PersonPasswordParts,
  place: Place & { kind: 'ldap' },
  { identity, old, password }: PasswordChange,
): Promise<ChangeAnswer> {
  const { hasher, config, clock, log, sources } = parts
  const settings = ldapPasswordSettings(config())
  if (settings === null) return { kind: 'refused', cause: LATER }
  const made = await hasher.hash(await schemeFor(parts, place), password, saltOf(place.stored))
  if (made === null) return { kind: 'refused', cause: LATER }
  const hash = directoryForm(made)
  const writer = createLdapPasswordWriter(settings, clock)
  const answer = await writer.set({ dn: place.dn, old, password, hash }).finally(() => writer.close())
  if (answer.kind !== 'answered') {
    log.warn({ dn: place.dn, cause: answer.cause }, 'the page cannot change a password in LDAP')
    if (answer.kind === 'unavailable') return { kind: 'refused', cause: LATER }
    return { kind: 'refused', cause: `The directory refused the new password: ${answer.cause}.` }
  }
  // With Password Modify only the server knows the hash: it is read before one of this node takes its place.
  const refreshed = sources.current().refresh()
  if (settings.attribute === null) await Promise.race([refreshed, clock.sleep(REFRESH_MS)])
  if (place.stored !== null) await useHash(parts, identity, { from: place.stored, hash })
  return { kind: 'changed' }
}

function saltOf(stored: StoredPassword | null) {
  return stored?.kind === 'scram' && stored.algorithm === 'sha256' ? stored.value : null
}

/** The prefixes that directory servers know. */
function directoryForm(hash: string): string {
  return hash.replace(/^\{(?:BLF|SHA512)-CRYPT\}/, '{CRYPT}').replace(/^\{ARGON2ID\}/, '{ARGON2}')
}

/** The data of the node have the new hash at the next reload or refresh; it counts from now on. */
async function useHash(
  { data }: Pick<PersonPasswordParts, 'data'>,
  identity: string,
  { from, hash }: { readonly from: StoredPassword; readonly hash: string },
): Promise<void> {
  const read = readStored(hash)
  if (read.kind === 'read') await data.freshPassword(identity, { from, to: read.stored })
}
