// The format and the table of each kind of file of state.

import type { Database } from 'better-sqlite3'
import { accountTable } from '../sqlite/account-table.ts'
import { banFormat } from '../sqlite/ban-rows.ts'
import { banTable } from '../sqlite/ban-table.ts'
import { greylistFormat } from '../sqlite/greylist-rows.ts'
import { greylistTable } from '../sqlite/greylist-table.ts'
import { policyFormat, policyTable } from '../sqlite/policy-table.ts'
import { hookFormat, sqliteHooks } from '../sqlite/sqlite-hooks.ts'
import type { StateFormat } from '../sqlite/state-file.ts'
import { tlsResultFormat, tlsResultTable } from '../sqlite/tls-result-table.ts'
import { accountFormat } from '../sqlite/usage-rows.ts'
import type { StateKind, StateSpec, StateTables } from './state-messages.ts'

export interface SpecTable {
  readonly format: StateFormat
  /** Prepares the statements of a file that was just opened. */
  readonly tableOf: (db: Database) => StateTables[StateKind]
  /** Operations that only read: several of them need no lock for writing. */
  readonly reads: ReadonlySet<string>
}

const reads: { readonly [K in StateKind]: readonly (keyof StateTables[K])[] } = {
  accounts: ['judge', 'holding', 'senderOf', 'sentBy', 'unfinished', 'standing', 'held'],
  bans: ['find', 'standing', 'counts'],
  greylist: [],
  policies: ['find', 'stale'],
  'tls-results': ['unplanned', 'due', 'resultsOf'],
  webhooks: ['next', 'waiting', 'readTo'],
}

export function tableOfSpec(spec: StateSpec): SpecTable {
  const known = { reads: new Set<string>(reads[spec.kind]) }
  switch (spec.kind) {
    case 'accounts':
      return { ...known, format: accountFormat, tableOf: accountTable }
    case 'bans':
      return { ...known, format: banFormat, tableOf: (db) => banTable(db, spec) }
    case 'greylist':
      return { ...known, format: greylistFormat, tableOf: (db) => greylistTable(db, spec) }
    case 'policies':
      return { ...known, format: policyFormat, tableOf: (db) => policyTable(db, spec) }
    case 'tls-results':
      return { ...known, format: tlsResultFormat, tableOf: (db) => tlsResultTable(db, spec) }
    case 'webhooks':
      return { ...known, format: hookFormat, tableOf: sqliteHooks }
  }
}
