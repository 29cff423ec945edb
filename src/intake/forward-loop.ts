// A forward remembers in the mail that it has passed: met again with the mark of the same address, the mail goes round in circles and is refused
// (RFC 5321 6.3, RFC 9228). The address itself is written (Delivered-To) only where it is ours and the mail has no other forward-path:
// elsewhere it would tell recipients about each other, or make the next server believe in a loop of its own; there a keyed hash stands for it.

import { createHmac } from 'node:crypto'
import { writeField } from '../message/field.ts'
import { fieldsNamed } from '../message/header.ts'
import type { Field } from '../message/header.ts'
import { deliveredTo, FORWARDED_FIELD } from '../message/hops.ts'
import type { NewRecipient } from '../queue/contract/queue.ts'
import { domainOf } from '../smtp/mailbox.ts'
import { refusal } from '../smtp/reply.ts'
import type { Refusal } from '../smtp/reply.ts'
import type { Draft } from './intake.ts'
import type { SortedRecipients } from './recipients.ts'

export interface LoopSettings {
  /** Keys of the hashes, shared by the nodes that forward: the first writes, all are recognised. Without one only Delivered-To is used. */
  readonly secrets: readonly string[]
}

export const noKeys: LoopSettings = { secrets: [] }

/** Characters of a mark: 96 bits, nothing to be met by chance. */
const MARK_LENGTH = 16

export type Unlooped =
  | { readonly kind: 'refused'; readonly reply: Refusal }
  | { readonly kind: 'sorted'; readonly sorted: SortedRecipients }

/** Takes out the forwards that the mail has passed already; refuses it if nothing else is left. */
export function withoutLoops(sorted: SortedRecipients, fields: readonly Field[], settings: LoopSettings): Unlooped {
  const marks = new Set(fieldsNamed(fields, FORWARDED_FIELD).flatMap(({ value }) => value.trim().split(/\s+/)))
  const passed = (address: string) =>
    deliveredTo(fields, address) || settings.secrets.some((secret) => marks.has(markOf(address, secret)))
  const looping = new Set([...sorted.forwards.keys()].filter((one) => passed(one.original)))
  if (looping.size === 0) return { kind: 'sorted', sorted }
  const recipients = sorted.recipients.filter((one) => !looping.has(one))
  const addresses = [...new Set([...looping].map((one) => one.original))]
  if (recipients.every((one) => one.expanded)) return { kind: 'refused', reply: looped(addresses) }
  // These have the mail: it passed here for them.
  const discarded = addresses.map((original) => ({
    original,
    reason: 'a forwarding loop: the mail passed here before',
  }))
  return { kind: 'sorted', sorted: { ...sorted, recipients, discarded: [...sorted.discarded, ...discarded] } }
}

/** The fields to put on top of a copy for these recipients. */
export function loopMarks(
  recipients: readonly NewRecipient[],
  about: {
    readonly draft: Draft
    readonly forwards: SortedRecipients['forwards']
    readonly isOurs: (domain: string) => boolean
    readonly settings: LoopSettings
  },
): Buffer {
  const { draft, forwards, isOurs, settings } = about
  const addresses = [...new Set(recipients.filter((one) => forwards.has(one)).map((one) => one.original))]
  const [only] = addresses
  if (only === undefined) return Buffer.alloc(0)
  if (draft.recipients.length === 1 && isOurs(domainOf(only))) return writeField('Delivered-To', `<${only}>`)
  const [secret] = settings.secrets
  if (secret === undefined) return Buffer.alloc(0)
  return writeField(FORWARDED_FIELD, addresses.map((address) => markOf(address, secret)).join(' '))
}

function markOf(address: string, secret: string): string {
  return createHmac('sha256', secret)
    .update(`forwarded\0${address.toLowerCase()}`)
    .digest('base64url')
    .slice(0, MARK_LENGTH)
}

function looped(addresses: readonly string[]): Refusal {
  return refusal(554, '5.4.6', 'Mail forwarding loop', `passed here before for ${addresses.join(', ')}`)
}
