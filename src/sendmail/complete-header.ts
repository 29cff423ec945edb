// Completes the header of a submitted message (RFC 6409 8): From, Date and Message-ID, or their Resent- forms, and no Bcc.

import { writePhrase } from '../message/encoded-words.ts'
import { writeField } from '../message/field.ts'
import { prependFields, readFields, removeFields } from '../message/header.ts'
import type { Field } from '../message/header.ts'
import { makeMessageId } from '../message/message-id.ts'
import { formatDate } from '../message/date.ts'
import { findAddresses } from '../message/rewrite-addresses.ts'

export interface HeaderFacts {
  /** Address of the author if the message names none; it may have no domain. */
  readonly author: string
  readonly fullName: string | null
  /** Unix milliseconds. */
  readonly at: number
  /** A text that never repeats. */
  readonly unique: string
  readonly hostname: string
}

const dropped = new Set(['bcc', 'resent-bcc'])
const recipientFields = ['to', 'cc', 'bcc']

/** The recipients that the header names. Those of a resent message are in its Resent- fields only (RFC 5322 3.6.6). */
export function headerRecipients(header: Buffer): readonly string[] {
  const fields = readFields(header)
  const prefix = isResent(fields) ? 'resent-' : ''
  const keys = new Set(recipientFields.map((key) => `${prefix}${key}`))
  return fields.filter(({ key }) => keys.has(key)).flatMap(({ value }) => findAddresses(value))
}

export function completeHeader(header: Buffer, facts: HeaderFacts): Buffer {
  const fields = readFields(header)
  const kept = removeFields(header, ({ key }) => dropped.has(key))
  const has = (name: string) => fields.some(({ key, value }) => key === name && value !== '')
  const { author, fullName, at, unique, hostname } = facts
  const from = fullName === null || fullName === '' ? author : `${writePhrase(fullName)} <${author}>`
  const messageId = makeMessageId(unique, hostname)
  const added = (prefix: string) => [
    ...(has(`${prefix}from`.toLowerCase()) ? [] : [writeField(`${prefix}From`, from)]),
    ...(has(`${prefix}date`.toLowerCase()) ? [] : [writeField(`${prefix}Date`, formatDate(at))]),
    ...(has(`${prefix}message-id`.toLowerCase()) ? [] : [writeField(`${prefix}Message-ID`, messageId)]),
  ]
  const missing = [...(isResent(fields) ? added('Resent-') : []), ...added('')]
  return prependFields(kept, Buffer.concat(missing))
}

function isResent(fields: readonly Field[]): boolean {
  return fields.some(({ key }) => key.startsWith('resent-'))
}
