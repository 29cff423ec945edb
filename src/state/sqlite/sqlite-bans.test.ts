// The table of bans: times, doubling, networks of any size, news, bounds, restarts and files that cannot be used.

import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { directState } from '../../../test/lib/direct-state.ts'
import type { BanOrder, BanSubject } from '../ban-contract.ts'
import { createNodeBans, type NodeBans } from '../ban-store.ts'
import { endBan, openBanReader, orderBan } from './ban-access.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const NOW = Date.UTC(2026, 10, 21)
const rules = { duration: HOUR, longest: 4 * HOUR, account: 15 * MINUTE }
const ADDRESS = { kind: 'address', value: '192.0.2.7' } as const

let folder: string
let path: string
let bans: NodeBans
let refused: number
let aside: string[]
let problems: (string | null)[]
let clock: number

function open(capacity = 100): NodeBans {
  const made = createNodeBans(
    { path, capacity },
    {
      channel: directState(() => clock),
      refused: () => refused++,
      changed: (problem) => problems.push(problem),
      setAside: (file) => aside.push(file.path),
    },
  )
  void made.counts()
  return made
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bans-'))
  path = join(folder, 'bans.db')
  ;[refused, aside, problems, clock] = [0, [], [], 0]
  bans = open()
})
afterEach(async () => {
  await bans.close()
  rmSync(folder, { recursive: true, force: true })
})

const add = (subject: BanSubject = ADDRESS, at = NOW) =>
  bans.add({ ...subject, at, reason: 'failed logins', evidence: '20 failed logins' } satisfies BanOrder, rules)
const order = (subject: BanSubject, change = {}) =>
  orderBan(path, { ...subject, at: NOW, until: NOW + DAY, by: 'kim', reason: 'abuse', ...change })
async function standing(ip: string, at = NOW): Promise<string[]> {
  const answer = await bans.find({ ip }, at)
  return answer.kind === 'known' ? answer.bans.map(({ value }) => value) : [answer.cause]
}

describe('a ban of the node', () => {
  it('stands for its time, also over a restart', async () => {
    expect(await add()).toBe('added')
    expect(await add()).toBe('stands')
    await bans.close()
    bans = open()
    expect(await standing('192.0.2.7', NOW + HOUR - 1)).toEqual(['192.0.2.7'])
    expect(await standing('192.0.2.8')).toEqual([])
    expect(await standing('192.0.2.7', NOW + HOUR)).toEqual([])
  })

  it('is twice as long if it follows within a week, up to the longest', async () => {
    let at = NOW
    const hours: number[] = []
    for (let turn = 0; turn < 4; turn++) {
      await add(ADDRESS, at)
      const [ban] = await bans.standing(at, 1)
      hours.push(((ban?.until ?? 0) - at) / HOUR)
      at = (ban?.until ?? 0) + DAY
    }
    expect(hours).toEqual([1, 2, 4, 4])
    await add(ADDRESS, at + 8 * DAY)
    expect(await bans.standing(at + 8 * DAY, 1)).toMatchObject([{ times: 1, until: at + 8 * DAY + HOUR }])
  })

  it('of an account is always short', async () => {
    const kim = { kind: 'account', value: 'kim' } as const
    await add(kim)
    await add(kim, NOW + HOUR)
    expect(await bans.standing(NOW + HOUR, 1)).toMatchObject([{ until: NOW + HOUR + 15 * MINUTE, times: 2 }])
    expect(await bans.find({ accounts: ['lee', 'kim'] }, NOW + HOUR)).toMatchObject({ bans: [{ value: 'kim' }] })
  })

  it('concerns every client of an IPv4 /24 or an IPv6 /48', async () => {
    await add({ kind: 'network', value: '192.0.2.0/24' })
    await add({ kind: 'network', value: '2001:db8:1::/48' })
    await add({ kind: 'address', value: '2001:db8:2:3::/64' })
    expect(await standing('::ffff:192.0.2.99')).toEqual(['192.0.2.0/24'])
    expect(await standing('2001:db8:1:ff::1')).toEqual(['2001:db8:1::/48'])
    expect(await standing('2001:db8:2:3:4::5')).toEqual(['2001:db8:2:3::/64'])
  })

  it('finds no place in a full table of bans that stand; one that has ended gives way', async () => {
    await bans.close()
    bans = open(2)
    expect([
      await add(),
      await add({ ...ADDRESS, value: '192.0.2.8' }),
      await add({ ...ADDRESS, value: '192.0.2.9' }),
    ]).toEqual(['added', 'added', 'full'])
    expect(refused).toBe(1)
    await bans.reported(await bans.news())
    expect(await add({ ...ADDRESS, value: '192.0.2.9' }, NOW + 2 * HOUR)).toBe('added')
  })
})

describe('an operator', () => {
  it('bans networks of any size beside the running node', async () => {
    order({ kind: 'network', value: '198.51.0.0/16' })
    expect(await standing('198.51.7.7')).toEqual(['198.51.0.0/16'])
    expect(await standing('198.52.7.7')).toEqual([])
  })

  it('replaces a ban, and ends one, which then counts for nothing', async () => {
    await add()
    expect(order(ADDRESS)).toMatchObject({ by: 'kim', until: NOW + DAY })
    expect(endBan(path, ADDRESS, { at: NOW + 1, name: 'kim', reason: 'a mistake' })).toMatchObject(ADDRESS)
    expect(endBan(path, ADDRESS, { at: NOW + 1, name: 'kim', reason: '' })).toBeNull()
    expect(await standing('192.0.2.7', NOW + 1)).toEqual([])
    await add(ADDRESS, NOW + 2)
    expect(await bans.standing(NOW + 2, 1)).toMatchObject([{ times: 1 }])
  })

  it('is never taken for the node', () => {
    expect(order(ADDRESS, { by: 'node' })).toMatchObject({ by: 'operator node' })
  })

  it('lists those that stand, or all', async () => {
    await add()
    order({ kind: 'account', value: 'kim' })
    const reader = openBanReader(path)
    const values = async (all: boolean, at: number) =>
      (await reader?.list({ at, all, limit: 10 }))?.map(({ value }) => value)
    expect(await values(false, NOW + 2 * HOUR)).toEqual(['kim'])
    expect(await values(true, NOW + 2 * HOUR)).toEqual(['kim', '192.0.2.7'])
    reader?.close()
    expect(openBanReader(join(folder, 'none.db'))).toBeNull()
    expect(endBan(join(folder, 'none.db'), ADDRESS, { at: NOW, name: 'kim', reason: '' })).toBeNull()
  })
})

describe('news', () => {
  it('have each ban and each end until it is reported, also of commands', async () => {
    await add()
    order({ kind: 'account', value: 'kim' }, { at: NOW + 1 })
    const news = await bans.news()
    expect(news.map(({ ban, ended }) => [ban.value, ban.by, ended])).toEqual([
      ['192.0.2.7', 'node', null],
      ['kim', 'kim', null],
    ])
    // An answer that is lost comes again.
    expect(await bans.news()).toEqual(news)
    await bans.reported(news)
    expect(await bans.news()).toEqual([])
    endBan(path, ADDRESS, { at: NOW + 1, name: 'kim', reason: 'a mistake' })
    // What was reported is the ban, and not its end.
    await bans.reported(news)
    expect(await bans.news()).toMatchObject([{ ban: ADDRESS, ended: { by: 'kim', reason: 'a mistake' } }])
  })

  it('wait for the next start of a stopped node', async () => {
    await bans.close()
    order(ADDRESS)
    bans = open()
    expect(await bans.news()).toMatchObject([{ ban: ADDRESS, ended: null }])
  })
})

it('counts of failures outlive a restart; the end of a ban drops those of its subject', async () => {
  const count = { rate: 'failedLoginsOfClient', key: '192.0.2.7', value: 12.5 }
  await bans.saveCounts([count, { ...count, key: '192.0.2.8' }], NOW)
  endBan(path, ADDRESS, { at: NOW, name: 'kim', reason: '' })
  await bans.close()
  bans = open()
  expect(await bans.counts()).toEqual([{ ...count, key: '192.0.2.8', at: NOW }])
  await bans.saveCounts([], NOW)
  expect(await bans.counts()).toEqual([])
})

describe('the file', () => {
  it('is only for the node', () => {
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it('that is damaged is set aside', async () => {
    await bans.close()
    writeFileSync(path, 'no database at all, but long enough to be read as one'.repeat(50))
    bans = open()
    expect(aside).toEqual([`${path}.damaged`])
    expect(await add()).toBe('added')
  })

  it('that cannot be opened says so, and is tried again after a minute', async () => {
    await bans.close()
    const real = path
    path = join(folder, 'missing', 'bans.db')
    bans = open()
    expect(await bans.find({ ip: '192.0.2.7' }, NOW)).toMatchObject({ kind: 'unavailable' })
    expect(await add()).toBe('unavailable')
    expect(problems).toEqual([expect.stringContaining('ENOENT')])
    path = real
  })
})
