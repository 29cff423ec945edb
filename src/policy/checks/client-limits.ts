// Limits of what a stranger can use up in ten minutes, with all its connections: mail transactions, recipients, octets and errors. Fleet
// nodes relay the mail of many clients, and authenticated clients are known, so neither is limited here.

import type { Budgets } from '../../budget/budgets.ts'
import type { Origin } from '../../smtp/origin.ts'
import { refusal } from '../../smtp/reply.ts'
import type { Refusal } from '../../smtp/reply.ts'
import type { Check, Finding } from '../check.ts'
import { type ClientRate, createClientRate } from '../client-rates.ts'
import { accept, refuse } from '../verdict.ts'

const accepted: Finding = { verdict: accept }
/** From this part of the errors on, further errors of the client are delayed in each of its sessions. */
const SLOW_SHARE = 0.25

/** The `limits` of the configuration. */
export interface ClientLimits {
  readonly messages_per_ip: number
  readonly recipients_per_ip: number
  readonly octets_per_ip: number
  readonly errors_per_ip: number
}

/** Opens the budgets; one check for all listeners, because a client can use all of them. */
export function clientLimitsCheck(limits: ClientLimits, budgets: Pick<Budgets, 'rate'>): Check {
  const messages = createClientRate(budgets.rate('clientMessages', { capacity: limits.messages_per_ip }))
  const recipients = createClientRate(budgets.rate('clientRecipients', { capacity: limits.recipients_per_ip }))
  const octets = createClientRate(budgets.rate('clientOctets', { capacity: limits.octets_per_ip }))
  const errors = createClientRate(budgets.rate('clientErrors', { capacity: limits.errors_per_ip }))
  return {
    name: 'client-limits',
    connect: ({ session: { remoteIp: ip }, origin }) => {
      return (isStranger(origin) && exhausted(errors, ip, tooManyErrors)) || accepted
    },
    mail: ({ session: { remoteIp: ip }, origin }) => {
      if (!isStranger(origin)) return accepted
      return take(messages, ip, tooManyMessages) ?? exhausted(octets, ip, tooManyOctets) ?? accepted
    },
    rcpt: ({ session: { remoteIp: ip }, origin }) =>
      isStranger(origin) ? (take(recipients, ip, tooManyRecipients) ?? accepted) : accepted,
    ended: (_, { session, octets: received }) => {
      if (isStranger(session.origin) && received > 0) octets.count(session.remoteIp, received)
    },
    failed: ({ origin, remoteIp: ip }) => {
      if (!isStranger(origin)) return false
      errors.count(ip)
      return errors.filled(ip) > SLOW_SHARE
    },
  }
}

function isStranger(origin: Origin | null): boolean {
  return origin?.kind === 'internet'
}

/** @param reply for whose limit was reached */
function exhausted(rate: ClientRate, ip: string, reply: (who: string) => Refusal): Finding | null {
  const who = rate.over(ip)
  return who === null ? null : { verdict: refuse(reply(who)) }
}

function take(rate: ClientRate, ip: string, reply: (who: string) => Refusal): Finding | null {
  const refused = exhausted(rate, ip, reply)
  if (!refused) rate.count(ip)
  return refused
}

const tooManyMessages = (who: string): Refusal =>
  refusal(450, '4.7.1', 'Too many messages in a short time, please try again later', `clientMessages of ${who}`)
const tooManyOctets = (who: string): Refusal =>
  refusal(450, '4.7.1', 'Too much mail in a short time, please try again later', `clientOctets of ${who}`)
const tooManyRecipients = (who: string): Refusal =>
  refusal(450, '4.7.1', 'Too many recipients in a short time, please try again later', `clientRecipients of ${who}`)
/** The server ends the session with 421. */
const tooManyErrors = (who: string): Refusal =>
  refusal(450, '4.7.0', 'Too many errors, please try again later', `clientErrors of ${who}`)
