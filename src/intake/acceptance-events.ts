// The ledger events that are committed with a message: its origin, the findings, and the resolution of each recipient.

import { remoteHost } from '../lib/remote-host.ts'
import type { Event } from '../observe/events.ts'
import type { Mail } from '../policy/check.ts'
import type { NewRecipient } from '../queue/contract/queue.ts'
import { forwardedClient } from '../smtp/forwarded-client.ts'
import { isAuthenticated } from '../smtp/origin.ts'
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
  /** Why a forwarded copy has its treatment. */
  readonly copied: readonly Event[]
  readonly signing: readonly Event[]
  readonly messageId: string | null
}

/** In chronological order. */
export function ledgerOf(facts: LedgerFacts): Event[] {
  return [
    receivedEvent(facts),
    ...facts.findings.events,
    ...resolvedEvents(facts),
    ...facts.copied,
    ...facts.signing,
    ...discardedEvents(facts),
  ]
}

/** `internet`, `user:lee`, `user:lee (app phone)`, `peer:mx (dmarc-pass)`. */
function describeOrigin(origin: Origin): string {
  if (origin.kind === 'peer') return `peer:${origin.role} (${origin.vouched})`
  const app = origin.kind === 'user' && origin.app !== undefined ? ` (app ${origin.app})` : ''
  return isAuthenticated(origin) ? `${origin.kind}:${origin.identity}${app}` : origin.kind
}

/** `alias press@example.org -> kim@example.org (data/common/mail.yaml:12)`. */
function describeStep(step: Step): string {
  return `${step.rule} ${step.from} -> ${step.to} (${step.source})`
}

function receivedEvent({ draft, mail, findings, messageId }: LedgerFacts): Event {
  const { session } = draft
  return {
    kind: 'received',
    at: mail.at,
    queueId: mail.queueId,
    session: session?.id,
    origin: describeOrigin(findings.origin),
    sender: draft.sender,
    remote: session ? remoteHost(session.remoteName, session.remoteIp) : 'local',
    ...(session && forwardedClient(session)),
    helo: session?.helo ?? null,
    tls: session?.tls ? `${session.tls.version} ${session.tls.cipher}` : null,
    size: contentSize(mail.content),
    messageId,
  }
}

function resolvedEvents({ draft, mail, recipients }: LedgerFacts): Event[] {
  const steps = new Map<string, readonly Step[]>()
  for (const { resolution } of draft.recipients) {
    if (resolution.kind !== 'destinations') continue
    for (const one of resolution.destinations) steps.set(`${one.original}\n${one.recipient}`, one.via)
  }
  const deliverable = recipients.filter((one) => !one.expanded)
  return deliverable.map((one) => ({
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

function discardedEvents({ mail, discarded }: LedgerFacts): Event[] {
  return discarded.map(({ original, reason }) => ({
    kind: 'discarded',
    at: mail.at,
    queueId: mail.queueId,
    recipient: original,
    reason,
  }))
}
