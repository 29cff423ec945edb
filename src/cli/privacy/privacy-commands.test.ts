// Export and erase of one person, of a stopped node: every store has the person and another one, and the octets of the files are searched.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import SqliteDatabase, { type Database } from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { captureIo } from '../../../test/lib/captured-io.ts'
import { deferred, delivered, sampleMessage, sampleRecipient } from '../../../test/lib/queue-samples.ts'
import { openKnownClients } from '../../auth/known-clients.ts'
import { openLastUses } from '../../auth/last-uses.ts'
import { openLoginHistory } from '../../auth/login-history.ts'
import { systemClock } from '../../lib/clock.ts'
import { systemRandom } from '../../lib/random.ts'
import { createDailyKey } from '../../privacy/daily-key.ts'
import { queueSettings } from '../../queue/contract/queue-settings.ts'
import { openQueue } from '../../queue/sqlite/open-queue.ts'
import { reportFormat } from '../../reports/store/report-format.ts'
import { openTokenDatabase } from '../../route/srs/token-database.ts'
import { accountTable } from '../../state/sqlite/account-table.ts'
import { banFormat } from '../../state/sqlite/ban-rows.ts'
import { sqliteBans } from '../../state/sqlite/sqlite-bans.ts'
import { greylistFormat } from '../../state/sqlite/greylist-rows.ts'
import { hookFormat } from '../../state/sqlite/sqlite-hooks.ts'
import { openStateFile, type StateFormat } from '../../state/sqlite/state-file.ts'
import { accountFormat } from '../../state/sqlite/usage-rows.ts'
import { privacyErase } from './privacy-erase.ts'
import { privacyExport } from './privacy-export.ts'

const KIM = 'kim.uncommon@example.org'
const USER = 'kim.uncommon'
const NOW = Date.now()
const DAY = 86_400_000
let folder: string
let data: string

const write = (name: string, format: StateFormat, use: (db: Database) => void) => {
  const { db } = openStateFile(join(data, name), format)
  use(db)
  db.close()
}

async function fillQueue(): Promise<void> {
  const settings = { ...queueSettings(join(data, 'queue')), reserveBytes: 0 }
  const queue = await openQueue(settings, { clock: systemClock, randomBytes: systemRandom })
  for (const [recipient, outcome] of [
    [KIM, delivered()],
    ['joe@far.example', delivered()],
    [KIM, deferred()],
  ] as const) {
    const message = sampleMessage({
      arrivedAt: NOW,
      sender: 'ann@far.example',
      recipients: [sampleRecipient({ address: recipient })],
    })
    for (const { message: stored, nextHop, recipients } of await queue.accept(message, { claim: true }))
      await queue.settle({
        queueId: stored.queueId,
        nextHop,
        outcomes: recipients.map(({ recipientId }) => ({ recipientId, outcome })),
      })
  }
  await queue.close()
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'privacy-'))
  data = join(folder, 'data')
  await mkdir(join(data, 'queue'), { recursive: true })
  writeFileSync(join(folder, 'node.yaml'), `data: data\ndomain: example.org\n`)
  await fillQueue()
  write('accounts.db', accountFormat, (db) => {
    const accounts = accountTable(db)
    for (const account of [`user:${USER}`, 'user:joe'] as const) {
      accounts.failed([account], NOW)
      accounts.sent({ queueId: `Q${account}`, account, at: NOW })
    }
    accounts.hold({ account: 'user:joe', at: NOW, by: 'node', reason: 'r', evidence: 'e' } as never)
  })
  write('bans.db', banFormat, (db) => {
    const bans = sqliteBans(db, { capacity: 10 })
    const order = { at: NOW - 2 * DAY, by: 'root', reason: `guesses for ${KIM}` } as const
    bans.order({ ...order, kind: 'account', value: USER, until: NOW - DAY })
    bans.order({ ...order, kind: 'address', value: '192.0.2.1', until: NOW + DAY, reason: '' })
    bans.saveCounts([{ rate: 'logins', key: USER, value: 3 } as never], NOW)
  })
  write('greylist.db', greylistFormat, (db) => {
    const insert = db.prepare('INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
    for (const recipient of [KIM, 'joe@example.org'])
      insert.run('far.example', 'ann@far.example', recipient, '192.0.2.0/24', 'spf', NOW, null, NOW)
  })
  write('webhooks.db', hookFormat, (db) =>
    db
      .prepare('INSERT INTO hooks (target, key, at, body) VALUES (?, ?, ?, ?)')
      .run('ops', 'k', NOW, JSON.stringify({ text: `put user:${USER} on hold`, event: { user: USER } })),
  )
  write('reports.db', reportFormat, (db) =>
    db
      .prepare(
        "INSERT INTO complaints (queue_id, received_at, proven, feedback_type, incidents, account, hops) VALUES ('C1', ?, '', 'abuse', 1, ?, '[]')",
      )
      .run(NOW, `user:${USER}`),
  )
  const path = join(data, 'srs-tokens.db')
  const tokens = await openTokenDatabase({ path, earlierPath: `${path}.old`, maxAgeDays: 7, capacity: 10 }, NOW)
  await tokens.keep('t1', KIM, NOW)
  await tokens.close()
  const known = await openKnownClients(join(data, 'known-clients'), systemClock)
  const history = await openLoginHistory(join(data, 'login-history'), systemClock)
  const uses = await openLastUses(join(data, 'app-passwords-used'), systemClock)
  for (const user of [USER, 'joe']) {
    known.add(user, '192.0.2.1')
    history.succeeded(user, { ip: '192.0.2.1', listener: 'submission', way: 'password', client: '' })
    uses.note(user, 'phone', '192.0.2.1')
  }
  await Promise.all([known.save(), history.save(), uses.save()])
})
afterEach(() => rmSync(folder, { recursive: true }))

const place = () => ({ config: join(folder, 'node.yaml'), name: KIM, now: NOW })

async function exported(name = KIM) {
  const io = captureIo()
  const code = await privacyExport({ ...place(), name }, io)
  return {
    code,
    err: io.err(),
    found: JSON.parse(io.out() || 'null') as {
      readonly databases: readonly { file: string; tables: readonly { table: string; rows: readonly object[] }[] }[]
      readonly logins: readonly { file: string; text: string }[]
      readonly configuration: readonly { file: string }[]
      readonly hashes: readonly string[] | null
    } | null,
  }
}

async function erase(options: Partial<Parameters<typeof privacyErase>[0]> = {}) {
  const io = captureIo()
  const code = await privacyErase({ ...place(), yes: true, by: 'root', reason: `asked by ${KIM}`, ...options }, io)
  return { code, out: io.out(), err: io.err() }
}

const tablesOf = (found: Awaited<ReturnType<typeof exported>>['found']) =>
  found?.databases.flatMap(({ file, tables }) => tables.map(({ table, rows }) => `${file} ${table} ${rows.length}`))
const filesWith = (text: string) =>
  readdirSync(data, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && readFileSync(join(entry.parentPath, entry.name)).includes(text))
    .map(({ name }) => name)
    .toSorted()

describe('waypost privacy export', () => {
  it('prints every store, of the address as of the user, and nothing of another person', async () => {
    const { code, found } = await exported()
    expect(code).toBe(0)
    expect(tablesOf(found)).toEqual([
      'queue/queue.db recipients 1',
      'queue/queue.db ledger 4',
      'accounts.db counts 4',
      'accounts.db sent_mail 1',
      'bans.db bans 1',
      'bans.db counts 1',
      'greylist.db entries 1',
      'webhooks.db hooks 1',
      'srs-tokens.db tokens 1',
      'reports.db complaints 1',
    ])
    expect(found?.logins.map(({ file }) => file)).toEqual(['known-clients', 'login-history', 'app-passwords-used'])
    expect(JSON.stringify(found)).not.toContain('joe')
    expect(tablesOf((await exported(USER)).found)).toEqual(tablesOf(found))
  })

  it('prints the hashes of the log of this day', async () => {
    expect((await exported()).found?.hashes).toBeNull()
    const key = createDailyKey({ clock: systemClock, random: systemRandom, log: { warn: () => undefined } })
    await key.keepIn(join(data, 'privacy.key'))
    await key.close()
    expect((await exported()).found?.hashes).toEqual([
      expect.stringMatching(/^#[0-9a-f]{20}$/),
      expect.stringMatching(/^#[0-9a-f]{20}@example\.org$/),
    ])
  })

  it('of a stranger is exit code 1, and a text that is no name is one of usage', async () => {
    expect(await exported('nobody@example.net')).toMatchObject({ code: 1, found: { databases: [], logins: [] } })
    expect(await exported('two words')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/expected a mail address/),
    })
  })
})

describe('waypost privacy erase', () => {
  it('without --yes changes nothing and prints the plan', async () => {
    const before = filesWith(USER)
    const { code, out, err } = await erase({ yes: false })
    expect(code).toBe(1)
    expect(out).toContain('greylist.db entries: 1 row to erase')
    expect(err).toContain('nothing was erased')
    expect(filesWith(USER)).toEqual(before)
  })

  it('leaves the person in no octet, but for mail that waits and its return path; others stay', async () => {
    const { code, out, err } = await erase()
    expect({ code, err: err.replace(/.*configuration was not searched.*\n/, '') }).toEqual({ code: 1, err: '' })
    expect(out).toMatch(/stays: queue\/queue\.db recipients, 1 row \(F\w+\)\. The mail waits/)
    expect(out).toMatch(/stays: srs-tokens\.db tokens, 1 row\. A bounce may come back/)
    expect(filesWith(USER)).toEqual(['queue.db', 'srs-tokens.db'])
    expect(tablesOf((await exported()).found)).toEqual([
      'queue/queue.db recipients 1',
      'queue/queue.db ledger 2',
      'srs-tokens.db tokens 1',
    ])
    const joe = await exported('joe')
    expect(tablesOf(joe.found)).toEqual([
      'accounts.db counts 4',
      'accounts.db sent_mail 1',
      'accounts.db holds 1',
      'greylist.db entries 1',
    ])
    expect(joe.found?.logins).toHaveLength(3)
    const db = new SqliteDatabase(join(data, 'queue/queue.db'), { readonly: true })
    const last = db.prepare<[], string>('SELECT events FROM ledger ORDER BY id DESC LIMIT 1').pluck().get() ?? ''
    db.close()
    expect(JSON.parse(last)).toEqual([
      { kind: 'erased', at: NOW, queueId: null, by: 'root', reason: 'asked by (erased)', rows: expect.any(Number) },
    ])
  })

  it('twice finds nothing more, and works without a queue', async () => {
    await erase({ name: 'ann@far.example' })
    expect((await erase({ name: 'ann@far.example' })).out).not.toMatch(/\berased\b/)
    rmSync(join(data, 'queue'), { recursive: true })
    expect((await erase()).out).toContain('bans.db bans: 1 row erased')
    expect(existsSync(join(data, 'queue'))).toBe(false)
  })

  it('prints JSON', async () => {
    expect(JSON.parse((await erase({ json: true })).out)).toMatchObject({ person: KIM, isErased: true, remnants: [] })
  })
})
