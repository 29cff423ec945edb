import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { manyPeople } from '../../../test/lib/source-content.ts'
import type { StoredSnapshot } from './snapshot-file.ts'
import { KEPT_VERSIONS, openSnapshotStore } from './snapshot-store.ts'
import type { MirrorState, SnapshotStore } from './snapshot-store.ts'
import { countContent } from './source-content.ts'

let folder: string
let directory: string
let store: SnapshotStore

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-store-'))
  directory = join(folder, 'directory', 'ldap')
  store = openSnapshotStore(directory)
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

function snapshot(version: number, people = 3): StoredSnapshot {
  const content = manyPeople(people)
  return { header: { version, takenAt: version * 1000, source: 'ldap', counts: countContent(content) }, content }
}

const state: MirrorState = {
  version: 3,
  confirmedAt: 5,
  failure: { kind: 'refused', cause: 'shrank' },
  failures: 2,
  failingSince: null,
  acceptedOrder: 1,
}

describe('the store of snapshots', () => {
  it('is empty before the first write, and reading creates nothing', async () => {
    expect(await store.versions()).toEqual([])
    expect(await store.read(1)).toMatchObject({ kind: 'bad' })
    expect(await store.readState()).toBeNull()
    expect(await store.readRefused()).toBeNull()
    expect(await store.readOrders()).toEqual({ pinned: null, accept: 0, refresh: 0 })
    expect(readdirSync(folder)).toEqual([])
  })

  it('keeps versions, state, orders and refused content', async () => {
    await store.write(snapshot(3), null)
    await store.writeState(state)
    await store.writeOrders({ pinned: 3, accept: 8, refresh: 9 })
    await store.writeRefused(snapshot(0, 1))
    const again = openSnapshotStore(directory)
    expect(await again.read(3)).toEqual({ kind: 'read', snapshot: snapshot(3) })
    expect(await again.readState()).toEqual(state)
    expect(await again.readOrders()).toEqual({ pinned: 3, accept: 8, refresh: 9 })
    expect(await again.readRefused()).toEqual(snapshot(0, 1))
    await again.writeRefused(null)
    expect(await again.readRefused()).toBeNull()
    await again.writeRefused(null)
  })

  it('deletes all but the last ten and the pinned version', async () => {
    for (let version = 1; version <= KEPT_VERSIONS + 5; version += 1) await store.write(snapshot(version), 2)
    expect(await store.versions()).toEqual([15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 2])
  })

  it('orders versions by number, also beyond ten digits', async () => {
    for (const version of [9_999_999_999, 10_000_000_000, 5]) await store.write(snapshot(version), null)
    expect(await store.versions()).toEqual([10_000_000_000, 9_999_999_999, 5])
  })

  it('leaves no temporary file, and files are readable by the owner only', async () => {
    await store.write(snapshot(1), null)
    await store.writeState(state)
    expect(readdirSync(directory).toSorted()).toEqual(['0000000001.snapshot', 'state.json'])
    expect(statSync(join(directory, '0000000001.snapshot')).mode & 0o777).toBe(0o600)
    expect(statSync(directory).mode & 0o777).toBe(0o700)
  })

  it('reads damaged state and orders as missing', async () => {
    await store.writeState(state)
    writeFileSync(join(directory, 'state.json'), '{"version": 3, "confi')
    writeFileSync(join(directory, 'orders.json'), '')
    expect(await store.readState()).toBeNull()
    expect(await store.readOrders()).toEqual({ pinned: null, accept: 0, refresh: 0 })
  })

  it('reports why a version cannot be read', async () => {
    await store.write(snapshot(1), null)
    writeFileSync(join(directory, '0000000001.snapshot'), 'nonsense')
    expect(await store.read(1)).toEqual({ kind: 'bad', cause: 'it is not a snapshot file of this version' })
    expect(await store.versions()).toEqual([1])
  })

  it('rejects if writing fails', async () => {
    writeFileSync(join(folder, 'directory'), 'a file where the folder should be')
    await expect(store.write(snapshot(1), null)).rejects.toThrow(/ENOTDIR|EEXIST/)
  })
})
