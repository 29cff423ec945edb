// The providers that refuse this node as blocked, by the events of the ledger: since when, how often, with which reply, and what they accepted.

import { providerOf } from '../../alerts/blocked-providers.ts'
import type { ReplyRuleFile } from '../../config/reply-rules-file.ts'
import { createReplyRules } from '../../delivery/attempt/reply-rules.ts'
import type { Event } from '../../observe/events.ts'
import { removalRequests } from './removal-requests.ts'

export interface Incident {
  /** `microsoft`, `spamhaus`, or the domain of the hosts that refuse. */
  readonly name: string
  /** Unix ms. */
  readonly firstAt: number
  readonly lastAt: number
  readonly refusals: number
  /** Delivered recipients at the providers that refuse. */
  readonly accepted: number
  /** The last reply, in one line. */
  readonly reply: string
  /** The rule that recognizes the last reply; null if no rule does any more. */
  readonly rule: ReplyRuleFile | null
}

type Attempt = Extract<Event, { kind: 'delivered' | 'deferred' | 'failed' | 'expired' }>

interface Refusals {
  readonly providers: Set<string>
  readonly first: Attempt
  last: Attempt
  count: number
  rule: ReplyRuleFile | null
}

/** @param rules those of the operator, then those of the program */
export class BlockedIncidents {
  readonly #rules: readonly ReplyRuleFile[]
  readonly #classifier: ReturnType<typeof createReplyRules>
  readonly #byName = new Map<string, Refusals>()
  readonly #delivered = new Map<string, number>()

  constructor(rules: readonly ReplyRuleFile[]) {
    this.#rules = rules
    this.#classifier = createReplyRules(rules)
  }

  add(event: Event): void {
    if (event.kind === 'delivered') {
      const provider = providerOf(event)
      this.#delivered.set(provider, (this.#delivered.get(provider) ?? 0) + 1)
    } else if (event.kind === 'deferred' || event.kind === 'failed' || event.kind === 'expired') {
      if (event.class === 'blocked') this.#addRefusal(event)
    }
  }

  /** The newest first. */
  all(): Incident[] {
    return [...this.#byName]
      .map(([name, { providers, first, last, count, rule }]): Incident => {
        const accepted = [...providers].reduce((sum, one) => sum + (this.#delivered.get(one) ?? 0), 0)
        const reply = last.reply.replaceAll(/\s+/g, ' ').trim()
        return { name, firstAt: first.at, lastAt: last.at, refusals: count, accepted, reply, rule }
      })
      .toSorted((a, b) => b.lastAt - a.lastAt)
  }

  #addRefusal(event: Attempt): void {
    const rule = this.#ruleOf(event)
    const provider = providerOf(event)
    const name = removalRequests[rule?.name ?? '']?.name ?? provider
    const found = this.#byName.get(name) ?? { providers: new Set(), first: event, last: event, count: 0, rule }
    found.providers.add(provider)
    this.#byName.set(name, Object.assign(found, { last: event, rule, count: found.count + 1 }))
  }

  /** The ledger has the class of a reply, not the name of its rule. */
  #ruleOf({ reply, status, host }: Attempt): ReplyRuleFile | null {
    const code = Number(/^\d{3}/.exec(reply)?.[0] ?? '550')
    const name = /^[\w.-]+/.exec(host ?? '')?.[0] ?? ''
    const found = this.#classifier.classify({ code, enhanced: status, verbatim: reply }, { host: name, phase: 'rcpt' })
    return this.#rules.find(({ name: one }) => one === found?.rule) ?? null
  }
}
