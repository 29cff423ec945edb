// Readers for what holds for forwarded mail: by foreign domain, and the words themselves.
// Room: directory.

import type { ForwardTreatment, ForwardWords } from '../directory.ts'
import { forwardTreatments } from '../directory.ts'
import type { Located } from '../located.ts'
import { describeLocated, entryOf, textOf } from '../located.ts'
import { readDomain, sourceAt } from './snapshot-builder.ts'
import type { MailBuild } from './snapshot-builder.ts'

/** `mail::forward_policies`: foreign domain → pass, rewrite-from, wrap or refuse, or a record with `when_dmarc_would_fail` and `spam_ceiling`. */
export function readForwardPolicies(build: MailBuild, value: Located): void {
  if (value.kind !== 'map') {
    if (value.kind === 'list' || value.value !== null)
      build.problems.error(value.place, `expected a mapping, found ${describeLocated(value)}`)
    return
  }
  for (const entry of value.entries) {
    const domain = readDomain(build, entry.key, entry.place)
    const words = readPolicy(build, entry.value)
    if (domain === null || words === null) continue
    const known = build.forwardPolicies.get(domain)
    if (build.domains.has(domain)) {
      build.problems.error(entry.place, `${domain} is a domain of ours: a forward leads to a foreign one`)
    } else if (known && !build.overriding) {
      build.problems.error(entry.place, `duplicate "${domain}", first written at ${known.source}`)
    } else if (known) build.problems.warn(entry.place, `"${domain}" is hidden by ${known.source}`)
    else build.forwardPolicies.set(domain, { ...words, source: sourceAt(entry.place) })
  }
}

type Words = Omit<ForwardWords, 'source'>

const keys = ['when_dmarc_would_fail', 'spam_ceiling', 'comment']

/** The short form says one thing, a record several; null, with the problems told, if one of them is none. */
function readPolicy(build: MailBuild, value: Located): Words | null {
  if (value.kind !== 'map') {
    const whenDmarcWouldFail = readTreatment(build, value)
    return whenDmarcWouldFail && { whenDmarcWouldFail }
  }
  const unknown = value.entries.filter((one) => !keys.includes(one.key))
  for (const one of unknown) build.problems.error(one.place, `unknown key "${one.key}": expected ${keys.join(', ')}`)
  if (value.entries.length === 0) build.problems.error(value.place, `nothing is said: expected ${keys.join(', ')}`)
  return readForwardWords(build, (key) => entryOf(value, key)?.value)
}

/** The words that a forward, or a policy, may have for mail that leaves; faults are told and left out. */
export function readForwardWords(build: MailBuild, find: (key: string) => Located | undefined): Words {
  const [dmarc, spam] = [find('when_dmarc_would_fail'), find('spam_ceiling')]
  const treatment = dmarc ? readTreatment(build, dmarc) : null
  const ceiling = spam ? readCeiling(build, spam) : undefined
  return {
    ...(treatment ? { whenDmarcWouldFail: treatment } : {}),
    ...(ceiling === undefined ? {} : { spamCeiling: ceiling }),
  }
}

/** A spam score, or null for `none`; undefined, with a problem told, if it is neither. */
function readCeiling(build: MailBuild, value: Located): number | null | undefined {
  const text = textOf(value)?.trim() ?? ''
  if (text === 'none') return null
  if (/^\d{1,4}(?:\.\d{1,4})?$/.test(text) && Number(text) > 0) return Number(text)
  build.problems.error(
    value.place,
    `expected a spam score above 0 such as 6 or 7.5, or none, found ${describeLocated(value)}`,
  )
  return undefined
}

/** One of the four words; null, with a problem told, if it is none. */
function readTreatment(build: MailBuild, value: Located): ForwardTreatment | null {
  const text = textOf(value)
  const treatment = forwardTreatments.find((one) => one === text)
  if (treatment) return treatment
  build.problems.error(value.place, `expected one of ${forwardTreatments.join(', ')}, found ${describeLocated(value)}`)
  return null
}
