// Which mail is suspicious enough to wait, and which never waits.

import type { Resolution } from '../route/resolution.ts'
import type { Session } from '../smtp/session.ts'
import type { Mail } from './check.ts'
import { isContact } from './contacts.ts'
import { type Evidence, isNameUnknown } from './evidence.ts'
import { formatScore } from './spam-score.ts'
import type { Trust } from './trust.ts'

/** By their weight: the first one that applies is the reason in the statistics. */
export const greylistReasons = ['score', 'listed', 'no-client-name', 'unproven'] as const
export type GreylistReason = (typeof greylistReasons)[number]

export interface Reason {
  readonly name: GreylistReason
  /** In words, for the ledger. */
  readonly text: string
}

/** The actions with which rspamd's own greylist module makes a client wait. */
const waitingActions: ReadonlySet<string> = new Set(['greylist', 'add header', 'rewrite subject'])

/** What is known of the client before the data. */
export function clientReasons({ remoteName }: Session, evidence: readonly Evidence[]): readonly Reason[] {
  const hit = evidence.find(({ name, points }) => name.startsWith('DNSBL_') && points > 0)
  const hasNoName = remoteName === null && !isNameUnknown(evidence)
  return [
    ...(hit ? [{ name: 'listed' as const, text: `listed by ${hit.name} (${hit.detail})` }] : []),
    ...(hasNoName ? [{ name: 'no-client-name' as const, text: 'the client has no confirmed name' }] : []),
  ]
}

/** What the message adds. @param points from this spam score on it waits; null: only by the action of rspamd */
export function messageReasons({ judged, evidence }: Mail, points: number | null): readonly Reason[] {
  const waits =
    judged !== undefined && (waitingActions.has(judged.action) || (points !== null && judged.score >= points))
  const isUnproven = evidence.some(({ name }) => name === 'UNPROVEN')
  return [
    ...(waits ? [{ name: 'score' as const, text: `spam score ${formatScore(judged.score)} (${judged.action})` }] : []),
    ...(isUnproven ? [{ name: 'unproven' as const, text: 'neither SPF nor DKIM passes' }] : []),
  ]
}

/** The reasons that the configuration names, the heaviest first. */
export function chosenReasons(found: readonly Reason[], when: readonly GreylistReason[]): readonly Reason[] {
  return greylistReasons.flatMap((name) => (when.includes(name) ? found.filter((one) => one.name === name) : []))
}

interface Envelope {
  readonly forwardPaths: readonly string[]
  readonly resolutions: readonly (Resolution | null)[]
  readonly evidence: readonly Evidence[]
  readonly trust: Trust | undefined
}

/** Why this mail never waits, in words; null if it may have to. */
export function exemption({ forwardPaths, resolutions, evidence, trust }: Envelope): string | null {
  if (trust?.kind === 'allowed') return `allowed by ${trust.entry}`
  const trusted = evidence.find((one) => one.trusted)
  if (trusted) return `trusted: ${trusted.name} (${trusted.detail})`
  if (evidence.some(({ name }) => name === 'DMARC_PASS')) return 'DMARC passes'
  // A valid hash: the bounce answers mail that went through this fleet.
  if (resolutions.some((one) => one?.kind === 'destinations' && one.reversed)) return 'a bounce to a valid SRS address'
  return forwardPaths.every(isContact) ? 'mail to postmaster or abuse' : null
}
