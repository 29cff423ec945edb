// An administrator works as root on a node that runs as another user: the node keeps running, sees what the commands write, and every file in
// its data directory stays its own.

import { chmodSync, chownSync, lstatSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runWaypost } from '../lib/run-waypost.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

/** The user of the service; it has no passwd entry, as in containers. */
const SERVICE = 48_925

describe.skipIf(process.getuid?.() !== 0)('root beside a node of another user', () => {
  let world: World
  let node: WholeNode
  let file: string

  const waypost = (command: string, ...args: string[]) =>
    runWaypost([...command.split(' '), '-c', node.config, ...args])
  const people = (statements: string) => {
    const database = new Database(file)
    database.exec(statements)
    database.close()
  }
  const foreign = () =>
    readdirSync(node.data, { recursive: true, withFileTypes: true })
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => lstatSync(path).uid !== SERVICE)

  beforeAll(async () => {
    world = await startWorld()
    await world.destination('far.example')
    file = join(world.folder, 'people.db')
    people(`CREATE TABLE people (name TEXT PRIMARY KEY, goes_to TEXT);
      INSERT INTO people VALUES ('kim', 'kim@far.example'), ('lee', 'lee@far.example'), ('robin', 'robin@far.example');`)
    const sql = {
      name: 'people',
      engine: 'sqlite',
      file,
      users: 'SELECT name FROM people',
      forwards: 'SELECT name AS address, goes_to AS target FROM people',
      refresh: '1s',
    }
    node = await world.node({ role: 'srs', start: false, yaml: { mail: [], directory: { sql } } })
    for (const folder of [world.folder, dirname(node.config)]) chmodSync(folder, 0o755)
    chmodSync(join(world.folder, 'dkim'), 0o755)
    chownSync(join(world.folder, 'dkim'), SERVICE, SERVICE)
    for (const entry of readdirSync(join(world.folder, 'dkim'), { recursive: true, encoding: 'utf8' }))
      chownSync(join(world.folder, 'dkim', entry), SERVICE, SERVICE)
    for (const secret of [join(world.folder, 'srs.secret'), join(dirname(node.config), 'node.key')])
      chownSync(secret, SERVICE, SERVICE)
    chownSync(node.data, SERVICE, SERVICE)
    chmodSync(node.data, 0o700)
    await node.start()
  })
  afterAll(() => world.close())

  it('starts as the owner of its data directory', async () => {
    expect(statSync(`/proc/${node.pid}`).uid).toBe(SERVICE)
    expect((await node.send({ to: ['kim@example.org'] })).reply).toMatch(/^250/)
    await node.emptied()
  })

  it('is reloaded, and asked, by root', async () => {
    expect(await waypost('reload')).toMatchObject({ status: 0, stdout: expect.stringMatching(/^reloaded /) })
    expect(await waypost('queue hold', '--all')).toMatchObject({ status: 1 })
    expect(await waypost('queue suspend', 'mx:far.example')).toMatchObject({ status: 0 })
    expect(await waypost('queue resume', 'mx:far.example')).toMatchObject({ status: 0 })
    expect(await waypost('check', '--offline')).toMatchObject({ status: 0 })
    expect(foreign()).toEqual([])
  })

  it('reads the orders that root gives', async () => {
    people("DELETE FROM people WHERE name != 'kim'")
    await until(() => node.log().some((line) => line.includes('shrank')), { what: 'the shrunk answer to be refused' })
    expect(await waypost('directory accept')).toMatchObject({ status: 0 })
    await until(async () => (await waypost('directory status')).status === 0, { what: 'the order to be executed' })
    expect(foreign()).toEqual([])
  })

  it('leaves a data directory that the service can start with', async () => {
    await node.stop()
    expect(await waypost('queue backup', join(world.folder, 'backup'))).toMatchObject({ status: 0 })
    expect(await waypost('queue restore', join(world.folder, 'backup'))).toMatchObject({ status: 0 })
    expect(foreign()).toEqual([])
    await node.start()
    expect((await node.send({ to: ['kim@example.org'] })).reply).toMatch(/^250/)
  })
})
