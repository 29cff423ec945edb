// The table of the greylist: every edge of its times, its bounds, restarts, damaged files, and clocks that jump.

import { closeSync, existsSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest'
import { directState } from '../../../test/lib/direct-state.ts'
import type { GreylistAttempt, GreylistRules } from '../greylist-contract.ts'
import { createNodeGreylist, type NodeGreylist } from '../greylist-store.ts'
import { openGreylistReader, peekingGreylist, removeEntries } from './greylist-access.ts'
import { KNOWN_AFTER } from './sqlite-greylist.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const NOW = Date.UTC(2026, 10, 21)
const rules: GreylistRules = { delay: 5 * MINUTE, window: DAY, allowFor: 35 * DAY }
const NETWORK = '192.0.2.0/24'

let folder: string
let path: string
let table: NodeGreylist
let refused: string[]
let changes: (string | null)[]
let aside: string[]
let clock: number

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'greylist-'))
  path = join(folder, 'greylist.db')
  refused = []
  changes = []
  aside = []
  clock = 0
  table = open()
})
afterEach(async () => {
  await table.close()
  rmSync(folder, { recursive: true, force: true })
})

function open(limits = { capacity: 1000, share: 20 }): NodeGreylist {
  const made = createNodeGreylist(
    { path, ...limits },
    {
      channel: directState(() => clock),
      refused: (limit) => refused.push(limit),
      changed: (problem) => changes.push(problem),
      setAside: ({ path: where }) => aside.push(where),
    },
  )
  void made.open(rules)
  return made
}

const attempt = (change: Partial<GreylistAttempt> = {}): GreylistAttempt => ({
  origins: [change.network ?? NETWORK],
  network: NETWORK,
  sender: 'stranger.example',
  recipients: ['kim@example.org'],
  reason: 'score',
  at: NOW,
  ...change,
})
const judge = (change: Partial<GreylistAttempt> = {}) => table.judge(attempt(change), rules)
const kinds = async (...all: Partial<GreylistAttempt>[]) => {
  const found: string[] = []
  for (const one of all) found.push((await judge(one)).kind)
  return found
}
const list = (at = NOW) => openGreylistReader(path)?.entries({}, { at, limit: 10_000 }) ?? []
/** Lets mail wait and come back. */
const bringBack = async (change: Partial<GreylistAttempt>, at = NOW) => {
  await judge({ ...change, at })
  return judge({ ...change, at: at + rules.delay })
}

describe('one message', () => {
  it('waits, comes back too early, comes back, and passes from then on', async () => {
    expect(await judge()).toEqual({ kind: 'wait', isFirst: true, until: NOW + 5 * MINUTE })
    const early = await judge({ at: NOW + 5 * MINUTE - 1 })
    expect(early).toEqual({ kind: 'wait', isFirst: false, until: NOW + 5 * MINUTE })
    expect(await judge({ at: NOW + 5 * MINUTE })).toEqual({ kind: 'came-back', after: 5 * MINUTE })
    expect(await judge({ at: NOW + 6 * MINUTE })).toEqual({ kind: 'known', since: NOW + 5 * MINUTE })
  })

  test.each([
    ['at the end of the window', DAY, 'came-back'],
    ['after the window', DAY + 1, 'wait'],
  ])('that comes back %s', async (_, after, kind) => {
    await judge()
    expect(await judge({ at: NOW + after })).toMatchObject({ kind })
  })

  it('that came back after the window waits again, and then passes', async () => {
    await judge()
    const late = NOW + 2 * DAY
    expect(await judge({ at: late })).toEqual({ kind: 'wait', isFirst: true, until: late + rules.delay })
    expect(await judge({ at: late + rules.delay })).toMatchObject({ kind: 'came-back' })
  })

  test.each([
    ['within', 35 * DAY, 'known'],
    ['after', 35 * DAY + 1, 'wait'],
  ])('passes %s the time since its last use', async (_, after, kind) => {
    await bringBack({})
    const used = NOW + 20 * DAY
    expect(await judge({ at: used })).toMatchObject({ kind: 'known' })
    expect(await judge({ at: used + after })).toMatchObject({ kind })
  })

  it('waits by itself: another sender, recipient or network is new', async () => {
    await bringBack({})
    const at = NOW + HOUR
    const network = '198.51.100.0/24'
    expect(
      await kinds({ at, sender: 'other.example' }, { at, recipients: ['lee@example.org'] }, { at, network }, { at }),
    ).toEqual(['wait', 'wait', 'wait', 'known'])
  })
})

describe('what stands for the client', () => {
  const domains = ['stranger.example']

  it('is the proven domain, from any network', async () => {
    await judge({ origins: [...domains, NETWORK] })
    const network = '2001:db8:1::/48'
    const at = NOW + rules.delay
    expect(await judge({ origins: [...domains, network], network, at })).toMatchObject({ kind: 'came-back' })
  })

  it('is also its network, under which it waited before the data', async () => {
    await judge()
    const at = NOW + rules.delay
    expect(await judge({ origins: [...domains, NETWORK], at })).toMatchObject({ kind: 'came-back' })
  })

  it('does not make another domain of the same network pass', async () => {
    await bringBack({ origins: [...domains, NETWORK] })
    const origins = ['other.example', NETWORK]
    expect(await judge({ origins, at: NOW + HOUR })).toMatchObject({ kind: 'wait' })
  })
})

describe('several recipients', () => {
  const recipients = ['a@example.org', 'b@example.org', 'c@example.org']

  it('come back in other transactions', async () => {
    await judge({ recipients })
    const at = NOW + rules.delay
    expect(
      await kinds({ recipients: ['b@example.org'], at }, { recipients: ['a@example.org', 'd@example.org'], at }),
    ).toEqual(['came-back', 'came-back'])
  })

  it('get ten entries at most', async () => {
    const many = Array.from({ length: 100 }, (_, n) => `r${n}@example.org`)
    await judge({ recipients: many })
    expect(table.size).toBe(10)
    expect(await judge({ recipients: many, at: NOW + rules.delay })).toMatchObject({ kind: 'came-back' })
  })
})

describe('an origin whose mail came back again and again', () => {
  const from = (n: number) => ({ sender: `s${n}.example` })

  it('is known: one entry for all of its mail, which expires without use', async () => {
    for (let n = 1; n < KNOWN_AFTER; n++) await bringBack(from(n), NOW + n * HOUR)
    expect(await judge({ ...from(98), at: NOW + 9 * HOUR })).toMatchObject({ kind: 'wait' })
    await bringBack(from(KNOWN_AFTER), NOW + 10 * HOUR)
    const at = NOW + 11 * HOUR
    expect(await judge({ ...from(99), at })).toMatchObject({ kind: 'known' })
    expect(await list(at)).toMatchObject([
      { sender: 's98.example', state: 'due' },
      { origin: NETWORK, sender: null, recipient: null, state: 'allowed' },
    ])
    expect(await judge({ ...from(99), at: at + 36 * DAY })).toMatchObject({ kind: 'wait' })
  })

  it('is not known by one message to many recipients', async () => {
    await bringBack({ recipients: Array.from({ length: 10 }, (_, n) => `r${n}@example.org`) })
    expect(await judge({ sender: 'new.example', at: NOW + HOUR })).toMatchObject({ kind: 'wait' })
  })
})

describe('a network that has its share', () => {
  const flood = async (count: number) => {
    for (let n = 0; n < count; n++) await judge({ sender: `flood${n}.example` })
  }

  it('waits as one, once; its entries from before stay, and other networks have theirs', async () => {
    await judge()
    await flood(1000)
    expect(table.size).toBe(21)
    expect(refused.length).toBe(1)
    const at = NOW + rules.delay
    expect(await judge({ at })).toMatchObject({ kind: 'came-back' })
    expect(await judge({ sender: 'honest.example', at })).toMatchObject({ kind: 'came-back' })
    expect(await judge({ sender: 'another.example', at })).toMatchObject({ kind: 'known' })
    expect(await judge({ network: '198.51.100.0/24', at })).toMatchObject({ kind: 'wait', isFirst: true })
  })
})

describe('a full table', () => {
  const from = (n: number) => ({ network: `10.0.${n}.0/24` })

  beforeEach(async () => {
    await table.close()
    table = open({ capacity: 100, share: 20 })
  })

  it('lets mail pass while all entries wait for less than six hours', async () => {
    for (let n = 0; n < 100; n++) await judge(from(n))
    expect(await judge({ at: NOW + HOUR })).toEqual({ kind: 'full' })
    expect(refused).toEqual(['capacity'])
    expect(await judge({ ...from(50), at: NOW + HOUR })).toMatchObject({ kind: 'came-back' })
  })

  it('gives up those that have waited longest, never those that came back', async () => {
    for (let n = 0; n < 50; n++) await bringBack(from(n))
    for (let n = 50; n < 100; n++) await judge(from(n))
    expect(await judge({ at: NOW + 7 * HOUR })).toMatchObject({ kind: 'wait' })
    const states = (await list(NOW + 7 * HOUR)).map(({ state }) => state)
    expect(states.filter((state) => state === 'allowed')).toHaveLength(50)
    expect(table.size).toBeLessThanOrEqual(100)
  })

  it('keeps a fifth for mail that waits: of what came back, the newest stay', async () => {
    for (let n = 0; n < 95; n++) await bringBack(from(n), NOW + n * MINUTE)
    const at = NOW + 3 * HOUR
    const states = (await list(at)).map(({ state }) => state)
    expect(states.filter((state) => state === 'allowed').length).toBeLessThanOrEqual(80)
    expect(await judge({ ...from(94), at })).toMatchObject({ kind: 'known' })
    expect(await judge({ at })).toMatchObject({ kind: 'wait' })
  })
})

describe('a clock that jumps', () => {
  it('back does not make the wait longer than the delay', async () => {
    await judge()
    const back = NOW - 30 * DAY
    expect(await judge({ at: back })).toEqual({ kind: 'wait', isFirst: false, until: back + rules.delay })
    expect(await judge({ at: back + rules.delay })).toMatchObject({ kind: 'came-back' })
  })

  it('back keeps what came back, until its time has passed on the new clock', async () => {
    await bringBack({})
    const back = NOW - 300 * DAY
    expect(await judge({ at: back })).toMatchObject({ kind: 'known' })
    expect(await judge({ at: back + 36 * DAY })).toMatchObject({ kind: 'wait' })
  })

  it('forward makes mail wait once more', async () => {
    await bringBack({})
    const far = NOW + 1000 * DAY
    expect(await kinds({ at: far }, { at: far + rules.delay })).toEqual(['wait', 'came-back'])
  })
})

describe('the file', () => {
  it('keeps the times over a restart, readable by its owner only', async () => {
    await judge()
    await table.close()
    table = open()
    expect(await judge({ at: NOW + MINUTE })).toMatchObject({ kind: 'wait', isFirst: false })
    expect(await judge({ at: NOW + rules.delay })).toEqual({ kind: 'came-back', after: rules.delay })
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it('that is damaged at the start is set aside', async () => {
    await table.close()
    rmSync(`${path}-wal`, { force: true })
    writeFileSync(path, 'no database'.repeat(1000))
    table = open()
    expect(aside).toEqual([`${path}.damaged`])
    expect(existsSync(`${path}.damaged`)).toBe(true)
    expect(await judge()).toMatchObject({ kind: 'wait' })
  })

  it('that is damaged while it is open lets mail pass, and is set aside', async () => {
    for (let n = 0; n < 500; n++) await judge({ network: `10.0.${n & 255}.0/24`, sender: `s${n}.example` })
    await table.close()
    table = open()
    // Another writer makes the table read the file again.
    removeEntries(path, { sender: 's499.example' }, NOW)
    const pages = statSync(path).size
    const file = openSync(path, 'r+')
    writeSync(file, Buffer.alloc(pages - 4096, 'x'), 0, pages - 4096, 4096)
    closeSync(file)
    const found = await kinds(
      ...Array.from({ length: 20 }, (_, n) => ({ network: `10.0.${n}.0/24`, sender: `s${n}.example` })),
    )
    expect(found[0]).toBe('unavailable')
    expect(found.at(-1)).toBe('wait')
    expect(aside).toHaveLength(1)
    expect(changes).toEqual([expect.any(String), null])
  })

  it('that cannot be opened lets mail pass, and is tried again after a minute', async () => {
    await table.close()
    const real = path
    path = join(folder, 'missing', 'greylist.db')
    table = open()
    expect(await judge()).toMatchObject({ kind: 'unavailable', cause: expect.stringContaining('ENOENT') })
    expect(table.problem).toContain('ENOENT')
    await table.close()
    path = real
    clock += MINUTE
    table = open()
    expect(await judge()).toMatchObject({ kind: 'wait' })
  })

  it('of a newer version is not used and not removed', async () => {
    await table.close()
    const { default: Database } = await import('better-sqlite3')
    const db = new Database(path)
    db.pragma('user_version = 99')
    db.close()
    table = open()
    expect(await judge()).toMatchObject({ kind: 'unavailable', cause: expect.stringContaining('newer version') })
    expect(aside).toEqual([])
  })
})

describe('old entries', () => {
  it('are removed, and counted as not come back', async () => {
    await bringBack({ sender: 'back.example' })
    await judge({ sender: 'lost.example', reason: 'unproven' })
    expect(await table.purge(rules, NOW + DAY + 1)).toBe(1)
    expect(await table.purge(rules, NOW + 36 * DAY)).toBe(0)
    expect(table.size).toBe(0)
  })

  it('are counted by reason, also while they are still in the table', async () => {
    await bringBack({ sender: 'back.example' })
    await judge({ sender: 'lost.example', reason: 'unproven' })
    const results = () => openGreylistReader(path)?.results({ since: NOW, at: NOW + DAY + 1 })
    const expected = [
      { reason: 'score', greylisted: 1, cameBack: 1, lost: 0, evicted: 0 },
      { reason: 'unproven', greylisted: 1, cameBack: 0, lost: 1, evicted: 0 },
    ]
    expect(await results()).toEqual(expected)
    await table.purge(rules, NOW + DAY + 1)
    expect(await results()).toEqual(expected)
  })
})

describe('for commands', () => {
  it('lists by network, sender or proven domain, recipient and state', async () => {
    await judge()
    await bringBack({ sender: 'back.example', origins: ['proven.example', NETWORK] })
    const reader = openGreylistReader(path)
    const found = async (filter: object) =>
      (await reader?.entries(filter, { at: NOW + HOUR, limit: 10 }))?.map(({ sender }) => sender)
    expect(await found({ network: NETWORK })).toEqual(['stranger.example', 'back.example'].toSorted().toReversed())
    expect(await found({ sender: 'proven.example' })).toEqual(['back.example'])
    expect(await found({ sender: 'stranger.example' })).toEqual(['stranger.example'])
    expect(await found({ recipient: 'lee@example.org' })).toEqual([])
    expect(await found({ state: 'due' })).toEqual(['stranger.example'])
    reader?.close()
  })

  it('removes beside the open table, which counts again', async () => {
    for (let n = 0; n < 10; n++) await judge({ sender: `s${n}.example` })
    expect(removeEntries(path, { sender: 's3.example' }, NOW)).toBe(1)
    await table.open(rules)
    expect(table.size).toBe(9)
    expect(await judge({ sender: 's3.example', at: NOW + HOUR })).toMatchObject({ kind: 'wait', isFirst: true })
    expect(removeEntries(path, {}, NOW)).toBe(10)
    expect(removeEntries(join(folder, 'none.db'), {}, NOW)).toBe(0)
  })

  it('judges without a trace', async () => {
    const peek = peekingGreylist(path)
    expect(await peek.judge(attempt(), rules)).toMatchObject({ kind: 'wait', isFirst: true })
    expect(table.size).toBe(0)
    await judge()
    expect(await peek.judge(attempt({ at: NOW + rules.delay }), rules)).toMatchObject({ kind: 'came-back' })
    expect(await judge({ at: NOW + rules.delay })).toMatchObject({ kind: 'came-back' })
    expect(await peekingGreylist(join(folder, 'none.db')).judge(attempt(), rules)).toMatchObject({ kind: 'wait' })
  })
})
