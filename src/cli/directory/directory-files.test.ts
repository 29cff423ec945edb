// The commands about the files of routing data, on a data directory in which a node has loaded them.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type CapturedIo, captureIo } from '../../../test/lib/captured-io.ts'
import { loadConfig } from '../../config/load-config.ts'
import { openSnapshotStore } from '../../directory/snapshots/snapshot-store.ts'
import { systemClock } from '../../lib/clock.ts'
import { loadData } from '../../node/load-data.ts'
import { openOfflineGuard } from '../../node/offline-guard.ts'
import { explain } from '../mail/explain.ts'
import { check } from '../node/check-command.ts'
import { directoryDiff } from './directory-diff.ts'
import { directoryAccept, directoryRollback } from './directory-orders.ts'
import { directoryStatus } from './directory-status.ts'

let folder: string
let config: string
let io: CapturedIo

const people = (count: number) =>
  `forwards:\n${Array.from({ length: count }, (_, n) => `  user${n}: u${n}@far.example`).join('\n')}\n`
const write = (text: string) => writeFileSync(join(folder, 'mail.yaml'), text)

/** What a node does at its start. */
async function start(): Promise<void> {
  const load = loadConfig(config)
  if (load.kind !== 'ok') throw new Error(JSON.stringify(load.problems))
  const guard = await openOfflineGuard(load.config)
  await loadData(load.config, { clock: systemClock, tokens: null, shortHashes: async () => null, guard, use: 'start' })
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-files-'))
  config = join(folder, 'node.yaml')
  writeFileSync(join(folder, 'secret'), 'a secret only for tests\n')
  writeFileSync(
    config,
    `role: mx\nhostname: mx.example.org\ndomain: example.org\ndata: ${folder}/data\npeers: { srs: [srs.example.org] }\n` +
      'srs: { domain: srs.example.org, secrets: [secret] }\nmail: [mail.yaml]\n',
  )
  io = captureIo()
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('waypost directory, about files', () => {
  it('status shows nothing before a node has loaded them, and then their version', async () => {
    write(people(20))
    expect(await directoryStatus({ config }, io)).toBe(0)
    expect(io.out()).toBe('no node has loaded the files yet\n')
    await start()
    io = captureIo()
    expect(await directoryStatus({ config }, io)).toBe(0)
    expect(io.out()).toMatch(
      /^files: version 1 in use, confirmed .*\n {2}version 1 of .*: 0 users, 0 passwords, 0 aliases, 20 forwards\n$/,
    )
  })

  it('status and diff show what a doubtful start has lost, and accept prints it and ends the doubt', async () => {
    write(people(20))
    await start()
    write(people(3))
    await start()
    expect(await directoryStatus({ config }, io)).toBe(1)
    expect(io.out()).toContain('may be incomplete: files: forwards shrank from 20 to 3')
    io = captureIo()
    expect(await directoryDiff({ config, source: 'files' }, io)).toBe(0)
    expect(io.out()).toMatch(/^files: version 1 .* rejected: 17 changes\n/)
    io = captureIo()
    expect(await directoryAccept({ config, source: 'files' }, io)).toBe(0)
    expect(io.out().match(/^- forward user\d+@example\.org: u\d+@far\.example \(.*mail\.yaml:\d+\)$/gm)).toHaveLength(
      17,
    )
    expect(io.out()).toMatch(/\nfiles: the node accepts the files as they are now; 17 known entries are missing\n$/)
    await start()
    io = captureIo()
    expect(await directoryStatus({ config }, io)).toBe(0)
  })

  it('accept prints what would vanish also before a node has seen it, as JSON too', async () => {
    write(people(20))
    await start()
    write(people(19))
    expect(await directoryAccept({ config, json: true }, io)).toBe(0)
    expect(JSON.parse(io.out())).toMatchObject({
      source: 'files',
      accepted: true,
      removed: [{ change: 'removed', what: 'forward', name: 'user19@example.org' }],
    })
  })

  it('accept fails for files that cannot be read', async () => {
    write('forwards: { kim: ')
    expect(await directoryAccept({ config }, io)).toBe(1)
    expect(io.err()).toMatch(/^files: .*mail\.yaml:1/)
    expect(await openSnapshotStore(join(folder, 'data/directory/files')).readOrders()).toMatchObject({ accept: 0 })
  })

  it('rollback is for mirrors only', async () => {
    expect(await directoryRollback({ config, source: 'files' }, io)).toBe(2)
  })
})

it('waypost explain answers as a node that starts with doubtful files', async () => {
  write(people(20))
  await start()
  write(people(1))
  await explain({ config, recipient: 'user7@example.org', ip: '192.0.2.1', helo: 'client.example', at: 0 }, io)
  expect(io.out()).toContain('451')
  io = captureIo()
  await explain({ config, recipient: 'user0@example.org', ip: '192.0.2.1', helo: 'client.example', at: 0 }, io)
  expect(io.out()).not.toContain('451')
})

it('waypost check warns of files that a node would doubt', async () => {
  write(people(20))
  await start()
  write(people(1))
  await check({ config }, io)
  expect(io.out() + io.err()).toMatch(
    /forwards shrank from 20 to 1; .*accept files.*unknown names get 451 instead of 550/,
  )
})
