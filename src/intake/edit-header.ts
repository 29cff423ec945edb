// Edits the header section of an accepted message: removes whole fields and adds whole fields on top. The new order is Received,
// Authentication-Results, other fields of checks, DKIM-Signature, then the received header. The order matters: the next fleet node trusts
// only the fields between our Received field and the one below it.

import { isForged } from '../message/results-field.ts'
import { formatDate } from '../message/date.ts'
import { writeField, writeFolded } from '../message/field.ts'
import { fieldsNamed, prependFields, removeFields } from '../message/header.ts'
import type { Field } from '../message/header.ts'
import { makeMessageId, readMessageId } from '../message/message-id.ts'
import { writeReceived } from '../message/received.ts'
import type { FieldEdit, Mail } from '../policy/check.ts'
import { isAuthenticated } from '../smtp/origin.ts'
import type { Origin } from '../smtp/origin.ts'
import type { Draft } from './intake.ts'

export interface EditSettings {
  readonly hostname: string
  readonly authservId: string
  /** Add Date and Message-ID where missing, to mail of users, machines and this host (RFC 6409 8.2, 8.3). */
  readonly complete: boolean
  /** For the same mail. */
  readonly hideClient: boolean
}

export interface EditedHeader {
  /** Fields to add on top after signing: Received, Authentication-Results if there are results, and those of other checks. */
  readonly trace: Buffer
  /** The part that is signed. */
  readonly signable: Buffer
  readonly messageId: string | null
}

/** The header changes that the checks found. */
export interface HeaderFindings {
  /** Value of the Authentication-Results field, or null. */
  readonly results: string | null
  readonly fields: readonly FieldEdit[]
}

/** Fields that disclose the program and computer of the author and have no meaning for the recipient. */
const clientFields = new Set([
  'user-agent',
  'x-mailer',
  'x-originating-ip',
  'x-originating-client',
  'x-enigmail-version',
  'x-php-originating-script',
])

/** Fields that end at submission: Bcc (RFC 5322 3.6.3, 3.6.6), and Return-Path, which the last hop adds (RFC 5321 4.4). */
const submittedOnly = new Set(['bcc', 'resent-bcc', 'return-path'])

/** Fields that `complete` adds. An empty one counts as missing and is removed, because a message has only one. */
const completedFields = new Set(['date', 'message-id'])

export function editHeader(
  configured: EditSettings,
  facts: { readonly draft: Draft; readonly mail: Mail; readonly findings: HeaderFindings },
): EditedHeader {
  const { draft, mail, findings } = facts
  const settings = forOrigin(configured, draft.origin)
  const cleaned = clean(settings, facts)
  const added = settings.complete
    ? missingFields(settings, mail)
    : { fields: Buffer.alloc(0), messageId: readMessageId(mail.fields) }
  const results = findings.results === null ? [] : [writeFolded('Authentication-Results', findings.results)]
  return {
    trace: Buffer.concat([receivedField(settings, draft, mail), ...results, ...findings.fields.map((one) => one.add)]),
    signable: prependFields(
      cleaned,
      Buffer.concat([added.fields, ...findings.fields.flatMap((one) => one.insert ?? [])]),
    ),
    messageId: added.messageId,
  }
}

/** Only a submission is completed (RFC 6409 8), and only its client has a right to be hidden: strangers and peers have trace fields. */
function forOrigin(settings: EditSettings, origin: Origin): EditSettings {
  const isSubmission = isAuthenticated(origin) || origin.kind === 'local'
  return isSubmission ? settings : { ...settings, complete: false, hideClient: false }
}

/** Removes results with our authserv-id, which the next fleet node would trust, unless a peer added them. */
function clean(
  settings: EditSettings,
  { draft, mail, findings }: { readonly draft: Draft; readonly mail: Mail; readonly findings: HeaderFindings },
): Buffer {
  const isTrusted = draft.origin.kind === 'peer' && findings.results === null
  const replaced = new Set(findings.fields.flatMap((one) => one.remove))
  const submitted = isAuthenticated(draft.origin)
  const isRemoved = (field: Field) =>
    replaced.has(field.key) ||
    (submitted && submittedOnly.has(field.key)) ||
    (settings.hideClient && clientFields.has(field.key)) ||
    (settings.complete && completedFields.has(field.key) && field.value === '') ||
    (!isTrusted && isForged(field, settings.authservId))
  // Most messages lose no field; their header is not parsed again.
  return mail.fields.some(isRemoved) ? removeFields(draft.header, isRemoved) : draft.header
}

function missingFields(settings: EditSettings, mail: Mail): { fields: Buffer; messageId: string } {
  const fields = mail.fields.filter((field) => field.value !== '')
  const present = readMessageId(fields)
  const messageId = present ?? makeMessageId(mail.queueId, settings.hostname)
  const missing = [
    ...(fieldsNamed(fields, 'date').length === 0 ? [writeField('Date', formatDate(mail.at))] : []),
    ...(present === null ? [writeField('Message-ID', messageId)] : []),
  ]
  return { fields: Buffer.concat(missing), messageId }
}

function receivedField(settings: EditSettings, draft: Draft, mail: Mail): Buffer {
  const { session } = draft
  const client = session && {
    helo: session.helo,
    ip: session.remoteIp,
    name: session.remoteName,
    esmtp: session.esmtp,
    authenticated: draft.origin.kind === 'user',
    tls: session.tls,
  }
  const single = draft.recipients.length === 1 ? (draft.recipients[0]?.forwardPath ?? null) : null
  return writeReceived({
    client,
    smtputf8: draft.parameters.smtputf8,
    by: settings.hostname,
    queueId: mail.queueId,
    recipient: single,
    at: mail.at,
    hideClient: settings.hideClient,
  })
}
