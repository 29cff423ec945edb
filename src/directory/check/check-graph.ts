// Finds loops and dangling targets when data is loaded, before a message meets them. It follows the order of look-up in docs/reference/routing.md,
// as route/resolve-address.ts does for one address.

import { splitAddress } from '../../smtp/mailbox.ts'
import type { Mailbox } from '../../smtp/mailbox.ts'
import { addressKey, isAlwaysAccepted, isPublicName, printAddress, splitTag } from '../address.ts'
import { checkLimits } from './check-limits.ts'
import type { AddressRecord, TargetEntry } from '../directory.ts'
import { checkLoops } from './check-loops.ts'
import { entriesOf, nodeOf, placesOf } from './graph-edges.ts'
import type { Owner } from './graph-edges.ts'
import type { SnapshotBuilder } from '../read/snapshot-builder.ts'
import { parsePlace } from '../data-problem.ts'
import type { Place } from '../data-problem.ts'

/** The severity of problems; the default for both is `error`. */
export interface GraphSeverity {
  /** Loops, too long chains, too large groups. */
  readonly loops?: 'error' | 'warning'
  readonly dangling?: 'error' | 'warning'
}

/** Reports every loop once, and every target in our domains that cannot be resolved. */
export function checkGraph(builder: SnapshotBuilder, severity: GraphSeverity = {}): void {
  const reportDangling = severity.dangling === 'warning' ? builder.problems.warn : builder.problems.error
  for (const [key, record] of builder.addresses) {
    for (const { field, entry } of entriesOf(record)) checkTargets(builder, { key, field }, entry, reportDangling)
    if (record.copies) checkCopies(builder, key, record.copies, reportDangling)
  }
  for (const [name, domain] of builder.domains) {
    if (!domain.catchAll) continue
    checkTargets(builder, { key: `@${name}`, field: 'alias', catchAllOf: name }, domain.catchAll, reportDangling)
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
  const reportLoop = severity.loops === 'warning' ? builder.problems.warn : builder.problems.error
  checkLoops(builder, reportLoop)
  checkLimits(builder, reportLoop)
}

/** For an entry without an address, `key` is a name for messages only. */
interface TargetsOwner extends Owner {
  /** The domain whose catch-all it is. */
  readonly catchAllOf?: string
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
      if (!isResolvable(builder, target, owner))
        report(place, `${owner.key} is a target of itself, but has no forward or transport`)
    } else if (!isResolvable(builder, target, null, owner.catchAllOf === undefined ? [] : [owner.catchAllOf])) {
      const name = printAddress(target)
      report(place, `unknown address ${name}: ${lackOf(builder, target.domain)} (target of ${owner.key})`)
    }
  })
}

/** Why an address of ours is unknown. A catch-all that is there does not accept it only if another catch-all has led to the address. */
function lackOf(builder: SnapshotBuilder, name: string): string {
  const written = builder.domains.get(name)
  const domain = written?.aliasOf?.domain ?? name
  if (!builder.domains.get(domain)?.catchAll) return 'no alias, forward, transport or catch-all'
  return `only the catch-all of ${domain} is left, and it leads back to itself or to no known address`
}

/** Copies (recipient_bcc) that cannot be delivered, or are never made. */
function checkCopies(
  builder: SnapshotBuilder,
  key: string,
  entry: TargetEntry,
  report: (place: Place, message: string) => void,
): void {
  const [place] = placesOf(builder, entry)
  if (place && !isResolvable(builder, splitAddress(key), null))
    builder.problems.warn(place, `recipient_bcc of ${key} has no effect: unknown address`)
  else checkTargets(builder, { key: `recipient_bcc of ${key}`, field: 'alias' }, entry, report)
}

function checkUser(builder: SnapshotBuilder, record: AddressRecord): void {
  if (!record.user || record.alias || record.forward || record.transport || record.discard || record.refusal) return
  const entry = builder.users.get(record.user.name)
  for (const address of entry?.addresses ?? []) {
    if (builder.addresses.get(addressKey(address)) !== record || isResolvable(builder, address, null)) continue
    const place = parsePlace(record.user.source)
    builder.problems.warn(
      place,
      `mail to ${printAddress(address)} is refused: the user has no alias, forward or transport`,
    )
  }
}

/**
 * True if any step of the look-up resolves this address of ours. `past` is the entry that names itself; `catchAlls` are the domains whose
 * catch-alls led here: an address that only these catch-alls accept is a loop.
 */
function isResolvable(
  builder: SnapshotBuilder,
  address: Mailbox,
  past: Owner | null,
  catchAlls: readonly string[] = [],
): boolean {
  const key = addressKey(address)
  const split = splitTag(address.local, '+')
  const base = split ? addressKey({ local: split.base, domain: address.domain }) : null
  if (hasEntry(builder, key, past) || (base !== null && hasEntry(builder, base, past))) return true
  if (builder.isKnownElsewhere(key) || (base !== null && builder.isKnownElsewhere(base))) return true
  const domain = builder.domains.get(address.domain)
  if (domain?.transport) return true
  if (
    domain?.aliasOf &&
    isResolvable(builder, { local: address.local, domain: domain.aliasOf.domain }, past, catchAlls)
  )
    return true
  // A catch-all must not accept the copy that an address keeps for itself.
  if (past) return false
  if (
    hasUsableCatchAll(builder, address.domain, catchAlls) ||
    isAlwaysAccepted(base ?? key) ||
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
function hasUsableCatchAll(builder: SnapshotBuilder, domain: string, catchAlls: readonly string[]): boolean {
  const entry = builder.domains.get(domain)?.catchAll
  if (!entry || catchAlls.includes(domain)) return false
  // If no catch-all led here, checkGraph reports its targets separately.
  if (catchAlls.length === 0) return true
  return entry.targets.some(
    (target) => !builder.domains.has(target.domain) || isResolvable(builder, target, null, [...catchAlls, domain]),
  )
}

function hasEntry(builder: SnapshotBuilder, key: string, past: Owner | null): boolean {
  const record = builder.addresses.get(key)
  if (!record) return false
  if (record.refusal || record.discard || record.transport) return true
  if (past?.key !== key) return Boolean(record.alias || record.forward || (record.hostAlias && !past))
  return past.field === 'alias' && record.forward !== undefined
}

function canonicalKey(builder: SnapshotBuilder, target: Mailbox): string {
  return nodeOf(builder, target) ?? addressKey(target)
}
