// The schema of personal data is complete: every column of every database, every file of the data directory and every label of a metric has
// its class. docs/reference/personal-data.md shows it.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import SqliteDatabase, { type Database } from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { logFields } from '../src/lib/log-fields.ts'
import { eventFields } from '../src/privacy/event-fields.ts'
import { personalDataPage } from '../src/privacy/schema/personal-data-page.ts'
import { places } from '../src/privacy/schema/schema.ts'
import { openOwned } from '../src/queue/sqlite/database/database.ts'
import { reportFormat } from '../src/reports/store/report-format.ts'
import { openTokenDatabase } from '../src/route/srs/token-database.ts'
import { banFormat } from '../src/state/sqlite/ban-rows.ts'
import { greylistFormat } from '../src/state/sqlite/greylist-rows.ts'
import { policyFormat } from '../src/state/sqlite/policy-table.ts'
import { hookFormat } from '../src/state/sqlite/sqlite-hooks.ts'
import { openStateFile } from '../src/state/sqlite/state-file.ts'
import { tlsResultFormat } from '../src/state/sqlite/tls-result-table.ts'
import { accountFormat } from '../src/state/sqlite/usage-rows.ts'
import * as nodePaths from '../src/wiring/node-paths.ts'
import { allMetrics } from './lib/all-metrics.ts'

const page = fileURLToPath(new URL('../docs/reference/personal-data.md', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'personal-data-'))
afterAll(() => rmSync(folder, { recursive: true }))

const databases = places.flatMap((place) => (place.kind === 'database' ? [place] : []))

it('the page is up to date; UPDATE_EXPECTED=1 rewrites it', () => {
  if (process.env.UPDATE_EXPECTED) writeFileSync(page, personalDataPage())
  expect(readFileSync(page, 'utf8')).toBe(personalDataPage())
})

describe('every column has a class', () => {
  const columns = new Map<string, Record<string, string[]>>()

  beforeAll(async () => {
    const state = {
      'accounts.db': accountFormat,
      'bans.db': banFormat,
      'greylist.db': greylistFormat,
      'reports.db': reportFormat,
      'sts-policies.db': policyFormat,
      'tls-results.db': tlsResultFormat,
      'webhooks.db': hookFormat,
    }
    for (const [file, format] of Object.entries(state)) {
      const { db } = openStateFile(join(folder, file), format)
      columns.set(file, columnsOf(db))
      db.close()
    }
    const queue = openOwned(join(folder, 'queue'))
    columns.set('queue/queue.db', columnsOf(queue))
    queue.close()
    const path = join(folder, 'srs-tokens.db')
    const tokens = await openTokenDatabase({ path, earlierPath: `${path}.old`, maxAgeDays: 7, capacity: 10 }, 0)
    await tokens.close()
    const db = new SqliteDatabase(path)
    columns.set('srs-tokens.db', columnsOf(db))
    db.close()
  })

  it('in every database', () => {
    expect([...columns.keys()].toSorted()).toEqual(databases.map(({ file }) => file).toSorted())
  })

  it.each(databases.map((place) => [place.file, place] as const))('of %s', (file, { tables }) => {
    const schema = Object.fromEntries(
      Object.entries(tables).map(([name, table]) => [name, Object.keys(table.columns).toSorted()]),
    )
    expect(schema).toEqual(columns.get(file))
  })
})

it('a table with personal data says how a person is erased, and why a row stays', () => {
  const tables = databases.flatMap(({ file, tables: all }) =>
    Object.entries(all).map(([name, table]) => ({ name: `${file} ${name}`, ...table })),
  )
  const names = ['address', 'origin', 'text', 'ip', 'content']
  const isPersonal = (columns: object) => Object.values(columns).some((one) => names.includes(one as string))
  // Reasons of operators have no third person; their names stay.
  const silent = tables.filter(
    ({ columns, erasure }) => isPersonal(columns) && erasure === undefined && !('by' in columns),
  )
  expect(silent.map(({ name }) => name)).toEqual([])
  const unexplained = tables.filter(
    ({ erasure, keptWhile, whyKept }) => (erasure === 'keep' || keptWhile !== undefined) !== (whyKept !== undefined),
  )
  expect(unexplained.map(({ name }) => name)).toEqual([])
})

it('every file of the data directory is in the schema', () => {
  const node = { data: '/data' }
  const found = Object.values(nodePaths).flatMap((path) =>
    path === nodePaths.snapshotDirectory
      ? [path(node, 'ldap')]
      : [(path as (place: typeof node, name: string) => string)(node, 'name')],
  )
  const patterns = places.map(
    ({ file }) => new RegExp(`^/data/${file.replaceAll('.', '\\.').replaceAll('*', '[^/]+')}$`),
  )
  const isKnown = (path: string) => path === '/data/queue' || patterns.some((one) => one.test(path))
  expect(found.length).toBeGreaterThan(20)
  expect(found.filter((path) => !isKnown(path))).toEqual([])
})

it('a field of an event has the same class in a log line', () => {
  const both = Object.entries(eventFields).filter(([name]) => name in logFields)
  expect(both.length).toBeGreaterThan(5)
  expect(both.filter(([name, one]) => logFields[name as keyof typeof logFields] !== one)).toEqual([])
})

/** Labels whose values come from a closed set or from the configuration of the node. */
const openLabels = [
  'action',
  'algorithm',
  'banned',
  'budget',
  'by',
  'change',
  'check',
  'class',
  'client',
  'dnssec',
  'failure',
  'hop',
  'key',
  'kind',
  'level',
  'limit',
  'list',
  'listener',
  'measure',
  'mode',
  'notice',
  'origin',
  'policy',
  'provider',
  'purpose',
  'reason',
  'result',
  'role',
  'sent',
  'severity',
  'source',
  'stage',
  'state',
  'status',
  'target',
  'tls',
  'verdict',
  'version',
]

it('no label of a metric can name a person', () => {
  const labels = allMetrics()
    .getMetricsAsArray()
    .flatMap((metric) => ('labelNames' in metric ? (metric.labelNames as readonly string[]) : []))
  expect([...new Set(labels)].filter((label) => !openLabels.includes(label))).toEqual([])
  const personal: readonly string[] = Object.entries({ ...logFields, ...eventFields })
    .filter(([, one]) => one === 'address' || one === 'origin')
    .map(([name]) => name)
  // `origin` is the origin class only, without a name.
  expect(labels.filter((label) => personal.includes(label) && label !== 'origin')).toEqual([])
})

function columnsOf(db: Database): Record<string, string[]> {
  const tables = db
    .prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .pluck()
    .all()
  return Object.fromEntries(
    tables.map((name) => [
      name,
      db.prepare<[string], string>('SELECT name FROM pragma_table_info(?)').pluck().all(name).toSorted(),
    ]),
  )
}
