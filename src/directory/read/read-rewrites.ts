// Reads regular expressions that rewrite recipients. A replacement's domain must be literal: with a captured domain, a sender could choose
// the next hop.

import { domainOf } from '../../smtp/mailbox.ts'
import { parseAddress } from '../address.ts'
import { hasExponentialBacktracking } from './regex-backtracking.ts'
import type { Located } from '../located.ts'
import { describeLocated, entryOf, refuseUnknown, textOf, textUnder } from '../located.ts'
import { readDomain, sourceAt } from './snapshot-builder.ts'
import type { SnapshotBuilder } from './snapshot-builder.ts'
import type { Place } from '../data-problem.ts'

interface Pattern {
  readonly pattern: string
  readonly to: Located
  readonly place: Place
  readonly comment?: string
  /** The domain whose local parts the expression matches; without it, the expression matches whole addresses. */
  readonly domain?: string
}

/** `mail::rewrites`: a mapping expression → target, or a list of `{pattern, to, domain, comment}`, in the order of matching. */
export function readRewrites(builder: SnapshotBuilder, value: Located): void {
  if (value.kind === 'map') {
    for (const { key, place, value: to } of value.entries) addPattern(builder, { pattern: key, to, place })
    return
  }
  for (const item of value.kind === 'list' ? value.items : [value]) {
    const pattern = item.kind === 'map' ? (entryOf(item, 'pattern') ?? entryOf(item, 'match')) : undefined
    const to = item.kind === 'map' ? entryOf(item, 'to') : undefined
    const text = pattern ? textOf(pattern.value) : null
    if (!pattern || !to || text === null) {
      builder.problems.error(item.place, `expected a record with pattern and to, found ${describeLocated(item)}`)
      continue
    }
    refuseUnknown(item, ['pattern', 'match', 'to', 'domain', 'comment'], builder.problems)
    const domain = readPatternDomain(builder, item)
    const comment = textUnder(item, 'comment')
    addPattern(builder, {
      pattern: text,
      to: to.value,
      place: pattern.value.place,
      ...(domain === null ? {} : { domain }),
      ...(comment === null ? {} : { comment }),
    })
  }
}

/** Adds one expression with one or several targets. */
export function addPattern(builder: SnapshotBuilder, given: Pattern): void {
  const expression = compile(builder, given)
  const items = given.to.kind === 'list' ? given.to.items : [given.to]
  const replacements = items.flatMap((item) => readReplacement(builder, item) ?? [])
  if (!expression || replacements.length !== items.length) return
  if (items.length === 0) {
    builder.problems.error(given.to.place, `"${given.pattern}" has no targets`)
    return
  }
  const { domain, comment } = given
  const source = sourceAt(given.place)
  builder.rewrites.push({
    pattern: expression,
    replacements,
    source,
    ...(domain === undefined ? {} : { domain }),
    ...(comment === undefined ? {} : { comment }),
  })
}

/** The domain of an expression over local parts; null if it has none. */
function readPatternDomain(builder: SnapshotBuilder, item: Located): string | null {
  const text = textUnder(item, 'domain')
  const domain = text === null ? null : readDomain(builder, text, item.place)
  if (domain === null || builder.domains.has(domain)) return domain
  builder.problems.error(item.place, `${domain} is not a domain of ours: add it to mail::domains`)
  return null
}

function compile(builder: SnapshotBuilder, given: Pattern): RegExp | null {
  const [, inner] = /^\/(.*)\/i?$/s.exec(given.pattern) ?? []
  if (inner === undefined && /^!?\//.test(given.pattern)) {
    builder.problems.error(given.place, `expected /expression/ or /expression/i, found "${given.pattern}"`)
    return null
  }
  const text = inner ?? given.pattern
  if (hasExponentialBacktracking(text)) {
    builder.problems.error(
      given.place,
      `"${given.pattern}" has nested repetitions, which can take exponential time: rewrite it without them`,
    )
    return null
  }
  try {
    return new RegExp(text, 'iu')
  } catch (error) {
    builder.problems.error(given.place, `"${given.pattern}": ${(error as Error).message}`)
    return null
  }
}

function readReplacement(builder: SnapshotBuilder, item: Located): string | null {
  // The forms of sed and Postfix: \1, ${1}, $(1).
  const text = textOf(item)?.replaceAll(/\\(\d)|\$\{(\d)\}|\$\((\d)\)/g, '$$$1$2$3')
  const whole = text === undefined ? '' : text.includes('@') ? text : `${text}@${builder.mainDomain}`
  const domain = domainOf(whole)
  if (domain.includes('$')) {
    builder.problems.error(item.place, `"${text}": write the domain in full; it cannot be taken from the address`)
    return null
  }
  // With a sample for each capture, the replacement must be an address.
  if (parseAddress(whole.replaceAll(/\$\d/g, 'x'))) return whole
  builder.problems.error(item.place, `expected an address, found ${describeLocated(item)}`)
  return null
}
