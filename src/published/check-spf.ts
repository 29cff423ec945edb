// The cost of the SPF records of the domains, with everything that they include (RFC 7208 4.6.4).

import type { Resolver } from '../dns/resolver.ts'
import type { DnsFinding } from './findings.ts'
import type { PlannedSet } from './planned-record.ts'
import { countSpf, MAX_LOOKUPS, MAX_VOID } from './spf-count.ts'

/** From here on the next service that is included may be too many. */
const WARN_FROM = 9

export async function checkSpf(sets: readonly PlannedSet[], resolver: Resolver): Promise<readonly DnsFinding[]> {
  const records = sets.filter(({ purpose }) => purpose === 'spf')
  return (await Promise.all(records.map((set) => checkRecord(set, resolver)))).flat()
}

async function checkRecord({ name, data }: PlannedSet, resolver: Resolver): Promise<readonly DnsFinding[]> {
  const { lookups, voids, problems } = await countSpf(data[0] ?? '', name, resolver)
  const subject = `${name} TXT`
  const breaks = 'SPF has the result permerror for every message of the domain'
  const found = (kind: string, severity: DnsFinding['severity'], problem: string): DnsFinding => ({
    id: `${kind} ${subject}`,
    severity,
    subject,
    problem,
    breaks: severity === 'error' ? breaks : null,
    advice: 'Use ip4: and ip6: instead of names, or remove services that do not send as the domain',
  })
  return [
    ...(lookups > MAX_LOOKUPS
      ? [found('spf-lookups', 'error', `SPF needs ${lookups} look-ups, at most ${MAX_LOOKUPS} are allowed`)]
      : lookups >= WARN_FROM
        ? [found('spf-lookups', 'warning', `SPF needs ${lookups} of ${MAX_LOOKUPS} look-ups`)]
        : []),
    ...(voids > MAX_VOID
      ? [found('spf-void', 'error', `${voids} look-ups of SPF have no answer, at most ${MAX_VOID} are allowed`)]
      : []),
    ...problems.map((problem) =>
      found(`spf-include ${problem}`, problem.includes('cannot be') ? 'warning' : 'error', `SPF: ${problem}`),
    ),
  ]
}
