// BDAT (RFC 3030 section 2): the arguments and the order. The octets follow the command at once, so a refused BDAT has its octets too. If
// their number is unknown, the session ends: the node must not take the content of a message for commands.

import type { Reply } from '../../smtp/reply.ts'
import { badChunk, badMarker, chunkReceived, heloFirst, mailFirst, noRecipients } from '../server-replies.ts'
import { type Answer, type Chunk, type Command, sayAfter, sayThen } from '../session-dialogue.ts'

/** Any number of digits: leading zeros are allowed, and a number that no variable can hold is above every limit. */
const form = /^(\d+)(?: +(.*))?$/

export const bdat: Command = ({ session, transaction }, argument) => {
  const read = readArgument(argument)
  if (!read) return sayThen(badChunk, 'close')
  const { chunk, isMarked } = read
  if (!isMarked) return sayAfter(chunk, badMarker)
  if (session.helo === null) return sayAfter(chunk, heloFirst)
  if (!transaction) return sayAfter(chunk, mailFirst)
  return sayAfter(chunk, transaction.recipients.length === 0 ? noRecipients : chunkReceived(chunk.octets))
}

/** The refusal of a BDAT that the dispatcher does not run. */
export function refuseChunk(argument: string, reply: Reply): Answer {
  const read = readArgument(argument)
  return read ? sayAfter(read.chunk, reply) : sayThen(badChunk, 'close')
}

/** Null if the number of octets cannot be read; `isMarked` is false if what follows the number is not `LAST`. */
function readArgument(argument: string): { readonly chunk: Chunk; readonly isMarked: boolean } | null {
  const match = form.exec(argument)
  if (!match) return null
  const marker = match[2]?.toUpperCase()
  const last = marker === 'LAST'
  return { chunk: { octets: Number(match[1]), last }, isMarked: last || marker === undefined }
}
