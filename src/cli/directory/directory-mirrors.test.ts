// The commands about mirrored sources, on a data directory with snapshots of the test.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../lib/clock.ts'
import { type CapturedIo, captureIo } from '../../../test/lib/captured-io.ts'
import { manyPeople } from '../../../test/lib/source-content.ts'
import { openSnapshotStore } from '../../directory/snapshots/snapshot-store.ts'
import type { MirrorState, SnapshotStore } from '../../directory/snapshots/snapshot-store.ts'
import { countContent } from '../../directory/snapshots/source-content.ts'
import type { SourceContent } from '../../directory/snapshots/source-content.ts'
import { directoryDiff } from './directory-diff.ts'
import { directoryAccept, directoryRefresh, directoryRollback } from './directory-orders.ts'
import { directoryStatus } from './directory-status.ts'

let folder: string
let config: string
let store: SnapshotStore
let io: CapturedIo

function configure(directory: string): void {
  writeFileSync(
    config,
    `role: mx\nhostname: mx.example.org\ndomain: example.org\ndata: ${folder}/data\npeers: { srs: [srs.example.org] }\n` +
      `srs: { domain: srs.example.org, secrets: [secret] }\n${directory}`,
  )
}

const LDAP = 'ldap: { urls: ["ldap://127.0.0.1:1"], base: "dc=x" }'
const SQL = 'sql: { engine: sqlite, file: people.db, users: people }'

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-directory-'))
  config = join(folder, 'node.yaml')
  writeFileSync(join(folder, 'secret'), 'a secret only for tests\n')
  configure(`directory: { ${LDAP} }\n`)
  store = openSnapshotStore(join(folder, 'data/directory/ldap'))
  io = captureIo()
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

const state = (changes: Partial<MirrorState>): MirrorState => ({
  version: 2,
  confirmedAt: systemClock.now(),
  failure: null,
  failures: 0,
  failingSince: null,
  acceptedOrder: 0,
  ...changes,
})

const put = (version: number, content: SourceContent) =>
  store.write(
    { header: { version, takenAt: version * 60_000, source: 'ldap', counts: countContent(content) }, content },
    null,
  )

async function twoVersions(changes: Partial<MirrorState> = {}): Promise<void> {
  await put(1, manyPeople(3))
  await put(2, manyPeople(4))
  await store.writeState(state(changes))
}

describe('waypost directory status', () => {
  it('exits with 0 if the data are complete', async () => {
    await twoVersions()
    expect(await directoryStatus({ config }, io)).toBe(0)
    expect(io.out()).toMatch(/^ldap: version 2 in use, confirmed \d{4}-\S+\n/)
    expect(io.out()).toContain('  version 1 of 1970-01-01T00:01:00.000Z: 3 users, 3 passwords, 0 aliases, 3 forwards\n')
  })

  it('exits with 1 if the data may be incomplete, and prints the reason', async () => {
    await twoVersions({ failure: { kind: 'unavailable', cause: 'connection refused' }, failures: 4 })
    expect(await directoryStatus({ config }, io)).toBe(1)
    expect(io.out()).toContain('may be incomplete: ldap: connection refused')
    expect(io.out()).toContain('the last 4 reads failed')
    await twoVersions({ failure: { kind: 'unavailable', cause: 'connection refused' }, failures: 1 })
    expect(await directoryStatus({ config }, io)).toBe(1)
    expect(io.out()).toContain('the last read failed')
  })

  it('prints damaged versions and the rejected read, also before a node has read the source', async () => {
    await put(1, manyPeople(3))
    writeFileSync(join(folder, 'data/directory/ldap/0000000002.snapshot'), 'half')
    await store.writeRefused({
      header: { version: 0, takenAt: 0, source: 'ldap', counts: countContent(manyPeople(1)) },
      content: manyPeople(1),
    })
    expect(await directoryStatus({ config }, io)).toBe(1)
    expect(io.out()).toContain('no node has read it yet')
    expect(io.out()).toContain('version 2 cannot be used: it is not a snapshot file of this version')
    expect(io.out()).toContain('rejected 1970-01-01T00:00:00.000Z: 1 users')
  })

  it('prints JSON', async () => {
    await twoVersions()
    expect(await directoryStatus({ config, json: true }, io)).toBe(0)
    expect(JSON.parse(io.out())).toMatchObject([
      { source: 'ldap', inUse: 2, pinned: null, incomplete: null, versions: [{ version: 2 }, { version: 1 }] },
    ])
  })

  it('prints all sources, or the one on the command line', async () => {
    configure(`directory: { ${LDAP}, ${SQL} }\n`)
    await directoryStatus({ config }, io)
    expect(io.out()).toMatch(/^ldap: .*\nsql:sql: /)
    const one = captureIo()
    await directoryStatus({ config, source: 'sql' }, one)
    expect(one.out()).not.toContain('ldap')
  })

  it.each([['the source is unknown', `directory: { ${LDAP} }\n`, 'nis', /^found nis, expected one of: ldap, files$/m]])(
    'exits with 2 if %s',
    async (_name, directory, source, message) => {
      configure(directory)
      expect(await directoryStatus({ config, source }, io)).toBe(2)
      expect(io.err()).toMatch(message)
    },
  )
})

describe('waypost directory diff', () => {
  it('prints what the last version changed', async () => {
    await twoVersions()
    expect(await directoryDiff({ config }, io)).toBe(0)
    expect(io.out()).toMatch(/^ldap: version 1 .* version 2: 2 changes\n/)
    expect(io.out()).toContain('\n+ user user0003: user0003 (uid=user0003)\n')
    expect(io.out()).toContain('\n+ forward user0003: user0003@home.example.net (uid=user0003)\n')
  })

  it('prints what a rejected read would change', async () => {
    await twoVersions()
    const content = manyPeople(1)
    await store.writeRefused({
      header: { version: 0, takenAt: 0, source: 'ldap', counts: countContent(content) },
      content,
    })
    expect(await directoryDiff({ config, json: true }, io)).toBe(0)
    expect(JSON.parse(io.out())).toMatchObject({ from: 'version 2', to: 'rejected', changes: { length: 6 } })
  })

  it('compares any two versions, and exits with 1 if nothing differs', async () => {
    await twoVersions()
    expect(await directoryDiff({ config, from: 2, to: 2 }, io)).toBe(1)
    expect(io.out()).toContain('0 changes')
  })

  it.each([
    [{ from: 9 }, /version 9: no such version/],
    [{ to: 9, from: 1 }, /version 9: no such version/],
    [{ to: 1 }, /no two versions/],
  ])('reports why it cannot compare: %j', async (which, message) => {
    await twoVersions()
    expect(await directoryDiff({ config, ...which }, io)).toBe(1)
    expect(io.err()).toMatch(message)
  })
})

describe('waypost directory refresh', () => {
  it.each([
    [
      'no source is mirrored',
      'mail: [mail.yaml]\n',
      undefined,
      /^found no mirrored source in .+, expected directory\.sql, or/,
    ],
    [
      'the directory is live',
      'directory: { ldap: { urls: ["ldap://127.0.0.1:1"], base: "dc=x", mode: live } }\n',
      undefined,
      /^found no mirrored source in .+, or directory\.ldap with mode: mirror$/m,
    ],
  ])('exits with 2 if %s', async (_name, directory, source, message) => {
    configure(directory)
    expect(await directoryRefresh({ config, source }, io)).toBe(2)
    expect(io.err()).toMatch(message)
  })
})

describe('orders', () => {
  it('rollback pins the version before the one in use, or the given one', async () => {
    await twoVersions()
    expect(await directoryRollback({ config }, io)).toBe(0)
    expect(io.out()).toContain('version 1 of 1970-01-01T00:01:00.000Z is in use until')
    expect(await store.readOrders()).toMatchObject({ pinned: 1 })
    expect(await directoryRollback({ config, version: 2, json: true }, io)).toBe(0)
    expect(await store.readOrders()).toMatchObject({ pinned: 2 })
  })

  it('rollback to a missing version fails', async () => {
    await put(1, manyPeople(3))
    await store.writeState(state({ version: 1 }))
    expect(await directoryRollback({ config }, io)).toBe(1)
    expect(await directoryRollback({ config, version: 7 }, io)).toBe(1)
    expect(io.err()).toMatch(/no older version\n.*version 7: no such version/)
    expect(await store.readOrders()).toMatchObject({ pinned: null })
  })

  it('accept ends a rollback and permits one loss; refresh changes nothing else', async () => {
    await twoVersions()
    await directoryRollback({ config }, io)
    expect(await directoryRefresh({ config }, io)).toBe(0)
    const refreshed = await store.readOrders()
    expect(refreshed).toMatchObject({ pinned: 1, accept: 0 })
    expect(refreshed.refresh).toBeGreaterThan(0)
    expect(await directoryAccept({ config }, io)).toBe(0)
    expect(await store.readOrders()).toMatchObject({ pinned: null, accept: expect.any(Number) })
  })

  it('that need one source require its name if there are two', async () => {
    configure(`directory: { ${LDAP}, ${SQL} }\n`)
    expect(await directoryAccept({ config }, io)).toBe(2)
    expect(io.err()).toContain('expected one of: ldap, sql')
    expect(await directoryRefresh({ config }, io)).toBe(0)
    expect(await openSnapshotStore(join(folder, 'data/directory/sql')).readOrders()).toMatchObject({
      refresh: expect.any(Number),
    })
  })

  it('work before the first start of a node', async () => {
    mkdirSync(join(folder, 'data'))
    expect(await directoryAccept({ config }, io)).toBe(0)
  })
})
