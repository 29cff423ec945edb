// The way of a message through one node, from its events: where it came from, what the node found, and what became of each recipient.

import type { DeliveredEvent, Event, EventOf, ReceivedEvent } from '../observe/events.ts'
import type { Tone } from './frame.ts'

export interface PathRecipient {
  readonly address: string
  /** The address before resolution; the same if nothing changed. */
  readonly original: string
  readonly nextHop: string | null
  /** The steps of the resolution. */
  readonly steps: readonly string[]
  readonly attempts: number
  readonly state: 'delivered' | 'transferred' | 'deferred' | 'failed' | 'held' | 'removed' | 'discarded' | 'waiting'
  /** The event that says so; null before the first one. */
  readonly last: Event | null
}

/** How each state of a recipient looks. */
export const stateTones: Readonly<Record<PathRecipient['state'], Tone>> = {
  delivered: 'good',
  transferred: 'good',
  deferred: 'warn',
  failed: 'bad',
  held: 'warn',
  removed: 'plain',
  discarded: 'plain',
  waiting: 'plain',
}

export interface MessagePath {
  /** How the message came; null if the ledger does not have it any more. */
  readonly received: ReceivedEvent | null
  readonly checked: readonly EventOf<'checked'>[]
  readonly signed: readonly EventOf<'signed'>[]
  readonly unsigned: readonly EventOf<'unsigned'>[]
  readonly refused: readonly EventOf<'rejected'>[]
  readonly recipients: readonly PathRecipient[]
}

type State = PathRecipient['state']

/** What an event says about the state of its recipient. */
const states: Readonly<Partial<Record<Event['kind'], State>>> = {
  delivered: 'delivered',
  transferred: 'transferred',
  deferred: 'deferred',
  failed: 'failed',
  expired: 'failed',
  held: 'held',
  released: 'waiting',
  retried: 'waiting',
  removed: 'removed',
  bounced: 'failed',
  discarded: 'discarded',
}

interface Open {
  address: string
  original: string
  nextHop: string | null
  steps: readonly string[]
  attempts: number
  state: State
  last: Event | null
}

/** @param events of one message at one node, oldest first */
export function messagePath(events: readonly Event[]): MessagePath {
  const recipients = new Map<string, Open>()
  const of = (address: string): Open => {
    const known = recipients.get(address)
    if (known) return known
    const created: Open = {
      address,
      original: address,
      nextHop: null,
      steps: [],
      attempts: 0,
      state: 'waiting',
      last: null,
    }
    recipients.set(address, created)
    return created
  }
  for (const event of events) {
    if (event.recipient === undefined || event.kind === 'rejected' || event.kind === 'would-reject') continue
    const one = of(event.recipient)
    if (event.kind === 'resolved') {
      one.original = event.original
      one.nextHop = event.nextHop
      one.steps = event.steps
    }
    const state = states[event.kind]
    if (state === undefined) continue
    one.state = state
    one.last = event
    if ('attempt' in event) one.attempts = Math.max(one.attempts, event.attempt)
  }
  const all = <K extends Event['kind']>(kind: K) => events.filter((event): event is EventOf<K> => event.kind === kind)
  return {
    received: all('received')[0] ?? null,
    checked: all('checked'),
    signed: all('signed'),
    unsigned: all('unsigned'),
    refused: all('rejected'),
    recipients: [...recipients.values()],
  }
}

/** `TLSv1.3, verified`, as a person reads it; entries of earlier releases hold a string. */
export function tlsText(tls: DeliveredEvent['tls'] | string): string {
  if (typeof tls === 'string') return tls
  if (tls === null || tls.level === 'none') return 'without TLS'
  return `${tls.protocol ?? 'TLS'}, ${tls.level}`
}
