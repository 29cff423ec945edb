// Reads which domains other mail modules can verify recipients of. Waypost verifies every recipient before the 250, unless a transport
// or catch-all accepts a whole domain; a list that contradicts this gets a warning.

import type { DomainRecord } from '../directory.ts'
import type { Located } from '../located.ts'
import { readDomain } from './snapshot-builder.ts'
import type { SnapshotBuilder } from './snapshot-builder.ts'
import { domainTexts } from './read-domains.ts'

/** `verify_domains` and `unverifiable_domains`. */
export function readVerifiable(builder: SnapshotBuilder, is: boolean, value: Located): void {
  for (const { text, place } of domainTexts(builder, value)) {
    const domain = readDomain(builder, text, place)
    if (domain !== null) builder.verifiable.push({ domain, is, place })
  }
}

/** After all files: warns where the data contradicts the list. */
export function checkVerifiable(builder: SnapshotBuilder): void {
  for (const { domain, is, place } of builder.verifiable) {
    const record = builder.domains.get(domain)
    const net = record && takingAll(builder, record)
    if (!record) builder.problems.warn(place, `${domain} is not a domain of ours: mail for it is refused`)
    else if (is && net) {
      builder.problems.warn(place, `${domain}: the ${net.what} at ${net.source} accepts any recipient unverified`)
    } else if (!is && !net) {
      builder.problems.warn(
        place,
        `${domain}: unknown recipients are refused, because it has no transport or catch-all`,
      )
    }
  }
}

/** The entry that accepts every address of a domain or its main domain. Loops of alias domains are reported by checkAliasDomains. */
function takingAll(
  builder: SnapshotBuilder,
  domain: DomainRecord,
): { readonly what: string; readonly source: string } | null {
  const seen = new Set<DomainRecord>()
  for (let at: DomainRecord | undefined = domain; at && !seen.has(at); ) {
    seen.add(at)
    if (at.transport) return { what: 'transport', source: at.transport.source }
    if (at.catchAll) return { what: 'catch-all', source: at.catchAll.source }
    at = at.aliasOf ? builder.domains.get(at.aliasOf.domain) : undefined
  }
  return null
}
