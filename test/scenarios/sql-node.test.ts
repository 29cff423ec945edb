// A node with its users in a database: the file disappears, returns, and loses rows.

import { renameSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { directoryStatus } from '../../src/cli/directory/directory-status.ts'
import { captureIo } from '../lib/captured-io.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

describe('a node with an SQL source', () => {
  let world: World
  let node: WholeNode
  let file: string

  const sql = (statements: string) => {
    const database = new Database(file)
    database.exec(statements)
    database.close()
  }
  const rcpt = async (name: string) => (await node.send({ to: [`${name}@example.org`] })).reply
  const becomes = (name: string, reply: RegExp) =>
    until(async () => reply.test(await rcpt(name)), {
      what: `${name} to be answered with ${reply}`,
      timeout: 15_000,
      every: 100,
    })

  beforeAll(async () => {
    world = await startWorld()
    await world.destination('far.example')
    file = join(world.folder, 'people.db')
    sql(`CREATE TABLE people (name TEXT PRIMARY KEY, goes_to TEXT);
      INSERT INTO people VALUES ('kim', 'kim@far.example'), ('lee', 'lee@far.example'), ('robin', 'robin@far.example');
      CREATE TABLE aliases (address TEXT, target TEXT);
      INSERT INTO aliases VALUES ('press', 'kim'), ('press', 'lee'), ('office', 'robin');`)
    node = await world.node({
      role: 'srs',
      yaml: {
        mail: [],
        directory: {
          sql: {
            name: 'people',
            engine: 'sqlite',
            file,
            users: 'SELECT name FROM people',
            forwards: 'SELECT name AS address, goes_to AS target FROM people',
            aliases: 'aliases',
            refresh: '1s',
          },
        },
      },
    })
  })

  afterAll(() => world.close())

  it('resolves forwards and aliases of the database', async () => {
    for (const name of ['kim', 'press', 'office', 'lee+tag']) expect(await rcpt(name)).toMatch(/^250/)
    // A peer has accepted the recipient, so an unknown one is deferred, with another reply than during an outage.
    expect(await rcpt('nobody')).toMatch(/^450 4\.1\.1/)
    await node.emptied()
    const resolved = node.ledger().filter((event) => event.kind === 'delivered')
    expect(resolved.length).toBe(5)
  })

  it('answers from its snapshot if the file is missing', async () => {
    renameSync(file, `${file}.away`)
    await becomes('nobody', /^451 4\.3\.0/)
    expect(await rcpt('press')).toMatch(/^250/)
    expect(await directoryStatus({ config: node.config }, captureIo())).toBe(1)
  })

  it('reads the file again when it has returned', async () => {
    renameSync(`${file}.away`, file)
    sql("INSERT INTO people VALUES ('new', 'new@far.example')")
    await becomes('nobody', /^450 4\.1\.1/)
    expect(await rcpt('new')).toMatch(/^250/)
  })

  it('refuses an answer that lacks half of the users', async () => {
    sql('DELETE FROM people')
    await becomes('nobody', /^451/)
    expect(await rcpt('kim')).toMatch(/^250/)
    expect(node.log().some((line) => /shrank from \d+ to \d+/.test(line))).toBe(true)
  })
})
