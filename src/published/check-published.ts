// The whole check of the DNS of a fleet: its records at their servers and at resolvers, and what the records alone do not show.

import type { Resolver } from '../dns/resolver.ts'
import type { Fleet } from '../fleet/fleet-model.ts'
import type { FetchPolicy } from '../mta-sts/fetch-policy.ts'
import { checkAddresses } from './check-addresses.ts'
import { checkCertificates } from './check-certificates.ts'
import { checkLists, type CheckListsPorts } from './check-lists.ts'
import { checkListeners, type CheckListenersPorts } from './check-listeners.ts'
import { checkPolicies } from './check-policies.ts'
import { type CheckSetsPorts, checkSets } from './check-sets.ts'
import { checkSpf } from './check-spf.ts'
import { dmarcAdvice } from './dmarc-advice.ts'
import type { DnsFinding } from './findings.ts'
import { type PlannedRecord, plannedSets } from './planned-record.ts'
import { srsAlignment } from './srs-alignment.ts'

export interface CheckPublishedPorts extends CheckSetsPorts {
  readonly resolver: Resolver
  /** Null: lists are not asked. */
  readonly lists: CheckListsPorts | null
  /** What is served; null: nothing is connected to. */
  readonly served: { readonly show: CheckListenersPorts['show']; readonly fetchPolicy: FetchPolicy } | null
  /** Unix milliseconds. */
  readonly now: number
}

export interface PublishedCheck {
  readonly findings: readonly DnsFinding[]
  /** Sets of records that were compared. */
  readonly compared: number
}

/** Never rejects because of an answer of the DNS. */
export async function checkPublished(
  { fleet, records }: { readonly fleet: Fleet; readonly records: readonly PlannedRecord[] },
  ports: CheckPublishedPorts,
): Promise<PublishedCheck> {
  const sets = plannedSets(records)
  const [compared, ...others] = await Promise.all([
    checkSets(sets, ports),
    checkAddresses(fleet, ports.resolver),
    checkSpf(sets, ports.resolver),
    ports.lists ? checkLists(fleet, ports.lists) : [],
    ports.served ? checkPolicies(fleet, ports.served.fetchPolicy) : [],
    ports.served ? checkListeners(fleet, { ...ports, show: ports.served.show }) : [],
  ])
  const findings = [
    ...compared.findings,
    ...others.flat(),
    ...(await checkCertificates(fleet, compared.sets, ports.now)),
    ...srsAlignment(fleet),
    ...dmarcAdvice(fleet, compared.sets),
  ]
  return { findings: [...new Map(findings.map((one) => [one.id, one])).values()], compared: sets.length }
}
