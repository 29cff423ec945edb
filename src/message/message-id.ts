// The Message-ID of a message (RFC 5322 3.6.4): read for the ledger, created for a submission without one. It is not the queue ID.

import { fieldsNamed } from './header.ts'
import type { Field } from './header.ts'

/** Characters kept of a Message-ID, which comes from the sender and is stored in ledger and log. */
const MAX_CHARACTERS = 255

const msgId = /<[^<>\s]+>/
// oxlint-disable-next-line no-control-regex -- control characters are what is taken out
const controls = /[\x00-\x1f\x7f-\x9f]/g

/**
 * A new Message-ID with its angle brackets.
 * @param unique a text that never repeats, such as a queue ID
 * @param host host name or mail domain of the node
 */
export function makeMessageId(unique: string, host: string): string {
  return `<${unique}@${host}>`
}

/** The Message-ID of the first such field with its angle brackets, bounded and without control characters; null without one. */
export function readMessageId(fields: readonly Field[]): string | null {
  const field = fieldsNamed(fields, 'message-id')[0]
  if (!field) return null
  const found = msgId.exec(field.value)?.[0] ?? field.value.trim()
  const clean = found.toWellFormed().replace(controls, '').slice(0, MAX_CHARACTERS)
  return clean === '' ? null : clean
}
