// Readers for what becomes of forwarded mail that would fail DMARC at its destination: by foreign domain, and the word itself.
// Room: directory.

import type { ForwardTreatment } from './directory.ts'
import { forwardTreatments } from './directory.ts'
import type { Located } from './located.ts'
import { describeLocated, textOf } from './located.ts'
import { readDomain, sourceAt } from './mail-build.ts'
import type { MailBuild } from './mail-build.ts'

/** `mail::forward_policies`: foreign domain → pass, rewrite-from, wrap or refuse. */
export function readForwardPolicies(build: MailBuild, value: Located): void {
  if (value.kind !== 'map') {
    if (value.kind === 'list' || value.value !== null)
      build.problems.error(value.place, `expected a mapping, found ${describeLocated(value)}`)
    return
  }
  for (const entry of value.entries) {
    const domain = readDomain(build, entry.key, entry.place)
    const treatment = readTreatment(build, entry.value)
    if (domain === null || treatment === null) continue
    const known = build.forwardPolicies.get(domain)
    if (build.domains.has(domain)) {
      build.problems.error(entry.place, `${domain} is a domain of ours: a forward leads to a foreign one`)
    } else if (known && !build.overriding) {
      build.problems.error(entry.place, `duplicate "${domain}", first written at ${known.source}`)
    } else if (known) build.problems.warn(entry.place, `"${domain}" is hidden by ${known.source}`)
    else build.forwardPolicies.set(domain, { treatment, source: sourceAt(entry.place) })
  }
}

/** One of the four words; null, with a problem told, if it is none. */
export function readTreatment(build: MailBuild, value: Located): ForwardTreatment | null {
  const text = textOf(value)
  const treatment = forwardTreatments.find((one) => one === text)
  if (treatment) return treatment
  build.problems.error(value.place, `expected one of ${forwardTreatments.join(', ')}, found ${describeLocated(value)}`)
  return null
}
