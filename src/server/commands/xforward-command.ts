// XFORWARD (https://www.postfix.org/XFORWARD_README.html): a configured host says where it has the next message from, for log and ledger.
// It changes no right: checks, shares and limits are those of the host itself. It counts until the end of the transaction.

import type { ForwardedClient } from '../../smtp/session.ts'
import { badXforward, done, heloFirst, unknownCommand, xforwardInTransaction } from '../server-replies.ts'
import { type Command, type Dialogue, say } from '../session-dialogue.ts'
import { addressIn, type ClientAttribute, readAttributes } from './client-attributes.ts'

const offered = ['NAME', 'ADDR', 'PORT', 'PROTO', 'HELO', 'IDENT', 'SOURCE'] as const satisfies ClientAttribute[]

const nothing: ForwardedClient = { name: null, ip: null, helo: null, queueId: null, isLocal: false }

export const xforward: Command = ({ session, transaction, mayForward }, argument) => {
  if (!mayForward) return say(unknownCommand)
  if (session.helo === null) return say(heloFirst)
  if (transaction) return say(xforwardInTransaction)
  const values = readAttributes(argument, offered)
  if (!values) return say(badXforward)
  session.forwarded = merged(session.forwarded ?? nothing, values)
  return say(done)
}

/** Postfix sends the attributes in several commands, because a line is limited. */
function merged(known: ForwardedClient, values: ReadonlyMap<ClientAttribute, string | null>): ForwardedClient {
  const text = (attribute: ClientAttribute, before: string | null) => {
    const value = values.get(attribute)
    return value === undefined ? before : value
  }
  return {
    name: text('NAME', known.name),
    ip: values.has('ADDR') ? addressIn(values.get('ADDR') ?? '') : known.ip,
    helo: text('HELO', known.helo),
    queueId: text('IDENT', known.queueId),
    isLocal: values.has('SOURCE') ? values.get('SOURCE')?.toUpperCase() === 'LOCAL' : known.isLocal,
  }
}

/** The line of the reply to EHLO; none for a host that may not use it. */
export function xforwardCapability<Resolution>({ mayForward }: Dialogue<Resolution>): readonly string[] {
  return mayForward ? [`XFORWARD ${offered.join(' ')}`] : []
}
