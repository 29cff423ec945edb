// Reads the terms of forwards: those of a foreign domain, and those within an alias or forward.

import type { ForwardTreatment, ForwardWords } from '../directory.ts'
import { forwardTreatments } from '../directory.ts'
import type { Located } from '../located.ts'
import { describeLocated, entryOf, textOf } from '../located.ts'
import { readDomain, sourceAt } from './snapshot-builder.ts'
import type { SnapshotBuilder } from './snapshot-builder.ts'

/** `mail::forward_policies`: foreign domain → a treatment, or a record with `when_dmarc_would_fail` and `spam_ceiling`. */
export function readForwardPolicies(builder: SnapshotBuilder, value: Located): void {
  if (value.kind !== 'map') {
    if (value.kind === 'list' || value.value !== null)
      builder.problems.error(value.place, `expected a mapping, found ${describeLocated(value)}`)
    return
  }
  for (const entry of value.entries) {
    const domain = readDomain(builder, entry.key, entry.place)
    const words = readPolicy(builder, entry.value)
    if (domain === null || words === null) continue
    const known = builder.forwardPolicies.get(domain)
    if (builder.domains.has(domain)) {
      builder.problems.error(entry.place, `${domain} is a domain of ours: forward policies are for foreign domains`)
    } else if (known && !builder.overriding) {
      builder.problems.error(entry.place, `duplicate "${domain}", first written at ${known.source}`)
    } else if (known) builder.problems.warn(entry.place, `"${domain}" is hidden by ${known.source}`)
    else builder.forwardPolicies.set(domain, { ...words, source: sourceAt(entry.place) })
  }
}

type Words = Omit<ForwardWords, 'source'>

const keys = ['when_dmarc_would_fail', 'spam_ceiling', 'comment']

/** The short form has one term, a record several; null, with the problems reported, if one is invalid. */
function readPolicy(builder: SnapshotBuilder, value: Located): Words | null {
  if (value.kind !== 'map') {
    const whenDmarcWouldFail = readTreatment(builder, value)
    return whenDmarcWouldFail && { whenDmarcWouldFail }
  }
  const unknown = value.entries.filter((one) => !keys.includes(one.key))
  for (const one of unknown) builder.problems.error(one.place, `unknown key "${one.key}": expected ${keys.join(', ')}`)
  if (value.entries.length === 0) builder.problems.error(value.place, `empty record: expected ${keys.join(', ')}`)
  return readForwardWords(builder, (key) => entryOf(value, key)?.value)
}

/** The terms of a forward or policy for messages that leave; invalid ones are reported and left out. */
export function readForwardWords(builder: SnapshotBuilder, find: (key: string) => Located | undefined): Words {
  const [dmarc, spam] = [find('when_dmarc_would_fail'), find('spam_ceiling')]
  const treatment = dmarc ? readTreatment(builder, dmarc) : null
  const ceiling = spam ? readCeiling(builder, spam) : undefined
  return {
    ...(treatment ? { whenDmarcWouldFail: treatment } : {}),
    ...(ceiling === undefined ? {} : { spamCeiling: ceiling }),
  }
}

/** A spam score, or null for `none`; undefined, with a problem reported, for other values. */
function readCeiling(builder: SnapshotBuilder, value: Located): number | null | undefined {
  const text = textOf(value)?.trim() ?? ''
  if (text === 'none') return null
  if (/^\d{1,4}(?:\.\d{1,4})?$/.test(text) && Number(text) > 0) return Number(text)
  builder.problems.error(
    value.place,
    `expected a spam score above 0 such as 6 or 7.5, or none, found ${describeLocated(value)}`,
  )
  return undefined
}

/** One of the four treatments; null, with a problem reported, for other values. */
function readTreatment(builder: SnapshotBuilder, value: Located): ForwardTreatment | null {
  const text = textOf(value)
  const treatment = forwardTreatments.find((one) => one === text)
  if (treatment) return treatment
  builder.problems.error(
    value.place,
    `expected one of ${forwardTreatments.join(', ')}, found ${describeLocated(value)}`,
  )
  return null
}
