// Looks up each address in LDAP, for directories that are too large or change too often to mirror. Values enter filters as values, never as
// text, so that no address can change a filter (RFC 4511 4.5.1.7, RFC 4515).

import { AndFilter, EqualityFilter, FilterParser, OrFilter } from 'ldapts'
import type { Client, Entry } from 'ldapts'
import type { Clock } from '../../lib/clock.ts'
import { splitAddress } from '../../smtp/mailbox.ts'
import { indexContent } from '../snapshots/index-content.ts'
import type { ContentIndex, IndexSettings } from '../snapshots/index-content.ts'
import type { Lookup } from '../directory.ts'
import type { LiveSource, VerifyAnswer } from '../live-source.ts'
import type { SourceUser } from '../external-source.ts'
import { readAliasEntry, readPerson, typedForms, userAttributes } from './ldap-entries.ts'
import type { LdapMirrorSettings } from './ldap-mirror.ts'
import { createLdapPool } from './ldap-pool.ts'
import type { LdapPool } from './ldap-pool.ts'
import type { LdapAliases } from './ldap-settings.ts'
import { openReference } from './search-references.ts'
import type { ReferralChoice } from './search-references.ts'

/** Entries for one address; more means that the filter is wrong. */
const ENTRY_LIMIT = 20
/** Aliases that name one address; also slapd's default limit for one answer. */
const ALIAS_LIMIT = 500

export interface LdapLiveSettings extends LdapMirrorSettings, IndexSettings {
  /** How passwords are checked: by the hash here, or by the server with a bind as the person. */
  readonly passwords: 'hash' | 'bind'
}

export function createLdapLive(settings: LdapLiveSettings, clock: Clock): LiveSource {
  const pool = createLdapPool(settings, clock)
  const query = async <T>(
    request: (client: Client) => Promise<Answer>,
    read: (index: ContentIndex) => T | undefined,
    isWhole: (value: T) => boolean = () => true,
  ): Promise<Lookup<T>> => {
    const result = await pool.query(request, settings.timeoutMs)
    if (result.kind !== 'answered') return { kind: 'unavailable', cause: `ldap: ${result.cause}` }
    const { index, reference } = result.value
    const value = read(index)
    // The part of the tree that another server holds may have what is missing here.
    if (reference !== null && (value === undefined || !isWhole(value)))
      return { kind: 'unavailable', cause: `ldap: the server returned a referral to ${reference}` }
    return value === undefined ? { kind: 'absent' } : { kind: 'found', value }
  }
  return {
    address: (key) => {
      const names = writtenForms(key, settings)
      const { local, domain } = splitAddress(key)
      const wanted = { user: domain === settings.mainDomain ? local : null, addresses: names, aliases: names }
      return query(
        (client) => lookUp(client, settings, wanted),
        (index) => index.records.get(key),
        (record) => record.alias !== undefined || record.forward !== undefined,
      )
    },
    user: (name) => {
      const wanted = { user: name, addresses: [], aliases: [], password: settings.passwords === 'hash' }
      return query(
        (client) => lookUp(client, settings, wanted),
        (index) => {
          const user = index.users.get(name)
          const password = index.passwords.get(name)?.password
          return user && password !== undefined ? { ...user, password } : user
        },
      )
    },
    aliasGrants: async (key) => {
      const { aliases } = settings
      if (!aliases) return { kind: 'absent' }
      return await query(
        (client) => searchByTarget(client, settings, aliases, key),
        (index) => index.aliasGrants.get(key),
        () => false,
      )
    },
    ...(settings.passwords === 'bind'
      ? { verify: (user: SourceUser, password: string) => bindAs(pool, settings, { dn: user.source, password }) }
      : {}),
    close: () => pool.close(),
  }
}

/** Checks the password of an entry by a bind (RFC 4513 5.1.3). */
async function bindAs(
  pool: LdapPool,
  settings: LdapLiveSettings,
  person: { readonly dn: string; readonly password: string },
): Promise<VerifyAnswer> {
  // A bind with an empty password is unauthenticated and may succeed (RFC 4513 5.1.2).
  if (person.password === '' || person.dn === '') return { kind: 'mismatch' }
  const result = await pool.bindAs(person, settings.timeoutMs)
  if (result.kind === 'answered') return { kind: 'match' }
  return result.kind === 'refused' ? { kind: 'mismatch' } : { kind: 'unavailable', cause: `ldap: ${result.cause}` }
}

/** What to look up; one match is enough. */
interface Names {
  readonly user: string | null
  readonly addresses: readonly string[]
  readonly aliases: readonly string[]
  /** Whether password hashes are requested: at a login only. */
  readonly password?: boolean
}

/** The entries of one address or person. */
interface Answer {
  readonly index: ContentIndex
  /** Another server that may have more; null if there is none. */
  readonly reference: string | null
}

/** The address, its local part alone if it is in the main domain, and its forms with a type (proxyAddresses). */
function writtenForms(key: string, { mainDomain }: IndexSettings): readonly string[] {
  const { local, domain } = splitAddress(key)
  return [key, ...(domain === mainDomain ? [local] : []), ...typedForms(key)]
}

async function lookUp(client: Client, settings: LdapLiveSettings, names: Names): Promise<Answer> {
  const { users, aliases, isOwn, referrals } = settings
  const { attributes } = users
  const people = await search(
    client,
    { ...users, referrals },
    {
      attributes: userAttributes(users).filter((name) => names.password === true || name !== attributes.password),
      any: [
        ...(names.user === null ? [] : [equals(attributes.user, names.user)]),
        ...attributes.addresses.flatMap((name) => names.addresses.map((value) => equals(name, value))),
      ],
    },
  )
  const groups = aliases
    ? await search(
        client,
        { ...aliases, referrals },
        {
          attributes: [aliases.attributes.address, aliases.attributes.targets],
          any: names.aliases.map((value) => equals(aliases.attributes.address, value)),
        },
      )
    : NOTHING
  const rows = people.entries.flatMap((entry) => readPerson(entry, users, isOwn) ?? [])
  const content = {
    users: rows.map((row) => row.user),
    forwards: rows.flatMap((row) => row.forwards),
    aliases: aliases ? groups.entries.flatMap((entry) => readAliasEntry(entry, aliases)) : [],
  }
  return { index: indexContent(content, settings), reference: people.reference ?? groups.reference }
}

/** Finds the aliases that have this address as a member. */
async function searchByTarget(
  client: Client,
  settings: LdapLiveSettings,
  aliases: LdapAliases,
  key: string,
): Promise<Answer> {
  const { address, targets } = aliases.attributes
  const groups = await search(
    client,
    { ...aliases, referrals: settings.referrals },
    {
      attributes: [address, targets],
      any: writtenForms(key, settings).map((value) => equals(targets, value)),
      most: ALIAS_LIMIT,
    },
  )
  const rows = groups.entries.flatMap((entry) => readAliasEntry(entry, aliases))
  const index = indexContent({ users: [], forwards: [], aliases: rows }, settings)
  return { index, reference: groups.reference }
}

interface Found {
  readonly entries: readonly Entry[]
  readonly reference: string | null
}

const NOTHING: Found = { entries: [], reference: null }

async function search(
  client: Client,
  where: { readonly base: string; readonly filter: string; readonly referrals: ReferralChoice },
  wanted: { readonly attributes: string[]; readonly any: EqualityFilter[]; readonly most?: number },
): Promise<Found> {
  if (wanted.any.length === 0) return NOTHING
  const filter = new AndFilter({
    filters: [FilterParser.parseString(where.filter), new OrFilter({ filters: wanted.any })],
  })
  const found = await client.search(where.base, { scope: 'sub', filter, attributes: wanted.attributes })
  if (found.searchEntries.length > (wanted.most ?? ENTRY_LIMIT)) throw new Error('the filter matches too many entries')
  return { entries: found.searchEntries, reference: openReference(found.searchReferences, where.referrals) }
}

function equals(attribute: string, value: string): EqualityFilter {
  return new EqualityFilter({ attribute, value })
}
