// Chooses envelopes that do not lend our name. Mail with an author of ours that is not proven gets a reverse-path that does not align with
// the author; a reverse-path of ours that is not proven is rewritten like a foreign one. Mail that stays within our domains, or that
// another fleet node carries on, keeps its envelope.

import type { CheckedEvent } from '../observe/events.ts'
import { unprovenOwnAuthors } from '../policy/own-author.ts'
import type { UnprovenAuthor } from '../policy/own-author.ts'
import type { NewRecipient } from '../queue/contract/queue.ts'
import type { RewrittenSender, Router } from '../route/resolution.ts'
import { domainOf } from '../smtp/mailbox.ts'
import { parseNextHop } from '../smtp/nexthop.ts'
import { refusal } from '../smtp/reply.ts'
import type { Refusal } from '../smtp/reply.ts'
import type { Checked } from './intake.ts'
import type { SortedRecipients } from './recipients.ts'

export interface EnvelopeSettings {
  readonly authservId: string
  /** Names in EHLO: SPF checks them for the null sender (RFC 7208 2.4). */
  readonly heloNames: readonly string[]
  /** The domain of rewritten senders, also where another fleet node rewrites them; null without one. */
  readonly srsDomain: string | null
  /** Names of the fleet nodes that forward for this one, as far as they are known. */
  readonly forwarders: readonly string[]
}

export interface EnvelopePorts {
  readonly router: Pick<Router, 'isOurs' | 'ownNames' | 'rewriteSender'>
}

/** Authors that reply and ledger name: a stranger can write thousands. */
const MAX_REASONS = 4

export type EnvelopeChoice =
  /** Temporary: a reverse-path cannot be rewritten now. */
  | { readonly kind: 'refused'; readonly reply: Refusal }
  | {
      readonly kind: 'chosen'
      readonly sorted: SortedRecipients
      /** Why a recipient gets no copy. */
      readonly refusals: ReadonlyMap<NewRecipient, string>
      readonly events: readonly CheckedEvent[]
    }

/** The recipients with their reverse-paths, and an event if the message needs such a choice. */
export async function chooseEnvelopes(
  settings: EnvelopeSettings,
  { router }: EnvelopePorts,
  { checked, sorted }: { readonly checked: Checked; readonly sorted: SortedRecipients },
): Promise<EnvelopeChoice> {
  const { mail, findings } = checked
  const { sender } = checked.draft
  const unprovenSender = sender !== null && !findings.senderProven && router.isOurs(domainOf(sender))
  const leaving = sorted.recipients.filter((one) => leaves(one, router))
  const relayed = [...sorted.relayedForwards.keys()]
  if (leaving.length + relayed.length === 0) return unchanged(sorted)
  const names = () => router.ownNames()
  const authors = unprovenOwnAuthors({ authservId: settings.authservId, names }, { ...findings, fields: mail.fields })
  if (authors.length === 0 && !unprovenSender) return unchanged(sorted)
  const rewritten = unprovenSender && leaving.length > 0 ? await router.rewriteSender(sender, mail.at) : null
  if (rewritten?.kind === 'unavailable') return { kind: 'refused', reply: notNow(rewritten.cause) }
  const task = { settings, authors, sender, rewritten }
  const domains = domainsOfNext(settings, { sender, isForged: unprovenSender, router })
  const isRefusedLater =
    authors.some((one) => one.several) || (domains.length > 0 && domains.every((one) => alignsWith(authors, one)))
  const chosen = new Map([
    ...leaving.map((one) => [one, chooseFor(one, task)] as const),
    ...(isRefusedLater ? relayed.map((one) => [one, { kind: 'refused' } as const] as const) : []),
  ])
  if (chosen.size === 0) return unchanged(sorted)
  const shown = authors.slice(0, MAX_REASONS).map((one) => `${one.domain}: ${one.result}`)
  const reasons = [...shown, ...(unprovenSender ? [`<${sender}>`] : [])]
  const why = `not proven: ${reasons.join(', ')}`
  const { queueId, at } = mail
  return {
    kind: 'chosen',
    ...replaced(sorted, chosen, why),
    events: [
      { kind: 'checked', at, queueId, check: 'envelope', result: 'unproven', detail: `${why}; ${summary(chosen)}` },
    ],
  }
}

function unchanged(sorted: SortedRecipients): EnvelopeChoice {
  return { kind: 'chosen', sorted, refusals: new Map(), events: [] }
}

/** False for a recipient in our domains, whose server trusts this node, and for a fleet node, which chooses itself. */
function leaves({ address, nextHop, expanded }: NewRecipient, router: EnvelopePorts['router']): boolean {
  return !expanded && parseNextHop(nextHop)?.kind !== 'peers' && !router.isOurs(domainOf(address).toLowerCase())
}

interface Task {
  readonly settings: EnvelopeSettings
  readonly authors: readonly UnprovenAuthor[]
  readonly sender: string | null
  /** The SRS form of a sender of ours that is not proven; null for every other sender. */
  readonly rewritten: RewrittenSender | null
}

/** The reverse-path, or `refused` if each possible one aligns with the author. */
type Choice =
  | { readonly kind: 'path'; readonly reversePath: string | null; readonly changed: boolean }
  | { readonly kind: 'refused' }

function chooseFor({ reversePath }: NewRecipient, { settings, authors, sender, rewritten }: Task): Choice {
  // Such a message would be attached to one of ours, which must not carry a forgery of our domains.
  if (authors.some((one) => one.several)) return { kind: 'refused' }
  if (rewritten?.kind === 'too-long') return { kind: 'refused' }
  // The sender as it came is the last resort: its SPF fails at the destination, as it should, and bounces still reach it.
  const safe = rewritten?.kind === 'rewritten' ? [rewritten.address] : [reversePath, sender]
  const found = safe.find((path) => !aligns(path, settings, authors))
  return found === undefined
    ? { kind: 'refused' }
    : { kind: 'path', reversePath: found, changed: found !== reversePath }
}

/**
 * The domains among which the fleet node that forwards the message will choose; empty if they are not known. If all of them align, the
 * message is refused here, while the client waits for the reply: that node's refusal would come after our 250, and neither the null sender
 * nor one that is not proven gets a DSN.
 */
function domainsOfNext(
  { srsDomain, forwarders }: EnvelopeSettings,
  {
    sender,
    isForged,
    router,
  }: { readonly sender: string | null; readonly isForged: boolean } & Pick<EnvelopePorts, 'router'>,
): readonly string[] {
  if (sender === null) return forwarders
  const own = domainOf(sender).toLowerCase()
  if (router.isOurs(own) && !isForged) return [own]
  if (srsDomain === null) return []
  return isForged ? [srsDomain] : [srsDomain, own]
}

function aligns(path: string | null, { heloNames }: EnvelopeSettings, authors: readonly UnprovenAuthor[]): boolean {
  const domains = path === null ? heloNames : [domainOf(path).toLowerCase()]
  return domains.some((domain) => alignsWith(authors, domain))
}

function alignsWith(authors: readonly UnprovenAuthor[], domain: string): boolean {
  return authors.some((author) => author.aligns(domain.toLowerCase()))
}

function replaced(
  sorted: SortedRecipients,
  chosen: ReadonlyMap<NewRecipient, Choice>,
  why: string,
): { readonly sorted: SortedRecipients; readonly refusals: ReadonlyMap<NewRecipient, string> } {
  const forwards = new Map(sorted.forwards)
  const relayedForwards = new Map(sorted.relayedForwards)
  const refusals = new Map<NewRecipient, string>()
  const recipients = sorted.recipients.map((one) => {
    const choice = chosen.get(one)
    if (choice?.kind === 'refused') refusals.set(one, `${why}; no copy of it may leave with our name`)
    if (choice?.kind !== 'path' || !choice.changed) return one
    const changed = { ...one, reversePath: choice.reversePath }
    const [terms, relayed] = [forwards.get(one), relayedForwards.get(one)]
    if (terms) forwards.set(changed, terms)
    if (relayed) relayedForwards.set(changed, relayed)
    return changed
  })
  return { sorted: { ...sorted, recipients, forwards, relayedForwards }, refusals }
}

function summary(chosen: ReadonlyMap<NewRecipient, Choice>): string {
  const choices = [...chosen.values()]
  const paths = new Set(choices.flatMap((one) => (one.kind === 'path' ? [`<${one.reversePath ?? ''}>`] : [])))
  const refused = choices.filter((one) => one.kind === 'refused').length
  return [
    ...(paths.size > 0 ? [`MAIL FROM ${[...paths].join(', ')}, which does not align`] : []),
    ...(refused > 0 ? [`${refused} ${refused === 1 ? 'copy' : 'copies'} refused`] : []),
  ].join('; ')
}

function notNow(cause: string): Refusal {
  return refusal(451, '4.3.0', 'The sender cannot be rewritten now, please try again later', cause)
}
