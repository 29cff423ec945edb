// Reads the sections about domains: our domains, and alias domains.

import type { Located } from '../located.ts'
import { describeLocated, refuseUnknown, textOf } from '../located.ts'
import { readDomain, setOnce, sourceAt } from './snapshot-builder.ts'
import type { SnapshotBuilder } from './snapshot-builder.ts'
import { parsePlace } from '../data-problem.ts'
import type { Place } from '../data-problem.ts'

/** `mail::domains`: a list, one text, or a mapping whose keys are domains. */
export function readDomains(builder: SnapshotBuilder, value: Located): void {
  for (const { text, place } of domainTexts(builder, value)) {
    const domain = readDomain(builder, text, place)
    if (domain !== null) addDomain(builder, domain, place)
  }
}

/** `mail::alias_domains`: domain → main domain; a list means the site's main domain. */
export function readAliasDomains(builder: SnapshotBuilder, value: Located): void {
  if (value.kind !== 'map') {
    for (const { text, place } of domainTexts(builder, value)) addAliasDomain(builder, text, builder.mainDomain, place)
    return
  }
  for (const entry of value.entries) {
    const main = entry.value.kind === 'scalar' && entry.value.value === null ? builder.mainDomain : textOf(entry.value)
    if (main === null)
      builder.problems.error(entry.value.place, `expected a domain, found ${describeLocated(entry.value)}`)
    else addAliasDomain(builder, entry.key, main, entry.place)
  }
}

/** After all files: an alias domain must lead to a domain of ours without a loop. */
export function checkAliasDomains(builder: SnapshotBuilder): void {
  for (const [name, record] of builder.domains) {
    if (!record.aliasOf) continue
    const seen = new Set([name])
    let at = record.aliasOf
    while (builder.domains.get(at.domain)?.aliasOf && !seen.has(at.domain)) {
      seen.add(at.domain)
      at = builder.domains.get(at.domain)?.aliasOf as typeof at
    }
    const place = parsePlace(record.aliasOf.source)
    if (seen.has(at.domain)) builder.problems.error(place, `alias domains form a loop at ${name}`)
    else if (!builder.domains.has(at.domain)) {
      builder.problems.error(place, `alias domain ${name}: ${at.domain} is not a domain of ours`)
    }
  }
}

/** Makes a domain ours. */
export function addDomain(builder: SnapshotBuilder, domain: string, place: Place): void {
  if (!builder.domains.has(domain)) builder.domains.set(domain, { source: sourceAt(place) })
}

function addAliasDomain(builder: SnapshotBuilder, text: string, mainText: string, place: Place): void {
  const domain = readDomain(builder, text, place)
  const main = readDomain(builder, mainText, place)
  if (domain === null || main === null) return
  addDomain(builder, domain, place)
  const record = builder.domains.get(domain)
  if (!record || record.aliasOf?.domain === main) return
  setOnce(builder, { record, field: 'aliasOf', name: domain }, { domain: main, source: sourceAt(place) }, place)
}

/** The domains of a list, of one text, or of a mapping's keys; values in a mapping are refused. */
export function domainTexts(builder: SnapshotBuilder, value: Located): readonly { text: string; place: Place }[] {
  if (value.kind === 'map') {
    for (const entry of value.entries) refuseUnknown(entry.value, ['nothing'], builder.problems)
    return value.entries.map((entry) => ({ text: entry.key, place: entry.place }))
  }
  const items = value.kind === 'list' ? value.items : [value]
  return items.flatMap((item) => {
    const text = textOf(item)
    if (text !== null) return [{ text, place: item.place }]
    if (item.kind === 'list') return domainTexts(builder, item)
    builder.problems.error(item.place, `expected a domain, found ${describeLocated(item)}`)
    return []
  })
}
