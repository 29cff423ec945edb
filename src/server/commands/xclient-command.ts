// XCLIENT (https://www.postfix.org/XCLIENT_README.html): a configured front end names the client that it serves. The session starts again
// as that of the client: its place, its checks, no HELO, no login. What the front end has proven about itself does not count for the client.

import type { Reply } from '../../smtp/reply.ts'
import { badXclient, unknownCommand, xclientInTransaction } from '../server-replies.ts'
import { type Command, type Dialogue, say, sayThen } from '../session-dialogue.ts'
import { offeredAttributes, readXclient } from './xclient-attributes.ts'

export const xclient: Command = async (dialogue, argument) => {
  const { context, frontEnd } = dialogue
  if (frontEnd === null) return say(unknownCommand)
  if (dialogue.transaction) return say(xclientInTransaction)
  const client = readXclient(argument)
  if (client === null) return say(badXclient)
  const refused = await frontEnd.become(client)
  if (refused) return sayThen(refused, dialogue.refused ? 'continue' : 'close')
  const greeting: Reply = { code: 220, enhanced: '', text: `${context.hostname} ESMTP` }
  return say(greeting)
}

/** The line of the reply to EHLO; none for a host that may name no client. */
export function xclientCapability<Resolution>({ frontEnd }: Dialogue<Resolution>): readonly string[] {
  return frontEnd ? [`XCLIENT ${offeredAttributes.join(' ')}`] : []
}
