// Converts the rows of the four queries to the common form. Columns are found by name; a missing column is an error of the configuration,
// never an empty answer.

import type { SourceContent, TargetsRow, UserRow } from '../snapshots/source-content.ts'
import type { SqlQueries } from './sql-settings.ts'

export type Row = Readonly<Record<string, unknown>>

export type SqlAnswers = { readonly [K in keyof SqlQueries]: readonly Row[] }

/** A required column that a query lacks. */
export class MissingColumn extends Error {}

/** A column that is not text: ignoring its values would lose every row. */
export class WrongColumn extends Error {}

export interface SqlLabels {
  readonly name: string
  readonly queries: SqlQueries
}

export function readRows(answers: SqlAnswers, labels: SqlLabels): SourceContent {
  return {
    users: readUsers(answers, labels),
    aliases: readTargets('aliases', answers.aliases, labels),
    forwards: readTargets('forwards', answers.forwards, labels),
  }
}

/** `sql:NAME:TABLE/KEY`; for a SELECT the kind of its rows stands for the table. */
export function sourceOf({ name, queries }: SqlLabels, kind: keyof SqlQueries, key: string): string {
  const query = queries[kind] ?? ''
  return `sql:${name}:${isTable(query) ? query : kind}/${key}`
}

/** A name of a table or view, with its schema or without. */
export function isTable(query: string): boolean {
  return /^[a-z_][\w.]*$/i.test(query)
}

function readUsers(answers: SqlAnswers, labels: SqlLabels): readonly UserRow[] {
  const further = new Map<string, string[]>()
  for (const row of answers.addresses) {
    const name = textOf(row, 'name', 'addresses')
    const address = textOf(row, 'address', 'addresses')
    if (name === null || address === null) continue
    const list = further.get(name.toLowerCase())
    if (list) list.push(address)
    else further.set(name.toLowerCase(), [address])
  }
  const users = answers.users.flatMap((row): UserRow[] => {
    const name = textOf(row, 'name', 'users')
    if (name === null) return []
    const password = 'password' in row ? textOf(row, 'password', 'users') : null
    const addresses = [...new Set([name, ...(further.get(name.toLowerCase()) ?? [])])]
    further.delete(name.toLowerCase())
    return [{ name, addresses, ...(password === null ? {} : { password }), source: sourceOf(labels, 'users', name) }]
  })
  // People in the addresses only; their passwords are kept elsewhere.
  const others = [...further].map(([name, addresses]) => ({
    name,
    addresses: [...new Set([name, ...addresses])],
    source: sourceOf(labels, 'addresses', name),
  }))
  return [...users, ...others]
}

/** Each target is a row; the rows of one address become one entry. */
function readTargets(kind: 'aliases' | 'forwards', rows: readonly Row[], labels: SqlLabels): readonly TargetsRow[] {
  const found = new Map<string, { address: string; targets: string[] }>()
  for (const row of rows) {
    const address = textOf(row, 'address', kind)
    const target = textOf(row, 'target', kind)
    if (address === null || target === null) continue
    const known = found.get(address.toLowerCase())
    if (known) known.targets.push(target)
    else found.set(address.toLowerCase(), { address, targets: [target] })
  }
  return [...found.values()].map(({ address, targets }) => ({
    address,
    // The engine may return rows in any order.
    targets: targets.toSorted(),
    source: sourceOf(labels, kind, address),
  }))
}

/** Null for NULL and for empty texts. Throws for columns of other types, such as a list, a date or a record. */
function textOf(row: Row, column: string, kind: keyof SqlQueries): string | null {
  if (!(column in row)) throw new MissingColumn(`the query for ${kind} has no column ${column}`)
  const value = row[column]
  // Texts with a binary collation are octets; a login name may be a number.
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8').trim() || null
  if (value === null || value === undefined) return null
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint')
    throw new WrongColumn(`the query for ${kind} has a column ${column} that is not text`)
  return String(value).trim() || null
}
