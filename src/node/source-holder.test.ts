// What a reload does to running sources: it refreshes them if the settings are the same and replaces them otherwise; a rejected reload
// changes nothing.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { until } from '../../test/lib/until.ts'
import type { Config } from '../config/config.ts'
import { loadConfig } from '../config/load-config.ts'
import { systemClock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { openOfflineSources } from '../directory/source-set.ts'
import { sourceSettings } from '../wiring/directory-settings.ts'
import { holdSources } from './source-holder.ts'
import type { SourceHolder } from './source-holder.ts'

let folder: string
let holder: SourceHolder | null
let said: string[]

const note = (_fields: unknown, message: string) => void said.push(message)
const log = { debug: note, info: note, warn: note, error: note, bug: note } as unknown as Log

function people(file: string, names: readonly string[]): void {
  const database = new Database(join(folder, file))
  database.exec('DROP TABLE IF EXISTS people; CREATE TABLE people (name TEXT, password TEXT)')
  for (const name of names) database.prepare('INSERT INTO people VALUES (?, ?)').run(name, '{UNKNOWN}x')
  database.close()
}

function configure(file: string | null): Config {
  const sql = file === null ? '' : `directory: { sql: { engine: sqlite, file: ${file}, users: people } }\n`
  writeFileSync(
    join(folder, 'node.yaml'),
    `role: mx\nhostname: mx.example.org\ndomain: example.org\ndata: data\nmail: [mail.yaml]\npeers: { srs: [srs.example.org] }\n` +
      `srs: { domain: srs.example.org, secrets: [secret] }\n${sql}`,
  )
  const load = loadConfig(join(folder, 'node.yaml'))
  if (load.kind === 'bad') throw new Error(JSON.stringify(load.problems))
  return load.config
}

const users = (passwords: readonly ReadonlyMap<string, unknown>[]) => passwords.flatMap((one) => [...one.keys()])

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-holder-'))
  writeFileSync(join(folder, 'secret'), 'a secret only for tests\n')
  people('one.db', ['kim', 'lee'])
  people('two.db', ['robin', 'sam'])
  holder = null
  said = []
})

afterEach(async () => {
  await holder?.close()
  rmSync(folder, { recursive: true, force: true })
})

async function hold(file: string | null): Promise<SourceHolder> {
  holder = await holdSources(configure(file), { clock: systemClock, log })
  return holder
}

describe('sources of a running node', () => {
  it('do not exist if none are configured', async () => {
    const { list, mirrors, live } = (await hold(null)).current()
    expect([list, mirrors, live]).toEqual([[], [], []])
  })

  it('are read before the start continues, and the log names unsupported hashes', async () => {
    expect(users((await hold('one.db')).current().passwords())).toEqual(['kim', 'lee'])
    expect(said).toEqual([
      'directory snapshot in use',
      'users cannot log in: their password hashes have an unsupported scheme',
    ])
  })

  it('with the same settings are refreshed by a reload', async () => {
    const held = await hold('one.db')
    const before = held.current()
    people('one.db', ['kim', 'lee', 'new'])
    await held.refresh(configure('one.db'))
    expect(users(held.set.passwords())).toEqual(['kim', 'lee', 'new'])
    await held.adopt(configure('one.db'))
    expect(held.current()).toBe(before)
  })

  it('with other settings are replaced when the configuration is active', async () => {
    const held = await hold('one.db')
    const before = held.current()
    await held.refresh(configure('two.db'))
    expect(held.current()).toBe(before)
    expect(users(held.set.passwords())).toEqual(['kim', 'lee'])
    await held.adopt(configure('two.db'))
    // From the old snapshot first, as after any start; then from the new source.
    await until(() => users(held.set.passwords()).join() === 'robin,sam', { what: 'the new source to be read' })
    expect(held.set.list).toEqual(held.current().list)
    await held.adopt(configure(null))
    expect(held.set.list).toEqual([])
  })

  it('are the same for a command as for the node', async () => {
    const held = await hold('one.db')
    const rested = await openOfflineSources(sourceSettings(configure('one.db')), systemClock)
    expect(users(rested.passwords())).toEqual(users(held.current().passwords()))
    expect(rested.problems).toEqual([])
  })

  it('that cannot be read are reported to a command', async () => {
    const rested = await openOfflineSources(sourceSettings(configure('absent.db')), systemClock)
    expect(rested.problems).toEqual([expect.stringMatching(/^sql:sql: /)])
  })
})
