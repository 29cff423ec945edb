// Detects forwarding loops (RFC 5321 6.3, RFC 9228): a forward marks the message with its address, and refuses one with that mark. The mark
// is a Delivered-To field only if the address is ours and the message has no other forward-path. Otherwise it would disclose recipients to
// each other, or look like a loop to the next server; then the mark is a keyed hash.

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
  /** Keys of the hashes, shared by the nodes that forward: the first is used for new marks, all are accepted. Without keys only Delivered-To is used. */
  readonly secrets: readonly string[]
}

export const noKeys: LoopSettings = { secrets: [] }

/** 96 bits, so that two addresses never have the same mark by chance. */
const MARK_CHARACTERS = 16

export type LoopResult =
  | { readonly kind: 'refused'; readonly reply: Refusal }
  | { readonly kind: 'sorted'; readonly sorted: SortedRecipients }

/** Removes forwards that the message has passed already. Refuses the message with 554 5.4.6 if no other recipient is left. */
export function withoutLoops(sorted: SortedRecipients, fields: readonly Field[], settings: LoopSettings): LoopResult {
  const marks = new Set(fieldsNamed(fields, FORWARDED_FIELD).flatMap(({ value }) => value.trim().split(/\s+/)))
  const passed = (address: string) =>
    deliveredTo(fields, address) || settings.secrets.some((secret) => marks.has(markOf(address, secret)))
  const looping = new Set([...sorted.forwards.keys()].filter((one) => passed(one.original)))
  if (looping.size === 0) return { kind: 'sorted', sorted }
  const recipients = sorted.recipients.filter((one) => !looping.has(one))
  const addresses = [...new Set([...looping].map((one) => one.original))]
  if (recipients.every((one) => one.expanded)) return { kind: 'refused', reply: loopRefusal(addresses) }
  // These recipients have the message already.
  const discarded = addresses.map((original) => ({
    original,
    reason: 'forwarding loop: the message passed this forward before',
  }))
  return { kind: 'sorted', sorted: { ...sorted, recipients, discarded: [...sorted.discarded, ...discarded] } }
}

/** The fields to add on top of a copy for these recipients. */
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
    .slice(0, MARK_CHARACTERS)
}

function loopRefusal(addresses: readonly string[]): Refusal {
  return refusal(
    554,
    '5.4.6',
    'Mail forwarding loop',
    `the message passed this forward before, for ${addresses.join(', ')}`,
  )
}
