// The SQL mirror with a fake engine; test/peers has real ones.

import { describe, expect, it } from 'vitest'
import { systemClock } from '../../lib/clock.ts'
import { createSqlMirror } from './sql-mirror.ts'
import type { ReadRequest, ReadSql } from './sql-reader.ts'
import type { SqlSettings } from './sql-settings.ts'

const settings: SqlSettings = {
  name: 'crm',
  engine: { kind: 'sqlite', file: '/nowhere' },
  queries: { users: 'people', addresses: null, aliases: ' WITH x AS (SELECT 1) SELECT * FROM x; ', forwards: null },
  timeoutMs: 50,
}

const fetchWith = (read: ReadSql, signal = new AbortController().signal) =>
  createSqlMirror(settings, { clock: systemClock, read }).fetch(signal)

describe('a database as a mirrored source', () => {
  it('runs the configured queries, each with a limit', async () => {
    const asked: ReadRequest[] = []
    await fetchWith(async (request) => {
      asked.push(request)
      return [[], []]
    })
    expect(asked[0]?.statements).toEqual([
      'SELECT * FROM (SELECT * FROM people) AS waypost_rows LIMIT 1000001',
      'SELECT * FROM (WITH x AS (SELECT 1) SELECT * FROM x) AS waypost_rows LIMIT 1000001',
    ])
  })

  it('accepts queries that end in a comment', async () => {
    let asked: ReadRequest | null = null
    const users = 'SELECT login AS name FROM people -- who are still here'
    const read: ReadSql = async (request) => {
      asked = request
      return [[], []]
    }
    await createSqlMirror({ ...settings, queries: { ...settings.queries, users } }, { clock: systemClock, read }).fetch(
      AbortSignal.timeout(1000),
    )
    expect(asked).toMatchObject({
      statements: [`SELECT * FROM (${users}\n) AS waypost_rows LIMIT 1000001`, expect.anything()],
    })
  })

  it('is partial if a column is not text', async () => {
    const fetched = await fetchWith(async () => [[], [{ address: 'press', target: ['kim'] }]])
    expect(fetched).toMatchObject({ kind: 'partial', cause: expect.stringContaining('column target') })
  })

  it('assigns each result to its kind', async () => {
    const fetched = await fetchWith(async () => [[{ name: 'kim' }], [{ address: 'press', target: 'kim' }]])
    expect(fetched).toMatchObject({
      kind: 'whole',
      content: { users: [{ name: 'kim' }], aliases: [{ address: 'press' }] },
    })
  })

  it('is partial if a query has too many rows', async () => {
    const row = { name: 'kim' }
    const fetched = await fetchWith(async () => [Array.from({ length: 1_000_001 }, () => row), []])
    expect(fetched).toEqual({ kind: 'partial', cause: 'the query for users has more than 1000000 rows' })
  })

  it('reports the error of the driver', async () => {
    expect(await fetchWith(() => Promise.reject(new Error('no such table')))).toEqual({
      kind: 'unavailable',
      cause: 'no such table',
    })
    const inner = new AggregateError([new Error('connect ECONNREFUSED')], '')
    expect(await fetchWith(() => Promise.reject(inner))).toMatchObject({ cause: 'connect ECONNREFUSED' })
    expect(await fetchWith(() => Promise.reject(new AggregateError([], '')))).toMatchObject({ cause: 'no connection' })
  })

  it('ends at its deadline, and aborts the engine', async () => {
    let released = false
    const fetched = await fetchWith(({ signal }) => {
      signal.addEventListener('abort', () => (released = true))
      return new Promise(() => undefined)
    })
    expect(fetched).toEqual({ kind: 'unavailable', cause: 'no answer within 0.2 s' })
    expect(released).toBe(true)
  })

  it('ends when the mirror closes', async () => {
    const closing = new AbortController()
    const fetched = fetchWith(() => new Promise(() => undefined), closing.signal)
    closing.abort()
    expect((await fetched).kind).toBe('unavailable')
    await createSqlMirror(settings, { clock: systemClock }).close()
  })

  it('is unavailable if the file is missing', async () => {
    const fetched = await createSqlMirror({ ...settings, timeoutMs: 5000 }, { clock: systemClock }).fetch(
      new AbortController().signal,
    )
    expect(fetched).toEqual({ kind: 'unavailable', cause: expect.stringMatching(/unable to open|not exist/) })
  })
})
