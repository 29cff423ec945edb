// Results for the reports of this node: what finds no place is counted, and does not grow the file.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openStateFile } from '../../state/sqlite/state-file.ts'
import type { CountedResult } from '../sending/result-tally.ts'
import { reportFormat } from './report-format.ts'
import { createResultStore, type ResultStore } from './result-store.ts'

let folder: string
let db: ReturnType<typeof openStateFile>['db']
let store: ResultStore
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-results-'))
  db = openStateFile(join(folder, 'reports.db'), reportFormat).db
  store = createResultStore(db)
})
afterEach(() => {
  db.close()
  rmSync(folder, { recursive: true })
})

const of = (policyDomain: string, source: string, count = 1): CountedResult => ({
  result: {
    day: '2026-11-28',
    policyDomain,
    organization: policyDomain,
    source,
    headerFrom: policyDomain,
    envelopeFrom: '',
    disposition: 'none',
    dkim: false,
    spf: false,
    reason: null,
    signatures: [],
    spfResult: 'none',
  },
  count,
})
const a = { day: '2026-11-28', policyDomain: 'a.example' }

it('counts what a full store omits, in the report too, and has no row for domains that come too late', () => {
  expect(store.add([of('a.example', '192.0.2.1', 2), of('a.example', '192.0.2.2')], 3)).toEqual({ omitted: 0, rows: 2 })
  expect(store.add([of('b.example', '192.0.2.1'), of('a.example', '192.0.2.3', 5)], 3)).toEqual({ omitted: 5, rows: 3 })
  expect(store.add([of('c.example', '192.0.2.1', 4), of('a.example', '192.0.2.1')], 3)).toEqual({ omitted: 4, rows: 3 })
  expect(store.results(a).omitted).toBe(5)
  expect(store.results(a).results.map(({ count }) => count)).toEqual([3, 1])
  expect(store.due('2026-11-29', 10).map(({ policyDomain }) => policyDomain)).toEqual(['a.example', 'b.example'])
  // A report that was sent gives its space back.
  store.finish(a)
  expect(store.add([of('c.example', '192.0.2.1', 4)], 3)).toEqual({ omitted: 0, rows: 2 })
})

it('gives one domain at most a thousand results of a day', () => {
  const many = Array.from({ length: 1002 }, (_, index) => of('a.example', `2001:db8::${index.toString(16)}`))
  expect(store.add(many, 10_000)).toEqual({ omitted: 2, rows: 1000 })
  expect(store.add([of('b.example', '192.0.2.1')], 10_000)).toEqual({ omitted: 0, rows: 1001 })
})
