// Budgets of the destinations that recipients expand to: one short RCPT can name a group of a thousand members. They are held for the
// transaction, and the work of computing them is limited for each client.

import type { Budgets } from '../budget/budgets.ts'
import type { Holder, Lease, Shortage } from '../budget/pool.ts'
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
  readonly leases: Lease[]
  /** Refuses all further recipients: the destinations of one did not fit, and the work of computing others would be lost. */
  full: Refusal | null
  ended: boolean
  /** One sender, so one token, however many recipients forward the message. */
  hasToken: boolean
}

/** Addresses that take as long to follow as a destination to compute: members that are gone, and lists with the same members. */
const STEPS_OF_DESTINATION = 5

/** @param budgets opens `destinations` and `resolutionWork` */
export function createDestinationBudget(budgets: Pick<Budgets, 'pool' | 'rate'>): DestinationBudget {
  const pool = budgets.pool('destinations')
  const work = budgets.rate('resolutionWork')
  const tokens = createTokenBudget(budgets)
  const accounts = new WeakMap<TransactionFacts, TransactionAccount>()
  const accountOf = (transaction: TransactionFacts) => {
    const known = accounts.get(transaction)
    const account = known ?? { leases: [], full: null, ended: false, hasToken: false }
    if (!known) accounts.set(transaction, account)
    return account
  }
  return {
    open: (facts) => {
      const account = accountOf(facts.transaction)
      const client = clientOf(facts)
      if (account.full) return { kind: 'refused', reply: account.full }
      if (client !== null && work.isOver(client)) return { kind: 'refused', reply: tooMuchWork(client) }
      const lease = pool.take(holderOf(facts), 0)
      if (lease.kind === 'short') return { kind: 'refused', reply: doesNotFit(lease.shortage) }
      let computed = 0
      let steps = 0
      return {
        kind: 'open',
        step: () => void steps++,
        add: () => {
          computed++
          const shortage = lease.extend(1)
          if (shortage !== null) account.full = doesNotFit(shortage)
          return account.full
        },
        addToken: (sender) => (account.hasToken ? null : takeToken(account, tokens, { facts, sender })),
        close: (accepted) => {
          if (client !== null) work.count(client, Math.max(1, computed, Math.floor(steps / STEPS_OF_DESTINATION)))
          if (accepted && !account.ended) account.leases.push(lease)
          else lease.release()
        },
      }
    },
    ended: (transaction) => {
      const account = accountOf(transaction)
      account.ended = true
      for (const lease of account.leases.splice(0)) lease.release()
    },
  }
}

function takeToken(
  account: TransactionAccount,
  tokens: TokenBudget,
  { facts, sender }: { readonly facts: RecipientFacts; readonly sender: string },
): Refusal | null {
  const reply = tokens.take(facts, sender)
  account.hasToken = reply === null
  return reply
}

/** Sessions have unique IDs, and each has one open transaction. */
function holderOf({ session, origin }: RecipientFacts): Holder {
  const transaction = session.id
  switch (origin.kind) {
    case 'peer':
    case 'local':
      return { purpose: 'fleet', transaction }
    case 'user':
    case 'machine':
      return { purpose: 'people', account: `${origin.kind} ${origin.identity}`, transaction }
    case 'internet':
      return { purpose: 'internet', ip: session.remoteIp, transaction }
  }
}

/** The key of the rate; null for peers, whose clients are limited where they connect. */
function clientOf({ session, origin }: RecipientFacts): string | null {
  if (origin.kind === 'peer' || origin.kind === 'local') return null
  return origin.kind === 'internet' ? clientNetwork(session.remoteIp) : `${origin.kind} ${origin.identity}`
}

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
