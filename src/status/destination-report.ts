// What became of mail by destination: results, time, TLS and replies, in memory that does not grow with the ledger.

import { isIP } from 'node:net'
import type { Event, EventOf } from '../observe/events.ts'
import { type MailProvider, providerOfDomain, providerOfHost } from '../smtp/mail-provider.ts'
import { domainOf } from '../smtp/mailbox.ts'
import { DurationCounts } from './duration-counts.ts'
import { replyForm } from './reply-form.ts'
import { type Counted, TopCounts } from './top-counts.ts'

export interface DestinationFigures {
  /** A large provider, the domain of the hosts that took or refused the mail, or the domain of the recipients before a host answered. */
  readonly destination: string
  readonly delivered: number
  /** Attempts. */
  readonly deferred: number
  readonly failed: number
  /** From arrival to delivery, milliseconds; null without a delivery. */
  readonly delay: { readonly p50: number; readonly p95: number } | null
  /** Deliveries by what TLS reached. */
  readonly tls: { readonly none: number; readonly encrypted: number; readonly verified: number }
  /** The most frequent replies that were not a delivery; `…` stands for a value. */
  readonly replies: readonly Counted[]
}

/** Recipients choose their domains, so strangers can make any number: further ones are counted together. */
const MOST_DESTINATIONS = 500
const OTHERS = 'all others'
const MOST_REPLIES = 3

interface Figures {
  delivered: number
  deferred: number
  failed: number
  readonly delay: DurationCounts
  readonly tls: { none: number; encrypted: number; verified: number }
  readonly replies: TopCounts
}

type AttemptEnd = EventOf<'delivered'> | EventOf<'deferred'> | EventOf<'failed'> | EventOf<'expired'>

export class DestinationReportBuilder {
  readonly #all = new Map<string, Figures>()

  /** @param events of one entry of the ledger */
  add(events: readonly Event[]): void {
    for (const event of events)
      if (
        event.kind === 'delivered' ||
        event.kind === 'deferred' ||
        event.kind === 'failed' ||
        event.kind === 'expired'
      )
        this.#add(event)
  }

  /** The busiest first. */
  report(): readonly DestinationFigures[] {
    return [...this.#all]
      .map(([destination, { delay, replies, tls, ...counts }]) => ({
        destination,
        ...counts,
        tls: { ...tls },
        delay: delay.total === 0 ? null : { p50: delay.percentile(0.5), p95: delay.percentile(0.95) },
        replies: replies.top(MOST_REPLIES),
      }))
      .toSorted((a, b) => sum(b) - sum(a) || (a.destination < b.destination ? -1 : 1))
  }

  #add(event: AttemptEnd): void {
    const figures = this.#of(providerOf(event))
    if (event.kind === 'delivered') {
      figures.delivered++
      // Entries of earlier releases have neither delay nor a level.
      if (typeof event.delayMs === 'number') figures.delay.add(event.delayMs)
      const level = typeof event.tls === 'object' ? (event.tls?.level ?? 'none') : 'encrypted'
      figures.tls[level]++
      return
    }
    figures[event.kind === 'deferred' ? 'deferred' : 'failed']++
    figures.replies.add(replyForm(event.reply), event.queueId ?? '')
  }

  #of(destination: string): Figures {
    const name = this.#all.has(destination) || this.#all.size < MOST_DESTINATIONS ? destination : OTHERS
    const known = this.#all.get(name)
    if (known) return known
    const tls = { none: 0, encrypted: 0, verified: 0 }
    const created = { delivered: 0, deferred: 0, failed: 0, delay: new DurationCounts(), tls, replies: new TopCounts() }
    this.#all.set(name, created)
    return created
  }
}

function sum({ delivered, deferred, failed }: Pick<DestinationFigures, 'delivered' | 'deferred' | 'failed'>): number {
  return delivered + deferred + failed
}

/** Second-level domains of countries under which organizations register, such as `co.uk`. */
const SHARED = /^(?:ac|co|com|edu|gov|net|or|org)$/

/**
 * The word for a large provider, as in metrics and the probe; else `example.net` of `mx-1.example.net`: the organization that runs the host,
 * nearly always.
 */
function providerOf({ host, recipient = '' }: AttemptEnd): string {
  // `mx.example.net[192.0.2.25]:25`
  const name = (host ?? '').replace(/\[.*$/s, '').replace(/\.$/, '').toLowerCase()
  if (name === '' || name === 'unknown' || isIP(name) !== 0) {
    const domain = domainOf(recipient).toLowerCase()
    return known(providerOfDomain(domain)) ?? (domain || 'unknown')
  }
  const labels = name.split('.')
  const take = labels.length > 2 && labels.at(-1)?.length === 2 && SHARED.test(labels.at(-2) ?? '') ? 3 : 2
  return known(providerOfHost(name)) ?? labels.slice(-take).join('.')
}

function known(provider: MailProvider): string | null {
  return provider === 'other' ? null : provider
}
