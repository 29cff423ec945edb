// The first time that a mail provider refuses this node as blocked is an alert; the ones after it are the same matter until a day without any.

import { zoneOf } from '../dns/name-zone.ts'
import type { Event } from '../observe/events.ts'
import { providerOfDomain, providerOfHost } from '../smtp/mail-provider.ts'
import type { Alert } from './alert-states.ts'

const DAY_MS = 86_400_000
/** Providers that are remembered; a node that so many refuse has one problem, not many. */
const MOST_PROVIDERS = 100
/** Characters of a reply in an alert. */
const REPLY = 300

export interface BlockedProviders {
  /** An alert if the event is the first refusal of its provider; null for every other event. `monotonic` is in ms. */
  note(event: Event, monotonic: number): Alert | null
  /** Alerts of providers that have not refused for a day. */
  cleared(monotonic: number): readonly Alert[]
}

export function createBlockedProviders(): BlockedProviders {
  const known = new Map<string, { readonly alert: Alert; lastAt: number }>()
  return {
    note: (event, monotonic) => {
      if (event.kind !== 'deferred' && event.kind !== 'failed' && event.kind !== 'expired') return null
      if (event.class !== 'blocked') return null
      const provider = providerOf(event)
      const before = known.get(provider)
      if (before) {
        before.lastAt = monotonic
        return null
      }
      if (known.size >= MOST_PROVIDERS) return null
      const reason = `${provider} refuses mail as blocked: ${event.reply.replaceAll(/\s+/g, ' ').slice(0, REPLY)}`
      const alert: Alert = { name: `blocked ${provider}`, state: 'raised', level: 'degraded', reason, since: event.at }
      known.set(provider, { alert, lastAt: monotonic })
      return alert
    },
    cleared: (monotonic) => {
      const over = [...known].filter(([, { lastAt }]) => monotonic - lastAt >= DAY_MS)
      return over.map(([provider, { alert }]) => {
        known.delete(provider)
        return { ...alert, state: 'cleared', level: 'ok' }
      })
    },
  }
}

/** A large provider by its word, else the owner of the remote host by its name, or of the domain of a recipient that reached no host. */
export function providerOf({ host, recipient }: { readonly host: string | null; readonly recipient?: string }): string {
  const name = /^([a-z0-9._-]*[a-z][a-z0-9._-]*)/i
    .exec(host ?? '')?.[1]
    ?.toLowerCase()
    .replace(/\.$/, '')
  const domain = recipient?.split('@').at(-1)?.toLowerCase() ?? 'unknown'
  const large = name === undefined ? providerOfDomain(domain) : providerOfHost(name)
  return large === 'other' ? zoneOf(name ?? domain) : large
}
