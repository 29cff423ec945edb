// Canonical forms of header fields (RFC 6376 3.4.1, 3.4.2). Text is latin1: one character is one octet.

import { readFields } from '../message/header.ts'

export type Canonicalization = 'simple' | 'relaxed'

/** A header field of the message, with its final CRLF. */
export interface HeaderField {
  /** In lower case. */
  readonly name: string
  readonly raw: string
}

/** The fields of a header section, as text. */
export function splitFields(header: Buffer): readonly HeaderField[] {
  return readFields(header).map((field) => ({ name: field.key, raw: field.raw.toString('latin1') }))
}

/** The field in canonical form, ending in CRLF. */
export function canonicalField(raw: string, form: Canonicalization): string {
  if (form === 'simple') return raw.endsWith('\r\n') ? raw : `${raw}\r\n`
  const colon = raw.indexOf(':')
  const name = raw.slice(0, colon).trim().toLowerCase()
  const value = raw
    .slice(colon + 1)
    .replaceAll('\r\n', '')
    .replace(/[ \t]+/g, ' ')
  // After the replacement there is at most one space at each end.
  const from = value.startsWith(' ') ? 1 : 0
  const to = value.length > from && value.endsWith(' ') ? value.length - 1 : value.length
  return `${name}:${value.slice(from, to)}\r\n`
}

/**
 * The octets that are signed (RFC 6376 3.7): the named fields, then the signature field with an empty b= and without its CRLF. Each name
 * selects the lowest instance not yet selected, or nothing if none is left (5.4.2).
 */
export function signedOctets(
  fields: readonly HeaderField[],
  names: readonly string[],
  signature: { readonly raw: string; readonly form: Canonicalization },
): Buffer {
  const left = new Map<string, string[]>()
  for (const field of fields) {
    const instances = left.get(field.name)
    if (instances) instances.push(field.raw)
    else left.set(field.name, [field.raw])
  }
  let text = ''
  for (const name of names) {
    const raw = left.get(name.toLowerCase())?.pop()
    if (raw !== undefined) text += canonicalField(raw, signature.form)
  }
  text += canonicalField(signature.raw, signature.form).slice(0, -2)
  return Buffer.from(text, 'latin1')
}
