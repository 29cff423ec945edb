// The Message-ID of a message (RFC 5322 3.6.4): read for the ledger, made where a submission lacks one. Never the queue id (smtp words).

import { fieldsNamed } from './header.ts'
import type { Field } from './header.ts'

/** Characters kept of a message-id: they come from strangers and go to ledger and log. */
const MAX_CHARACTERS = 255

const msgId = /<[^<>\s]+>/
// oxlint-disable-next-line no-control-regex -- control characters are what is taken out
const controls = /[\x00-\x1f\x7f-\x9f]/g

/**
 * A new message-id with its angle brackets, from what never repeats.
 * @param unique a queue id
 * @param host our host name or mail domain
 */
export function makeMessageId(unique: string, host: string): string {
  return `<${unique}@${host}>`
}

/** The message-id with its angle brackets as the first Message-ID field has it, bounded and clean; null if there is none. */
export function readMessageId(fields: readonly Field[]): string | null {
  const field = fieldsNamed(fields, 'message-id')[0]
  if (!field) return null
  const found = msgId.exec(field.value)?.[0] ?? field.value.trim()
  const clean = found.toWellFormed().replace(controls, '').slice(0, MAX_CHARACTERS)
  return clean === '' ? null : clean
}
