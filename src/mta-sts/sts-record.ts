// The TXT record `_mta-sts.DOMAIN` (RFC 8461 section 3.1).

export type StsRecord =
  | { readonly kind: 'record'; readonly id: string }
  /** No record, several of them, or one without a usable `id`: the domain has no policy now. `text` says which. */
  | { readonly kind: 'none'; readonly text: string }

/** Errata 6285: a record that does not begin so is another one. */
const START = 'v=STSv1;'
const fieldId = /^id=([A-Za-z0-9]{1,32})$/

/** @param records each a list of strings, which belong together without a space between them */
export function readStsRecord(records: readonly (readonly Buffer[])[]): StsRecord {
  const found = records
    .map((strings) => Buffer.concat(strings).toString('latin1'))
    .filter((one) => one.startsWith(START))
  const [record, ...more] = found
  if (record === undefined) return { kind: 'none', text: 'no record' }
  if (more.length > 0) return { kind: 'none', text: `${found.length} records, where one is allowed` }
  const id = record
    .slice(START.length)
    .split(';')
    .map((field) => fieldId.exec(field.trim())?.[1])
    .find((one) => one !== undefined)
  return id === undefined ? { kind: 'none', text: 'a record without a usable id' } : { kind: 'record', id }
}
