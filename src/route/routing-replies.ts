// The replies of routing (RFC 5321 4.2.3, RFC 3463, RFC 5248). Public texts never contain routing data; the cause is for the log.

import { refusal } from '../smtp/reply.ts'
import type { Refusal } from '../smtp/reply.ts'

export const unknownAddress = (cause: string): Refusal => refusal(550, '5.1.1', 'No such address here', cause)

/** For a fleet node, whose routing data may be newer. */
export const unknownYet = (cause: string): Refusal =>
  refusal(450, '4.1.1', 'Address unknown so far, please try again later', cause)

export const badSyntax = (cause: string): Refusal => refusal(553, '5.1.3', 'Bad recipient address syntax', cause)

export const relayDenied = (cause: string): Refusal => refusal(554, '5.7.1', 'Relay access denied', cause)

export const badDomain = (cause: string): Refusal =>
  refusal(550, '5.1.2', 'This domain cannot be reached from the internet', cause)

export const looping = (cause: string): Refusal => refusal(550, '5.4.6', 'Mail to this address loops', cause)

export const tooMany = (cause: string): Refusal =>
  refusal(550, '5.4.6', 'This address expands to too many others', cause)

export const senderTooLong = (cause: string): Refusal =>
  refusal(451, '4.3.5', 'Sender address is too long to be forwarded at present', cause)

export const lookupFailed = (cause: string): Refusal =>
  refusal(451, '4.3.0', 'Address lookup failed, please try again later', cause)
