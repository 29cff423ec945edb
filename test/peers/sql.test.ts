// The SQL source with real engines: a PostgreSQL cluster, a MariaDB server, an SQLite file. Equal views give equal answers; stopped,
// restarted, slow, with wrong credentials, with a broken query; and writes are impossible.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAuthority } from '../../src/demo/ca.ts'
import type { Fetched } from '../../src/directory/snapshots/mirror-source.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { createSqlMirror } from '../../src/directory/sql/sql-mirror.ts'
import type { SqlEngine, SqlQueries, SqlServer } from '../../src/directory/sql/sql-settings.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { startMariadb } from '../lib/peers/mariadb.ts'
import { type Database as Engine, OWNER, startPostgresql } from '../lib/peers/postgresql.ts'
import { startStallingProxy } from '../lib/stalling-proxy.ts'

const data = `
CREATE TABLE people (name VARCHAR(60), password VARCHAR(200), active INT);
INSERT INTO people VALUES ('kim', '{SSHA}abc', 1), ('lee', NULL, 1), ('gone', '{SSHA}x', 0);
CREATE TABLE addresses (name VARCHAR(60), address VARCHAR(200));
INSERT INTO addresses VALUES ('kim', 'k.im@example.org'), ('robin', 'robin@example.org');
CREATE TABLE aliases (address VARCHAR(200), target VARCHAR(200));
INSERT INTO aliases VALUES ('press@example.org', 'lee'), ('press@example.org', 'kim'), ('büro@example.org', 'kim');
CREATE VIEW forwards AS SELECT name AS address, CONCAT(name, '@home.example.net') AS target FROM people WHERE active = 1;
`

const queries: SqlQueries = {
  users: 'SELECT name, password FROM people WHERE active = 1;',
  addresses: 'addresses',
  aliases: 'aliases',
  forwards: 'forwards',
}

const content = {
  users: [
    { name: 'kim', addresses: ['kim', 'k.im@example.org'], password: '{SSHA}abc', source: 'sql:people:users/kim' },
    { name: 'lee', addresses: ['lee'], source: 'sql:people:users/lee' },
    { name: 'robin', addresses: ['robin', 'robin@example.org'], source: 'sql:people:addresses/robin' },
  ],
  aliases: [
    { address: 'press@example.org', targets: ['kim', 'lee'], source: 'sql:people:aliases/press@example.org' },
    { address: 'büro@example.org', targets: ['kim'], source: 'sql:people:aliases/büro@example.org' },
  ],
  forwards: [
    { address: 'kim', targets: ['kim@home.example.net'], source: 'sql:people:forwards/kim' },
    { address: 'lee', targets: ['lee@home.example.net'], source: 'sql:people:forwards/lee' },
  ],
}

function fetchFrom(
  engine: SqlEngine,
  changes: Partial<SqlQueries> = {},
  { timeoutMs = 3000, signal = new AbortController().signal } = {},
): Promise<Fetched> {
  const settings = { name: 'people', engine, queries: { ...queries, ...changes }, timeoutMs }
  const source = createSqlMirror(settings, { clock: systemClock })
  return source.fetch(signal)
}

/** Asks with this limit, and beside it with one that no test reaches: the answer must come first, from the limit. */
async function endedByLimit(engine: SqlEngine, changes: Partial<SqlQueries>, timeoutMs: number): Promise<Fetched> {
  const abort = new AbortController()
  const unlimited = fetchFrom(engine, changes, { timeoutMs: 600_000, signal: abort.signal })
  const first = await Promise.race([fetchFrom(engine, changes, { timeoutMs }), unlimited.then(() => null)])
  abort.abort()
  await unlimited
  if (first === null) throw new Error('the query without a limit ended first')
  return first
}

/** Tests that hold for every engine. */
function commonTests(engine: () => SqlEngine): void {
  it('reads users, addresses, aliases and forwards with their sources', async () => {
    expect(await fetchFrom(engine())).toEqual({ kind: 'whole', content })
  })

  it('names the column that a query lacks', async () => {
    const fetched = await fetchFrom(engine(), { aliases: 'SELECT address FROM aliases' })
    expect(fetched).toEqual({ kind: 'partial', cause: 'the query for aliases has no column target' })
  })

  it('reports the error of the engine for an invalid query', async () => {
    const fetched = await fetchFrom(engine(), { aliases: 'gone_table' })
    expect(fetched).toEqual({ kind: 'unavailable', cause: expect.stringContaining('gone_table') })
  })
}

const server = (port: number, changes: Partial<SqlServer> = {}): SqlServer => ({
  host: '127.0.0.1',
  port,
  socket: null,
  ...OWNER,
  tls: null,
  ...changes,
})

/** Tests that hold for every server. */
function serverTests(kind: 'postgresql' | 'mysql', running: () => Engine, slow: string): void {
  const engine = (changes: Partial<SqlServer> = {}): SqlEngine => ({ kind, server: server(running().port, changes) })

  it('wrong credentials', async () => {
    const fetched = await fetchFrom(engine({ password: 'wrong' }))
    expect(fetched).toEqual({ kind: 'unavailable', cause: expect.stringMatching(/password|denied/) })
  })

  it('ends a query that takes too long', async () => {
    const fetched = await endedByLimit(engine(), { aliases: slow }, 500)
    expect(fetched).toEqual({ kind: 'unavailable', cause: expect.any(String) })
  })

  it('a server that hangs is unavailable', async () => {
    const proxy = await startStallingProxy(running().port)
    proxy.mode = { kind: 'stall' }
    expect((await endedByLimit({ kind, server: server(proxy.port) }, {}, 300)).kind).toBe('unavailable')
    await proxy.close()
  })

  it.each([200, 900])('an answer that is cut off after %i octets is refused', async (after) => {
    const proxy = await startStallingProxy(running().port)
    proxy.mode = { kind: 'cut', after }
    expect((await fetchFrom({ kind, server: server(proxy.port) })).kind).toBe('unavailable')
    await proxy.close()
  })

  it('stopped and restarted', async () => {
    await running().kill()
    expect(await fetchFrom(engine())).toEqual({ kind: 'unavailable', cause: expect.stringContaining('ECONNREFUSED') })
    await running().start()
    expect((await fetchFrom(engine())).kind).toBe('whole')
  })
}

describe.runIf(ensurePeers(['postgresql']))('SQL source and PostgreSQL', () => {
  const ca = createAuthority('SQL tests')
  const issued = ca.issue({ names: ['localhost'] })
  let postgresql: Engine

  beforeAll(async () => {
    postgresql = await startPostgresql(issued)
    postgresql.run(`${data}; GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${OWNER.user};
      CREATE FUNCTION intrude() RETURNS TABLE (address TEXT, target TEXT) LANGUAGE sql SECURITY DEFINER AS
      $$ INSERT INTO aliases VALUES ('evil@example.org', 'x@y.example') RETURNING * $$;`)
  })
  afterAll(() => postgresql.close())

  commonTests(() => ({ kind: 'postgresql', server: server(postgresql.port) }))
  serverTests('postgresql', () => postgresql, "SELECT 'a' AS address, pg_sleep(30)::text AS target")

  it('over TLS, with the certificate checked', async () => {
    const tls = { ca: ca.certificate, certificate: null, key: null }
    const at = (changes: Partial<SqlServer>): SqlEngine => ({
      kind: 'postgresql',
      server: server(postgresql.port, { host: 'localhost', tls, ...changes }),
    })
    expect((await fetchFrom(at({}))).kind).toBe('whole')
    expect((await fetchFrom(at({ tls: { ...tls, ca: null } }))).kind).toBe('unavailable')
    expect((await fetchFrom(at({ host: '127.0.0.1' }))).kind).toBe('unavailable')
  })

  it('cannot write, even through a function with that right', async () => {
    const engine: SqlEngine = { kind: 'postgresql', server: server(postgresql.port) }
    const fetched = await fetchFrom(engine, { aliases: 'SELECT * FROM intrude()' })
    expect(fetched).toEqual({ kind: 'unavailable', cause: expect.stringContaining('read-only') })
  })
})

describe.runIf(ensurePeers(['mariadb']))('SQL source and MariaDB', () => {
  let mariadb: Awaited<ReturnType<typeof startMariadb>>

  beforeAll(async () => {
    mariadb = await startMariadb()
    mariadb.run(`SET NAMES utf8mb4; ${data}`)
  })
  afterAll(() => mariadb.close())

  commonTests(() => ({ kind: 'mysql', server: server(mariadb.port) }))
  serverTests('mysql', () => mariadb, "SELECT 'a' AS address, SLEEP(30) AS target")

  it('over the Unix socket', async () => {
    const engine: SqlEngine = { kind: 'mysql', server: server(0, { host: null, socket: mariadb.socket }) }
    expect((await fetchFrom(engine)).kind).toBe('whole')
  })

  it('a server without TLS is refused if TLS is configured', async () => {
    const tls = { ca: null, certificate: null, key: null }
    const fetched = await fetchFrom({ kind: 'mysql', server: server(mariadb.port, { tls }) })
    expect(fetched.kind).toBe('unavailable')
  })
})

describe('SQL source and SQLite', () => {
  let folder: string
  let file: string

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'waypost-sqlite-'))
    file = join(folder, 'people.db')
    const database = new Database(file)
    database.exec(data.replace("CONCAT(name, '@home.example.net')", "name || '@home.example.net'"))
    database.close()
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  commonTests(() => ({ kind: 'sqlite', file }))

  it('a missing file is not created', async () => {
    const absent = join(folder, 'absent.db')
    expect((await fetchFrom({ kind: 'sqlite', file: absent })).kind).toBe('unavailable')
    expect((await fetchFrom({ kind: 'sqlite', file: absent })).kind).toBe('unavailable')
  })

  it('a query that never ends is cut off at its deadline without blocking the event loop', async () => {
    const endless = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS address, max(i) AS target FROM n`
    const engine: SqlEngine = { kind: 'sqlite', file }
    const settings = { name: 'people', engine, queries: { ...queries, aliases: endless }, timeoutMs: 100 }
    const source = createSqlMirror(settings, { clock: systemClock })
    const fetchAgain = () => source.fetch(new AbortController().signal)
    let turns = 0
    const ticking = setInterval(() => (turns += 1), 20)
    const fetched = await fetchAgain()
    clearInterval(ticking)
    expect(fetched).toEqual({ kind: 'unavailable', cause: expect.stringContaining('no answer within') })
    expect(turns).toBeGreaterThan(10)
    expect(await fetchAgain()).toEqual({ kind: 'unavailable', cause: expect.stringContaining('has not ended') })
  })
})
