// Reads the whole LDAP directory in pages on one connection (RFC 4511 4.5, RFC 2696). A size limit, a referral or a page without
// paging control makes the answer partial, because a snapshot of half the people would refuse the mail of the others.

import { FilterParser } from 'ldapts'
import type { Entry } from 'ldapts'
import type { Clock } from '../../lib/clock.ts'
import type { Fetched, MirrorSource } from '../snapshots/mirror-source.ts'
import type { SourceContent } from '../snapshots/source-content.ts'
import { readAliasEntry, readPerson, userAttributes } from './ldap-entries.ts'
import { createLdapPool } from './ldap-pool.ts'
import type { LdapServerSettings, LdapShape } from './ldap-settings.ts'
import type { Page, PagingClient } from './paging-client.ts'
import { openReference } from './search-references.ts'
import type { ReferralChoice } from './search-references.ts'

/** Entries in a page: below the usual limit of 500, with few round trips for 100 000 people. */
const PAGE_SIZE = 400
/** 100 000 entries take seconds; a read that takes longer than this hangs. */
const WHOLE_DEADLINE_MS = 300_000

export interface LdapMirrorSettings extends LdapServerSettings, LdapShape {
  /** True for an address of the organisation. */
  readonly isOwn: (address: string) => boolean
}

/** Thrown inside a request to end it as partial. */
class PartialAnswer extends Error {}

export function createLdapMirror(settings: LdapMirrorSettings, clock: Clock): MirrorSource {
  const pool = createLdapPool(settings, clock)
  return {
    fetch: async (signal) => {
      const close = () => pool.close()
      signal.addEventListener('abort', close, { once: true })
      // The mirror has its own pauses.
      pool.resetBackoff()
      const answer = await pool.query((client) => readAll(client, settings), WHOLE_DEADLINE_MS)
      signal.removeEventListener('abort', close)
      if (answer.kind === 'answered') return answer.value
      return { kind: answer.kind === 'refused' ? 'partial' : 'unavailable', cause: answer.cause }
    },
    close: async () => pool.close(),
  }
}

async function readAll(client: PagingClient, settings: LdapMirrorSettings): Promise<Fetched> {
  try {
    const { users, aliases, isOwn, referrals } = settings
    const people = await searchAll(client, { ...users, referrals }, userAttributes(users))
    const names = aliases ? [aliases.attributes.address, aliases.attributes.targets] : []
    const groups = aliases ? await searchAll(client, { ...aliases, referrals }, names) : []
    const rows = people.flatMap((entry) => readPerson(entry, users, isOwn) ?? [])
    const content: SourceContent = {
      users: rows.map((row) => row.user),
      forwards: rows.flatMap((row) => row.forwards),
      aliases: aliases ? groups.flatMap((entry) => readAliasEntry(entry, aliases)) : [],
    }
    return { kind: 'whole', content }
  } catch (error) {
    if (error instanceof PartialAnswer) return { kind: 'partial', cause: error.message }
    throw error
  }
}

async function searchAll(
  client: PagingClient,
  where: { readonly base: string; readonly filter: string; readonly referrals: ReferralChoice },
  attributes: string[],
): Promise<readonly Entry[]> {
  const { base } = where
  const filter = FilterParser.parseString(where.filter)
  const entries: Entry[] = []
  let cookie: Page['cookie'] = null
  do {
    const page: Page = await client.searchPage({ base, filter, attributes, size: PAGE_SIZE, cookie })
    const reference = openReference(page.references, where.referrals)
    if (reference !== null) throw new PartialAnswer(`the server returned a referral to ${reference} under ${base}`)
    if (!page.cookie) throw new PartialAnswer(`a result page of ${base} has no paging control`)
    entries.push(...page.entries)
    cookie = page.cookie
  } while (cookie.length > 0)
  return entries
}
