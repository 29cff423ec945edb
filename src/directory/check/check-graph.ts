// Finds loops and dangling targets when data is loaded, before a message meets them. It follows the order of look-up in docs/reference/routing.md,
// as route/resolve-address.ts does for one address.

import { splitAddress } from '../../smtp/mailbox.ts'
import type { Mailbox } from '../../smtp/mailbox.ts'
import { addressKey, isPublicName, printAddress, splitTag } from '../address.ts'
import { checkLimits } from './check-limits.ts'
import type { AddressRecord, TargetEntry } from '../directory.ts'
import { edgesOf, entriesOf, nodeOf, placesOf } from './graph-edges.ts'
import type { Edge, Owner } from './graph-edges.ts'
import type { SnapshotBuilder } from '../read/snapshot-builder.ts'
import { parsePlace } from '../data-problem.ts'
import type { Place } from '../data-problem.ts'

/** The severity of problems; the default for both is `error`. */
export interface GraphSeverity {
  /** Loops, too long chains, too large groups. */
  readonly loops?: 'error' | 'warning'
  readonly dangling?: 'error' | 'warning'
}

/** Routing accepts mail for these at every domain (RFC 5321 4.5.1, RFC 2142). */
const alwaysAnswered = /^(?:postmaster|abuse)@/

/** Reports every loop once, and every target in our domains that cannot be resolved. */
export function checkGraph(builder: SnapshotBuilder, choice: GraphSeverity = {}): void {
  const reportDangling = choice.dangling === 'warning' ? builder.problems.warn : builder.problems.error
  for (const [key, record] of builder.addresses) {
    for (const { field, entry } of entriesOf(record)) checkTargets(builder, { key, field }, entry, reportDangling)
    if (record.copies) checkCopies(builder, key, record.copies, reportDangling)
  }
  for (const [name, domain] of builder.domains) {
    if (!domain.catchAll) continue
    checkTargets(builder, { key: `@${name}`, field: 'alias', net: name }, domain.catchAll, reportDangling)
    if (domain.transport) {
      const place = placesOf(builder, domain.catchAll)[0]
      if (place)
        builder.problems.warn(
          place,
          `${name} has a transport (${domain.transport.source}): its catch-all has no effect`,
        )
    }
  }
  for (const record of builder.addresses.values()) checkUser(builder, record)
  const reportLoop = choice.loops === 'warning' ? builder.problems.warn : builder.problems.error
  reportLoops(builder, reportLoop)
  checkLimits(builder, reportLoop)
}

/** For an entry without an address, `key` is a name for messages only. */
interface TargetsOwner extends Owner {
  /** The domain whose catch-all it is. */
  readonly net?: string
}

function checkTargets(
  builder: SnapshotBuilder,
  owner: TargetsOwner,
  entry: TargetEntry,
  report: (place: Place, message: string) => void,
): void {
  entry.targets.forEach((target, index) => {
    const place = placesOf(builder, entry)[index] ?? { file: entry.source, line: 0, column: 0 }
    if (!builder.domains.has(target.domain)) {
      if (!isPublicName(target.domain))
        report(place, `${printAddress(target)}: ${target.domain} is not a public domain name`)
      return
    }
    if (canonicalKey(builder, target) === owner.key) {
      if (!endsSomewhere(builder, target, owner))
        report(place, `${owner.key} is a target of itself, but has no forward or transport`)
    } else if (!endsSomewhere(builder, target, null, owner.net === undefined ? [] : [owner.net])) {
      const name = printAddress(target)
      report(place, `unknown address ${name}: no alias, forward, transport or catch-all (target of ${owner.key})`)
    }
  })
}

/** Copies (recipient_bcc) that cannot be delivered, or are never made. */
function checkCopies(
  builder: SnapshotBuilder,
  key: string,
  entry: TargetEntry,
  report: (place: Place, message: string) => void,
): void {
  const [place] = placesOf(builder, entry)
  if (place && !endsSomewhere(builder, splitAddress(key), null))
    builder.problems.warn(place, `recipient_bcc of ${key} has no effect: unknown address`)
  else checkTargets(builder, { key: `recipient_bcc of ${key}`, field: 'alias' }, entry, report)
}

function checkUser(builder: SnapshotBuilder, record: AddressRecord): void {
  if (!record.user || record.alias || record.forward || record.transport || record.discard || record.refusal) return
  const entry = builder.users.get(record.user.name)
  for (const address of entry?.addresses ?? []) {
    if (builder.addresses.get(addressKey(address)) !== record || endsSomewhere(builder, address, null)) continue
    const place = parsePlace(record.user.source)
    builder.problems.warn(
      place,
      `mail to ${printAddress(address)} is refused: the user has no alias, forward or transport`,
    )
  }
}

/**
 * True if any step of the look-up resolves this address of ours. `past` is the entry that names itself; `nets` are the domains whose
 * catch-alls led here: an address that only these catch-alls accept is a loop.
 */
function endsSomewhere(
  builder: SnapshotBuilder,
  address: Mailbox,
  past: Owner | null,
  nets: readonly string[] = [],
): boolean {
  const key = addressKey(address)
  const split = splitTag(address.local, '+')
  const base = split ? addressKey({ local: split.base, domain: address.domain }) : null
  if (answers(builder, key, past) || (base !== null && answers(builder, base, past))) return true
  if (builder.isKnownElsewhere(key) || (base !== null && builder.isKnownElsewhere(base))) return true
  const domain = builder.domains.get(address.domain)
  if (domain?.transport) return true
  if (domain?.aliasOf && endsSomewhere(builder, { local: address.local, domain: domain.aliasOf.domain }, past, nets))
    return true
  // A catch-all must not accept the copy that an address keeps for itself.
  if (past) return false
  if (
    catches(builder, address.domain, nets) ||
    alwaysAnswered.test(base ?? key) ||
    domain?.roles?.includes((split?.base ?? address.local).toLowerCase())
  )
    return true
  return builder.rewrites.some((rewrite) =>
    rewrite.domain === undefined
      ? rewrite.pattern.test(key)
      : rewrite.domain === address.domain && rewrite.pattern.test(address.local),
  )
}

/** True if the domain has a catch-all with a target outside the catch-alls that led here. */
function catches(builder: SnapshotBuilder, domain: string, nets: readonly string[]): boolean {
  const entry = builder.domains.get(domain)?.catchAll
  if (!entry || nets.includes(domain)) return false
  // If no catch-all led here, checkGraph reports its targets separately.
  if (nets.length === 0) return true
  return entry.targets.some(
    (target) => !builder.domains.has(target.domain) || endsSomewhere(builder, target, null, [...nets, domain]),
  )
}

function answers(builder: SnapshotBuilder, key: string, past: Owner | null): boolean {
  const record = builder.addresses.get(key)
  if (!record) return false
  if (record.refusal || record.discard || record.transport) return true
  if (past?.key !== key) return Boolean(record.alias || record.forward || (record.hostAlias && !past))
  return past.field === 'alias' && record.forward !== undefined
}

/** Searches depth-first over alias and forward edges; an edge back to an open entry closes a loop. */
function reportLoops(builder: SnapshotBuilder, report: (place: Place, message: string) => void): void {
  const state = new Map<string, 'open' | 'done'>()
  for (const start of builder.addresses.keys()) {
    if (state.has(start)) continue
    const stack: { key: string; edges: readonly Edge[]; next: number }[] = [
      { key: start, edges: edgesOf(builder, start), next: 0 },
    ]
    state.set(start, 'open')
    while (stack.length > 0) {
      const top = stack.at(-1) as (typeof stack)[number]
      const edge = top.edges[top.next]
      top.next += 1
      if (!edge) {
        state.set(top.key, 'done')
        stack.pop()
      } else if (state.get(edge.to) === 'open') {
        const circle = stack.slice(stack.findIndex((each) => each.key === edge.to)).map((each) => each.key)
        report(edge.place, `loop: ${[...circle, edge.to].join(' → ')}`)
      } else if (!state.has(edge.to)) {
        state.set(edge.to, 'open')
        stack.push({ key: edge.to, edges: edgesOf(builder, edge.to), next: 0 })
      }
    }
  }
}

function canonicalKey(builder: SnapshotBuilder, target: Mailbox): string {
  return nodeOf(builder, target) ?? addressKey(target)
}
