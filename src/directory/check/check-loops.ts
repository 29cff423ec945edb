// Finds loops when data is loaded: chains of aliases and forwards that lead back to one of their entries, also through an address without
// an entry, for which an alias domain, a rewrite or a catch-all decides. The order is that of docs/reference/routing.md.

import { splitAddress } from '../../smtp/mailbox.ts'
import type { Mailbox } from '../../smtp/mailbox.ts'
import { addressKey, isAlwaysAccepted, parseAddress, splitTag } from '../address.ts'
import type { Rewrite } from '../directory.ts'
import { parsePlace } from '../data-problem.ts'
import type { Place } from '../data-problem.ts'
import type { SnapshotBuilder } from '../read/snapshot-builder.ts'
import { edgesOf, nodeOf, placesOf, targetsWithPlaces } from './graph-edges.ts'
import type { Edge } from './graph-edges.ts'

/** `user%elsewhere@here` and the like match only an entry of exactly that name. */
const sourceRoute = /[@%!]/

interface Open {
  readonly key: string
  readonly edges: readonly Edge[]
  next: number
}

/** Reports every loop once, with all its members. Searches depth-first; an edge back to an open address closes a loop. */
export function checkLoops(builder: SnapshotBuilder, report: (place: Place, message: string) => void): void {
  const state = new Map<string, 'open' | 'done'>()
  const open = (key: string): Open => {
    state.set(key, 'open')
    return { key, edges: nextOf(builder, key), next: 0 }
  }
  for (const start of builder.addresses.keys()) {
    if (state.has(start)) continue
    const stack = [open(start)]
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const edge = top.edges[top.next]
      top.next += 1
      if (!edge) {
        state.set(top.key, 'done')
        stack.pop()
      } else if (state.get(edge.to) === 'open') {
        const circle = stack.slice(stack.findIndex((each) => each.key === edge.to)).map((each) => each.key)
        // A loop of catch-alls alone is an unknown target, which check-graph.ts reports.
        if (circle.some((key) => builder.addresses.has(key)))
          report(edge.place, `loop: ${[...circle, edge.to].join(' → ')}`)
      } else if (!state.has(edge.to)) stack.push(open(edge.to))
    }
  }
}

/** Where mail for an address continues: to the targets of its entry, or where its domain says. */
function nextOf(builder: SnapshotBuilder, key: string): readonly Edge[] {
  const record = builder.addresses.get(key)
  if (record?.refusal || record?.discard) return []
  if (record?.alias || record?.forward) return withUnlisted(builder, key)
  if (record?.transport || builder.isKnownElsewhere(key)) return []
  const address = splitAddress(key)
  const atMain = atMainDomain(builder, address)
  if (atMain) return [atMain]
  const rewrite = rewriteFor(builder, address)
  if (rewrite) return rewritten(builder, rewrite, address)
  if (record?.hostAlias) return withUnlisted(builder, key)
  return edgesTo(builder, catchAllFor(builder, address))
}

/** The targets of an entry, also those without an entry. The copy that an address keeps for itself is no edge. */
function withUnlisted(builder: SnapshotBuilder, key: string): readonly Edge[] {
  const unlisted = targetsWithPlaces(builder, key).filter(({ target }) => nodeOf(builder, target) === null)
  return [...edgesOf(builder, key), ...edgesTo(builder, unlisted)]
}

interface TargetAt {
  readonly target: Mailbox
  readonly place: Place
}

function edgesTo(builder: SnapshotBuilder, targets: readonly TargetAt[]): readonly Edge[] {
  return targets.flatMap(({ target, place }) =>
    builder.domains.has(target.domain) ? [{ to: nodeOf(builder, target) ?? addressKey(target), place }] : [],
  )
}

/** Step 3: the same local part at the main domain of an alias domain, if anything there decides about it. */
function atMainDomain(builder: SnapshotBuilder, { local, domain }: Mailbox): Edge | null {
  const aliasOf = builder.domains.get(domain)?.aliasOf
  if (!aliasOf) return null
  const there = { local, domain: aliasOf.domain }
  const node = nodeOf(builder, there)
  const isDecided =
    node !== null ||
    builder.isKnownElsewhere(addressKey(there)) ||
    rewriteFor(builder, there) !== undefined ||
    builder.domains.get(there.domain)?.transport !== undefined ||
    isRole(builder, there) ||
    catchAllFor(builder, there).length > 0 ||
    atMainDomain(builder, there) !== null
  return isDecided ? { to: node ?? addressKey(there), place: parsePlace(aliasOf.source) } : null
}

/** Step 4. */
function rewriteFor(builder: SnapshotBuilder, { local, domain }: Mailbox): Rewrite | undefined {
  if (sourceRoute.test(local)) return undefined
  const key = addressKey({ local, domain })
  return builder.rewrites.find((each) =>
    each.domain === undefined ? each.pattern.test(key) : each.domain === domain && each.pattern.test(local),
  )
}

/** The results of a rewrite that have an entry; others could grow without end. */
function rewritten(builder: SnapshotBuilder, rewrite: Rewrite, address: Mailbox): readonly Edge[] {
  const match = rewrite.pattern.exec(rewrite.domain === undefined ? addressKey(address) : address.local.toLowerCase())
  const place = parsePlace(rewrite.source)
  return rewrite.replacements.flatMap((replacement) => {
    const filled = parseAddress(replacement.replaceAll(/\$(\d)/g, (_, digit: string) => match?.[Number(digit)] ?? ''))
    const to = filled && builder.domains.has(filled.domain) ? nodeOf(builder, filled) : null
    return to === null ? [] : [{ to, place }]
  })
}

/** Step 7: addresses that go to the postmaster of the node. */
function isRole(builder: SnapshotBuilder, { local, domain }: Mailbox): boolean {
  const base = (splitTag(local, '+')?.base ?? local).toLowerCase()
  return isAlwaysAccepted(`${base}@${domain}`) || builder.domains.get(domain)?.roles?.includes(base) === true
}

/** Step 8: the targets of the catch-all; none if a step before it decides. */
function catchAllFor(builder: SnapshotBuilder, address: Mailbox): readonly TargetAt[] {
  const record = builder.domains.get(address.domain)
  if (!record?.catchAll || record.transport || sourceRoute.test(address.local) || isRole(builder, address)) return []
  const places = placesOf(builder, record.catchAll)
  return record.catchAll.targets.flatMap((target, index) => {
    const place = places[index]
    return place ? [{ target, place }] : []
  })
}
