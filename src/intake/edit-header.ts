// The edits of an accepted mail's header section: whole fields out, whole fields on top. From the top down it then reads
// Received (ours), Authentication-Results (ours), other fields of checks, DKIM-Signature (ours), and the mail as it came. The order matters: the next node
// of ours trusts only what stands between our Received and the one below it.

import { isForged } from '../message/results-field.ts'
import { formatDate } from '../message/date.ts'
import { writeField, writeFolded } from '../message/field.ts'
import { fieldsNamed, prependFields, removeFields } from '../message/header.ts'
import type { Field } from '../message/header.ts'
import { makeMessageId, readMessageId } from '../message/message-id.ts'
import { writeReceived } from '../message/received.ts'
import type { FieldEdit, Mail } from '../policy/check.ts'
import type { Draft } from './intake.ts'

export interface EditSettings {
  readonly hostname: string
  readonly authservId: string
  /** Add Date and Message-ID where missing (RFC 6409 8.2, 8.3). */
  readonly complete: boolean
  readonly hideClient: boolean
}

export interface EditedHeader {
  /** What goes on top after signing: Received, Authentication-Results where there are any, and what other checks add. */
  readonly trace: Buffer
  /** What a signature covers. */
  readonly signable: Buffer
  readonly messageId: string | null
}

/** What checks want written. */
export interface HeaderFindings {
  /** Value of the Authentication-Results field, or null. */
  readonly results: string | null
  readonly fields: readonly FieldEdit[]
}

/** Fields that tell which program and machine somebody writes with; never part of a mail's meaning. */
const betraying = new Set([
  'user-agent',
  'x-mailer',
  'x-originating-ip',
  'x-originating-client',
  'x-enigmail-version',
  'x-php-originating-script',
])

/** Blind copies are for the submitting program, and Return-Path for the last hop (RFC 5322 3.6.3 and 3.6.6, RFC 5321 4.4). */
const neverSent = new Set(['bcc', 'resent-bcc', 'return-path'])

/** What `complete` puts in where it is missing; there without a value it is missing too, and a second one would be one too many. */
const completed = new Set(['date', 'message-id'])

export function editHeader(
  settings: EditSettings,
  facts: { readonly draft: Draft; readonly mail: Mail; readonly findings: HeaderFindings },
): EditedHeader {
  const { draft, mail, findings } = facts
  const cleaned = clean(settings, facts)
  const added = settings.complete
    ? completion(settings, mail)
    : { fields: Buffer.alloc(0), messageId: readMessageId(mail.fields) }
  const results = findings.results === null ? [] : [writeFolded('Authentication-Results', findings.results)]
  return {
    trace: Buffer.concat([receivedField(settings, draft, mail), ...results, ...findings.fields.map((one) => one.add)]),
    signable: prependFields(cleaned, added.fields),
    messageId: added.messageId,
  }
}

/** Results in our name are believed by the node behind us, whether or not this role verifies: only a node of ours may have written them. */
function clean(
  settings: EditSettings,
  { draft, mail, findings }: { readonly draft: Draft; readonly mail: Mail; readonly findings: HeaderFindings },
): Buffer {
  const believed = draft.origin.kind === 'peer' && findings.results === null
  const replaced = new Set(findings.fields.flatMap((one) => one.remove))
  const submitted = draft.origin.kind === 'user' || draft.origin.kind === 'machine'
  const goes = (field: Field) =>
    replaced.has(field.key) ||
    (submitted && neverSent.has(field.key)) ||
    (settings.hideClient && betraying.has(field.key)) ||
    (settings.complete && completed.has(field.key) && field.value === '') ||
    (!believed && isForged(field, settings.authservId))
  // Most mails lose nothing, and their fields are known already.
  return mail.fields.some(goes) ? removeFields(draft.header, goes) : draft.header
}

function completion(settings: EditSettings, mail: Mail): { fields: Buffer; messageId: string } {
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
