// Completes the addresses that programs of this host write in the header, and names the host in a field where they are replaced by the
// domain of the organisation. It refuses nothing. The server does the same for the envelope (smtp/public-address.ts).

import { isUtf8 } from 'node:buffer'
import { writeField } from '../../message/field.ts'
import type { Field } from '../../message/header.ts'
import { rewriteAddresses } from '../../message/rewrite-addresses.ts'
import { publicAddress } from '../../smtp/public-address.ts'
import type { LocalNames, NameUse } from '../../smtp/public-address.ts'
import type { Check, Mail } from '../check.ts'
import { accept } from '../verdict.ts'

/** The field that names the host, and the author as written if that changed. */
const HOST_FIELD = 'X-Originating-Host'

const uses: ReadonlyMap<string, NameUse> = new Map([
  ...['from', 'sender', 'reply-to', 'resent-from', 'resent-sender'].map((key) => [key, 'sender'] as const),
  ...['to', 'cc', 'bcc', 'resent-to', 'resent-cc', 'resent-bcc'].map((key) => [key, 'recipient'] as const),
])

/** Octets of a field that is read; a longer one is unchanged. Real lists of recipients are shorter. */
const MAX_FIELD = 65_536

/** Only for mail of this host: what others write is theirs. */
export function localNamesCheck(names: LocalNames): Check {
  return {
    name: 'local-names',
    message: (mail) => {
      if (mail.origin.kind !== 'local') return { verdict: accept }
      const changed = changedFields(names, mail.fields)
      const keys = [...new Set(changed.map(({ field }) => field.key))]
      const insert = [...completed(mail, keys, changed), ...missingFrom(mail), ...hostField(names, changed)]
      const remove = [...keys, ...(names.rewrite ? [HOST_FIELD.toLowerCase()] : [])]
      if (insert.length === 0) return { verdict: accept }
      return { verdict: accept, fields: { remove, add: Buffer.alloc(0), insert: Buffer.concat(insert) } }
    },
  }
}

interface Changed {
  readonly field: Field
  readonly value: string
}

function changedFields(names: LocalNames, fields: readonly Field[]): readonly Changed[] {
  return fields.flatMap((field) => {
    const use = uses.get(field.key)
    // Octets of an unknown character set would not survive.
    if (use === undefined || field.raw.length > MAX_FIELD || !isUtf8(field.raw)) return []
    const value = rewriteAddresses(field.value, (address) => publicAddress(names, address, use))
    return value === field.value ? [] : [{ field, value }]
  })
}

/** All fields of the names that change, because an edit removes fields by name. */
function completed({ fields }: Mail, keys: readonly string[], changed: readonly Changed[]): readonly Buffer[] {
  const values = new Map(changed.map(({ field, value }) => [field, value]))
  return fields
    .filter(({ key }) => keys.includes(key))
    .map((field) => (values.has(field) ? writeField(field.name, values.get(field) as string) : field.raw))
}

/** A message without an author gets its reverse-path: the mta refuses messages without From (RFC 5322 3.6). */
function missingFrom({ fields, sender }: Mail): readonly Buffer[] {
  return sender === null || fields.some(({ key }) => key === 'from') ? [] : [writeField('From', `<${sender}>`)]
}

function hostField({ host, rewrite }: LocalNames, changed: readonly Changed[]): readonly Buffer[] {
  if (!rewrite) return []
  const from = changed.find(({ field }) => field.key === 'from')?.field.value
  return [writeField(HOST_FIELD, from === undefined ? host : `${host}; from=${from}`)]
}
