// What a reload does to running sources: the same settings ask again, others replace them, and a refused reload leaves all as it was.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { until } from '../../test/lib/until.ts'
import type { Config } from '../config/config.ts'
import { loadConfig } from '../config/load-config.ts'
import { systemClock } from '../lib/clock.ts'
import type { Log } from '../observe/json-log.ts'
import { restSources } from '../wiring/directory-sources.ts'
import { holdSources } from './source-holder.ts'
import type { SourceHolder } from './source-holder.ts'

let folder: string
let holder: SourceHolder | null
let said: string[]

const note = (_fields: unknown, message: string) => void said.push(message)
const log = { debug: note, info: note, warn: note, error: note, bug: note, event: () => undefined } as unknown as Log

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
  it('are none where none are configured', async () => {
    const { list, mirrors, live } = (await hold(null)).current()
    expect([list, mirrors, live]).toEqual([[], [], []])
  })

  it('have read before the node goes on, and tell of hashes that nobody can check', async () => {
    expect(users((await hold('one.db')).current().passwords())).toEqual(['kim', 'lee'])
    expect(said).toEqual(['directory snapshot in use', 'passwords in a form that cannot be checked'])
  })

  it('with the same settings are asked again by a reload', async () => {
    const held = await hold('one.db')
    const before = held.current()
    people('one.db', ['kim', 'lee', 'new'])
    await held.refresh(configure('one.db'))
    expect(users(held.set.passwords())).toEqual(['kim', 'lee', 'new'])
    await held.adopt(configure('one.db'))
    expect(held.current()).toBe(before)
  })

  it('with other settings stay until the configuration is in force, and are replaced then', async () => {
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

  it('show a command the same as the node', async () => {
    const held = await hold('one.db')
    const rested = await restSources(configure('one.db'), systemClock)
    expect(users(rested.passwords())).toEqual(users(held.current().passwords()))
    expect(rested.troubles).toEqual([])
  })

  it('that were never there are told to a command', async () => {
    const rested = await restSources(configure('absent.db'), systemClock)
    expect(rested.troubles).toEqual([expect.stringMatching(/^sql:sql: /)])
  })
})
