// LDAP asked for each address, for directories that are too large or too lively to mirror. Values go into filters as values, never as
// text, so that no address can be a filter. Room: directory. RFC 4511 4.5.1.7, RFC 4515.

import { AndFilter, EqualityFilter, FilterParser, OrFilter } from 'ldapts'
import type { Client, Entry } from 'ldapts'
import type { Clock } from '../../lib/clock.ts'
import { indexContent } from '../snapshots/index-content.ts'
import type { ContentIndex, IndexSettings } from '../snapshots/index-content.ts'
import type { LiveAnswer, LiveSource } from '../live-source.ts'
import { readAliasEntry, readPerson, userAttributes } from './ldap-entries.ts'
import type { LdapMirrorSettings } from './ldap-mirror.ts'
import { createLdapPool } from './ldap-pool.ts'

/** More entries for one address than this are a filter that means something else. */
const MOST_ENTRIES = 20

export interface LdapLiveSettings extends LdapMirrorSettings, IndexSettings {}

export function createLdapLive(settings: LdapLiveSettings, clock: Clock): LiveSource {
  const pool = createLdapPool(settings, clock)
  const ask = async <T>(names: Names, read: (index: ContentIndex) => T | undefined): Promise<LiveAnswer<T>> => {
    const answer = await pool.ask((client) => lookUp(client, settings, names), settings.timeoutMs)
    if (answer.kind !== 'answered') return { kind: 'unavailable', cause: `ldap: ${answer.cause}` }
    return { kind: 'known', value: read(answer.value) ?? null }
  }
  return {
    address: (key) => {
      const at = key.lastIndexOf('@')
      const isMain = key.slice(at + 1) === settings.mainDomain
      const names = isMain ? [key, key.slice(0, at)] : [key]
      const user = isMain ? key.slice(0, at) : null
      return ask({ user, addresses: names, aliases: names }, (index) => index.records.get(key))
    },
    user: (name) => ask({ user: name, addresses: [], aliases: [] }, (index) => index.users.get(name)),
    close: () => pool.close(),
  }
}

/** What is looked for; any of them fits. */
interface Names {
  readonly user: string | null
  readonly addresses: readonly string[]
  readonly aliases: readonly string[]
}

async function lookUp(client: Client, settings: LdapLiveSettings, names: Names): Promise<ContentIndex> {
  const { users, aliases, isOwn } = settings
  const { attributes } = users
  const people = await search(client, users, {
    attributes: userAttributes(users).filter((name) => name !== attributes.password),
    any: [
      ...(names.user === null ? [] : [equals(attributes.user, names.user)]),
      ...attributes.addresses.flatMap((name) => names.addresses.map((value) => equals(name, value))),
    ],
  })
  const groups = aliases
    ? await search(client, aliases, {
        attributes: [aliases.attributes.address, aliases.attributes.targets],
        any: names.aliases.map((value) => equals(aliases.attributes.address, value)),
      })
    : []
  const rows = people.flatMap((entry) => readPerson(entry, users, isOwn) ?? [])
  const content = {
    users: rows.map((row) => row.user),
    forwards: rows.flatMap((row) => row.forwards),
    aliases: aliases ? groups.flatMap((entry) => readAliasEntry(entry, aliases)) : [],
  }
  return indexContent(content, settings)
}

async function search(
  client: Client,
  where: { readonly base: string; readonly filter: string },
  wanted: { readonly attributes: string[]; readonly any: EqualityFilter[] },
): Promise<readonly Entry[]> {
  if (wanted.any.length === 0) return []
  const filter = new AndFilter({
    filters: [FilterParser.parseString(where.filter), new OrFilter({ filters: wanted.any })],
  })
  const found = await client.search(where.base, { scope: 'sub', filter, attributes: wanted.attributes })
  if (found.searchReferences.length > 0) throw new Error(`the server refers to ${found.searchReferences[0]}`)
  if (found.searchEntries.length > MOST_ENTRIES) throw new Error('the filter fits too many entries')
  return found.searchEntries
}

function equals(attribute: string, value: string): EqualityFilter {
  return new EqualityFilter({ attribute, value })
}
