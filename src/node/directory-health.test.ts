import { describe, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import type { CachedSource } from '../directory/live-source.ts'
import type { Mirror, MirrorStatus } from '../directory/snapshots/mirror.ts'
import { NO_STATE } from '../directory/snapshots/snapshot-store.ts'
import { directoryGauges, directoryHealth } from './directory-health.ts'

const clock = createFakeClock()
const well: MirrorStatus = {
  version: 3,
  confirmedAt: clock.now() - 30_000,
  failure: null,
  failures: 0,
  failingSince: null,
  acceptedOrder: 0,
  pinned: null,
  counts: { users: 2, passwords: 1, aliases: 0, forwards: 2 },
  incomplete: null,
}

const mirror = (status: Partial<MirrorStatus>, name = 'ldap') =>
  ({ name, status: () => ({ ...well, ...status }) }) as unknown as Mirror
const live = (failure: string | null, since: number | null = null) =>
  ({ failure: () => failure, failingSince: () => since }) as unknown as CachedSource
const files = (doubt: string | null = null) => ({
  doubt: () => doubt,
  status: () => ({ ...NO_STATE, failures: doubt === null ? 0 : 1 }),
})
const health = (mirrors: readonly Mirror[], lives: readonly CachedSource[] = [], doubt: string | null = null) =>
  directoryHealth(() => ({ mirrors, live: lives, files: files(doubt) })).check()
const gauge = async (name: string, mirrors: readonly Mirror[]) =>
  await directoryGauges(() => ({ mirrors, live: [], files: files() }), clock)
    .find((one) => one.name === name)
    ?.read()

describe('health of the directory', () => {
  it('is ok without sources, and with healthy sources', () => {
    expect(health([])).toEqual({ kind: 'ok' })
    expect(health([mirror({})], [live(null)])).toEqual({ kind: 'ok' })
  })

  it('is degraded while a snapshot is incomplete or a live source is unavailable', () => {
    expect(health([mirror({}), mirror({ incomplete: 'sql:crm: shrank' })])).toEqual({
      kind: 'degraded',
      reason: 'sql:crm: shrank',
    })
    expect(health([], [live('ldap: down')])).toEqual({ kind: 'degraded', reason: 'ldap: down' })
    expect(health([mirror({})], [], 'files: shrank')).toEqual({ kind: 'degraded', reason: 'files: shrank' })
  })

  it('says since when each source fails', () => {
    const [one, two] = [Date.UTC(2026, 10, 29, 1), Date.UTC(2026, 10, 29, 2)]
    const mirrors = [mirror({ incomplete: 'sql:crm: shrank', failingSince: one })]
    expect(health(mirrors, [live('ldap: down', two)])).toEqual({
      kind: 'degraded',
      reason:
        'sql:crm: shrank, failing since 2026-11-29T01:00:00.000Z; ldap: down, failing since 2026-11-29T02:00:00.000Z',
    })
  })

  it('is failing if a source has no snapshot at all', () => {
    const nothing = { version: null, incomplete: 'ldap: wrong credentials', failingSince: 0 }
    expect(health([mirror({ incomplete: 'x' }), mirror(nothing)])).toEqual({
      kind: 'failing',
      reason: 'ldap: wrong credentials: there is no snapshot, failing since 1970-01-01T00:00:00.000Z',
    })
  })
})

describe('metrics of the directory', () => {
  it('are the age, the failed refreshes and the entries of each source', async () => {
    const mirrors = [mirror({ failures: 2 }), mirror({ confirmedAt: null, counts: null }, 'sql:crm')]
    expect(await gauge('waypost_directory_snapshot_age_seconds', mirrors)).toEqual([
      { labels: { source: 'ldap' }, value: 30 },
      { labels: { source: 'sql:crm' }, value: Number.POSITIVE_INFINITY },
    ])
    expect(await gauge('waypost_directory_failed_refreshes', mirrors)).toEqual([
      { labels: { source: 'ldap' }, value: 2 },
      { labels: { source: 'sql:crm' }, value: 0 },
      { labels: { source: 'files' }, value: 0 },
    ])
    expect(await gauge('waypost_directory_entries', mirrors)).toContainEqual({
      labels: { source: 'ldap', kind: 'forwards' },
      value: 2,
    })
  })
})
