// Budgets of the destinations that recipients expand to: one short RCPT can name a group of a thousand members. They are held for the
// transaction, and the work of computing them is limited for each client.

import type { Budgets } from '../budget/budgets.ts'
import type { Holder, Lease, Shortage } from '../budget/pool.ts'
import type { Rate } from '../budget/rate.ts'
import type { DestinationMeter } from '../route/resolution.ts'
import { clientNetwork } from '../lib/ip-address.ts'
import { refusal } from '../smtp/reply.ts'
import type { Refusal } from '../smtp/reply.ts'
import { createTokenBudget, type TokenBudget } from './token-budget.ts'
import type { RecipientFacts, TransactionFacts } from './check.ts'

export interface DestinationBudget {
  /** Opens the account of one recipient, or refuses it before any work. */
  open(facts: RecipientFacts): { readonly kind: 'refused'; readonly reply: Refusal } | RecipientAccount
  /** Gives everything back that a transaction holds. */
  ended(transaction: TransactionFacts): void
}

export interface RecipientAccount extends DestinationMeter {
  readonly kind: 'open'
  /** Ends the resolution: an accepted recipient keeps its destinations until the end of the transaction. */
  close(accepted: boolean): void
}

interface TransactionAccount {
  readonly destinations: Lease
  /** Refuses all further recipients: the destinations of one did not fit, and the work of computing others would be lost. */
  full: Refusal | null
  /** One sender, so one token, however many recipients forward the message. */
  hasToken: boolean
}

/** Addresses that take as long to follow as a destination to compute: members that are gone, and lists with the same members. */
const STEPS_OF_DESTINATION = 5

/** @param budgets opens `destinations` and `resolutionWork` */
export function createDestinationBudget(budgets: Pick<Budgets, 'pool' | 'rate'>): DestinationBudget {
  const pool = budgets.pool('destinations')
  const parts: AccountParts = { work: budgets.rate('resolutionWork'), tokens: createTokenBudget(budgets) }
  const accounts = new Map<TransactionFacts, TransactionAccount>()
  return {
    open: (facts) => {
      const { transaction } = facts
      if (transaction.isOver) return { kind: 'refused', reply: over }
      const client = clientOf(facts)
      let account = accounts.get(transaction)
      if (account?.full) return { kind: 'refused', reply: account.full }
      if (client !== null && parts.work.isOver(client)) return { kind: 'refused', reply: tooMuchWork(client) }
      if (!account) {
        const destinations = pool.take(holderOf(facts), 0)
        if (destinations.kind === 'short') return { kind: 'refused', reply: doesNotFit(destinations.shortage) }
        account = { destinations, full: null, hasToken: false }
        accounts.set(transaction, account)
      }
      return new MeteredRecipient(parts, account, { facts, client })
    },
    ended: (transaction) => {
      const account = accounts.get(transaction)
      if (!account) return
      accounts.delete(transaction)
      account.destinations.release()
    },
  }
}

interface AccountParts {
  readonly work: Rate
  readonly tokens: TokenBudget
}

/** A class: there is one for each recipient. */
class MeteredRecipient implements RecipientAccount {
  readonly kind = 'open'
  readonly #parts: AccountParts
  readonly #account: TransactionAccount
  readonly #asked: { readonly facts: RecipientFacts; readonly client: string | null }
  #computed = 0
  #held = 0
  #steps = 0

  constructor(
    parts: AccountParts,
    account: TransactionAccount,
    asked: { facts: RecipientFacts; client: string | null },
  ) {
    this.#parts = parts
    this.#account = account
    this.#asked = asked
  }

  step(): void {
    this.#steps++
  }

  add(): Refusal | null {
    this.#computed++
    const shortage = this.#account.destinations.extend(1)
    if (shortage === null) this.#held++
    else this.#account.full = doesNotFit(shortage)
    return this.#account.full
  }

  addToken(sender: string): Refusal | null {
    if (this.#account.hasToken) return null
    const reply = this.#parts.tokens.take(this.#asked.facts, sender)
    this.#account.hasToken = reply === null
    return reply
  }

  close(accepted: boolean): void {
    const { client } = this.#asked
    const steps = Math.floor(this.#steps / STEPS_OF_DESTINATION)
    if (client !== null) this.#parts.work.count(client, Math.max(1, this.#computed, steps))
    if (!accepted) this.#account.destinations.shrink(this.#held)
  }
}

/** Each transaction has one lease. */
function holderOf({ session, origin }: RecipientFacts): Holder {
  switch (origin.kind) {
    case 'peer':
    case 'local':
      return { purpose: 'fleet' }
    case 'user':
    case 'machine':
      return { purpose: 'people', account: `${origin.kind} ${origin.identity}` }
    case 'internet':
      return { purpose: 'internet', ip: session.remoteIp }
  }
}

/** The key of the rate; null for peers, whose clients are limited where they connect. */
function clientOf({ session, origin }: RecipientFacts): string | null {
  if (origin.kind === 'peer' || origin.kind === 'local') return null
  return origin.kind === 'internet' ? clientNetwork(session.remoteIp) : `${origin.kind} ${origin.identity}`
}

/** The client does not read it: it has gone, or began another transaction. */
const over = refusal(
  451,
  '4.3.0',
  'The transaction has ended',
  'the transaction ended before its recipient was resolved',
)

function doesNotFit(shortage: Shortage): Refusal {
  // RFC 5321 4.5.3.1.10: the client sends the other recipients in another transaction, in which the first one always fits.
  if (shortage === 'transaction')
    return refusal(
      452,
      '4.5.3',
      'Too many recipients, send the others in another transaction',
      'the recipients expand to too many destinations for one transaction',
    )
  const cause = `no more destinations fit (budget destinations, limit ${shortage})`
  return refusal(451, '4.3.2', 'Too many recipients at present, please try again later', cause)
}

function tooMuchWork(client: string): Refusal {
  const cause = `the recipients of ${client} expanded to too many destinations in the last minutes`
  return refusal(450, '4.7.1', 'Too many recipients, please try again later', cause)
}
