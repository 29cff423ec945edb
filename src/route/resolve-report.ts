// The addresses whose mail ends in this node: those at which it reads reports, and that of probes. Reports also go as a copy to another
// address if the operator wants one.

import { addressKey, printAddress, splitTag } from '../directory/address.ts'
import type { Mailbox } from '../smtp/mailbox.ts'
import { PROBE_HOP, REPORTS_HOP } from '../smtp/nexthop.ts'
import { expand } from './expand.ts'
import type { Step } from './resolution.ts'
import { type AddressResult, addFinalTarget, type Branch, type ResolutionState } from './resolution-state.ts'

const SOURCE = 'configuration (reports)'

/** Null if the address is none of them. */
export async function resolveReport(state: ResolutionState, branch: Branch): Promise<AddressResult | null> {
  const { reports } = state.settings
  if (!reports || !isReportAddress(state, branch.address)) return null
  const step: Step = { rule: 'reports', from: printAddress(branch.address), to: REPORTS_HOP, source: SOURCE }
  const { address, via } = branch
  const stored = addFinalTarget(state, {
    address,
    nextHop: REPORTS_HOP,
    leaves: false,
    private: false,
    via: [...via, step],
  })
  if (stored.kind !== 'resolved' || reports.forwardTo === null) return stored
  const entry = { targets: [reports.forwardTo], source: SOURCE }
  const note = 'copy of reports (forward_to)'
  const copied = await expand(state, branch, { entry, owner: null, tag: null, rule: 'alias', note, whole: false })
  return copied.kind === 'unavailable' ? copied : stored
}

function isReportAddress({ settings: { reports, tagDelimiter = '+' } }: ResolutionState, address: Mailbox): boolean {
  if (reports?.addresses.has(addressKey(address))) return true
  const split = splitTag(address.local, tagDelimiter)
  return split !== null && reports?.addresses.has(addressKey({ ...address, local: split.base })) === true
}

/** Null if the address is not that of the section `probe`. */
export function resolveProbe(state: ResolutionState, { address, via }: Branch): AddressResult | null {
  const { probe, tagDelimiter = '+' } = state.settings
  if (probe === undefined) return null
  const split = splitTag(address.local, tagDelimiter)
  const isProbe = addressKey(address) === probe || (split && addressKey({ ...address, local: split.base }) === probe)
  if (!isProbe) return null
  const step: Step = { rule: 'probe', from: printAddress(address), to: PROBE_HOP, source: 'configuration (probe)' }
  return addFinalTarget(state, { address, nextHop: PROBE_HOP, leaves: false, private: false, via: [...via, step] })
}
