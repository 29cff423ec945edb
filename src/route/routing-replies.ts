// The replies that routing gives (RFC 5321 4.2.3, RFC 3463, RFC 5248). Public texts name what the client said, never our data.
// Room: route.

import { refusal } from '../smtp/reply.ts'
import type { Refusal } from '../smtp/reply.ts'

export const unknownAddress = (cause: string): Refusal => refusal(550, '5.1.1', 'No such address here', cause)

/** For a peer that vouches for the address: its data may be newer than ours. */
export const unknownYet = (cause: string): Refusal =>
  refusal(450, '4.1.1', 'Address not known here (yet), please try again later', cause)

export const badSyntax = (cause: string): Refusal => refusal(553, '5.1.3', 'Bad recipient address syntax', cause)

export const relayDenied = (cause: string): Refusal => refusal(554, '5.7.1', 'Relay access denied', cause)

export const badDomain = (cause: string): Refusal =>
  refusal(550, '5.1.2', 'This domain cannot be reached from the internet', cause)

export const looping = (cause: string): Refusal => refusal(550, '5.4.6', 'Mail to this address loops here', cause)

export const tooMany = (cause: string): Refusal =>
  refusal(550, '5.4.6', 'This address leads to too many others here', cause)

export const bouncesOnly = (cause: string): Refusal =>
  refusal(550, '5.7.1', 'This address takes bounces only, with the null sender', cause)

export const senderTooLong = (cause: string): Refusal =>
  refusal(550, '5.1.7', 'Sender address is too long to be forwarded', cause)

export const lookupFailed = (cause: string): Refusal =>
  refusal(451, '4.3.0', 'Address lookup failed, please try again later', cause)
