// The ledger entries that are committed with a mail: where it came from, what was found, what became of each recipient.

import type { Event } from '../observe/events.ts'
import type { Mail } from '../policy/check.ts'
import type { NewRecipient } from '../queue/contract/queue.ts'
import type { Origin } from '../smtp/origin.ts'
import type { Step } from '../route/resolution.ts'
import { contentSize } from '../message/content.ts'
import type { Draft } from './intake.ts'
import type { Discarded } from './recipients.ts'

export interface LedgerFacts {
  readonly draft: Draft
  readonly mail: Mail
  readonly findings: { readonly origin: Origin; readonly events: readonly Event[] }
  readonly recipients: readonly NewRecipient[]
  readonly discarded: readonly Discarded[]
  /** Why the copy is as it is, where it leaves by a forward. */
  readonly copied: readonly Event[]
  readonly signing: readonly Event[]
  readonly messageId: string | null
}

/** In the order in which things happened. */
export function ledgerOf(facts: LedgerFacts): Event[] {
  return [
    received(facts),
    ...facts.findings.events,
    ...resolved(facts),
    ...facts.copied,
    ...facts.signing,
    ...dropped(facts),
  ]
}

/** `internet`, `user:lee`, `peer:mx (dmarc-pass)`. */
function describeOrigin(origin: Origin): string {
  if (origin.kind === 'peer') return `peer:${origin.role} (${origin.vouched})`
  return origin.kind === 'user' || origin.kind === 'machine' ? `${origin.kind}:${origin.identity}` : origin.kind
}

/** `alias press@example.org -> kim@example.org (data/common/mail.yaml:12)`. */
function describeStep(step: Step): string {
  return `${step.rule} ${step.from} -> ${step.to} (${step.source})`
}

function received({ draft, mail, findings, messageId }: LedgerFacts): Event {
  const { session } = draft
  return {
    kind: 'received',
    at: mail.at,
    queueId: mail.queueId,
    session: session?.id,
    origin: describeOrigin(findings.origin),
    sender: draft.sender,
    remote: session ? `${session.remoteName ?? 'unknown'}[${session.remoteIp}]` : 'local',
    helo: session?.helo ?? null,
    tls: session?.tls ? `${session.tls.version} ${session.tls.cipher}` : null,
    size: contentSize(mail.content),
    messageId,
  }
}

function resolved({ draft, mail, recipients }: LedgerFacts): Event[] {
  const steps = new Map<string, readonly Step[]>()
  for (const { resolution } of draft.recipients) {
    if (resolution.kind !== 'destinations') continue
    for (const one of resolution.destinations) steps.set(`${one.original}\n${one.recipient}`, one.via)
  }
  const real = recipients.filter((one) => !one.expanded)
  return real.map((one) => ({
    kind: 'resolved',
    at: mail.at,
    queueId: mail.queueId,
    recipient: one.address,
    original: one.original,
    reversePath: one.reversePath,
    nextHop: one.nextHop,
    steps: (steps.get(`${one.original}\n${one.address}`) ?? []).map(describeStep),
  }))
}

function dropped({ mail, discarded }: LedgerFacts): Event[] {
  return discarded.map(({ original, reason }) => ({
    kind: 'discarded',
    at: mail.at,
    queueId: mail.queueId,
    recipient: original,
    reason,
  }))
}
