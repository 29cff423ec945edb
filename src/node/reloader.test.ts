// Between two reloads the files on disk are checked when they change, without activating them.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createFakeClock, type FakeClock } from '../../test/lib/fake-clock.ts'
import { until } from '../../test/lib/until.ts'
import { loadConfig } from '../config/load-config.ts'
import { createConfigurationState, type ConfigurationState } from './configuration-state.ts'
import { createCurrentData, type CurrentData } from './current-data.ts'
import { loadData } from './load-data.ts'
import { openOfflineGuard } from './offline-guard.ts'
import { type Reloader, startReloader } from './reloader.ts'
import { holdSources } from './source-holder.ts'

let folder: string
let clock: FakeClock
let state: ConfigurationState
let data: CurrentData
let reloader: Reloader
let draining: AbortController
let loginUpdates: number[]

const log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  bug: () => undefined,
}
const write = (name: string, text: string) => writeFileSync(join(folder, name), text)
const health = () => state.health.check()
const resolved = async (name: string) =>
  (
    await data.router.resolve({
      forwardPath: `${name}@example.org`,
      reversePath: null,
      origin: { kind: 'internet' },
      at: clock.now(),
    })
  ).kind

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-reloader-'))
  mkdirSync(join(folder, 'data'))
  write('mail.yaml', 'forwards: { kim: kim@far.example }\n')
  write('secret', 'a secret of enough length\n')
  write(
    'node.yaml',
    'role: mx\nhostname: mx-01.example.org\ndomain: example.org\ndata: data\nmail: [mail.yaml]\n' +
      'peers: { srs: [srs-01.example.org] }\nsrs: { domain: srs.example.net, secrets: [secret] }\n',
  )
  clock = createFakeClock()
  state = createConfigurationState(clock)
  draining = new AbortController()
  loginUpdates = []
  const load = loadConfig(join(folder, 'node.yaml'))
  if (load.kind === 'bad') throw new Error(load.problems[0]?.message)
  const { config } = load
  const sources = await holdSources(config, { clock, log })
  const guard = await openOfflineGuard(config)
  const ports = { clock, tokens: null, shortHashes: async () => null, sources: sources.set, guard }
  const loaded = await loadData(config, { ...ports, use: 'start' })
  if (loaded.kind === 'bad') throw new Error(loaded.problems[0]?.message)
  data = createCurrentData(loaded.data)
  const revocation = { lists: () => [], update: async () => undefined }
  const parts = { config, clock, log, data, tokens: null, sources, guard, certificate: { value: null }, revocation }
  reloader = await startReloader({
    ...parts,
    modes: { replace: () => undefined },
    listeners: [],
    transfers: null,
    https: [],
    selfService: null,
    keys: { choose: async (material) => material, warnings: () => [] },
    greylist: null,
    accounts: { update: () => undefined },
    reports: null,
    login: { update: ({ login }) => void loginUpdates.push(login.remember_for) },
    state,
    draining: draining.signal,
  })
})
afterEach(() => {
  reloader.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Passes time until the state of the files is as expected; the look at files takes real time between two polls. */
const becomes = (kind: string) =>
  until(
    async () => {
      await clock.advance(60_000)
      return (await health()).kind === kind
    },
    { what: `the configuration to be ${kind}`, every: 20 },
  )

it('notices files with which the node could not start, and their correction', async () => {
  write('mail.yaml', 'forwards: [\n')
  await becomes('degraded')
  expect(await health()).toMatchObject({
    reason: expect.stringMatching(/^the node could not start with the files on disk: .*mail\.yaml:\d+:\d+: /),
  })
  write('mail.yaml', 'forwards: { lee: lee@far.example }\n')
  await becomes('ok')
  expect(await resolved('kim')).not.toBe('refused')
  expect(await resolved('lee')).toBe('refused')
})

it('activates the files by a reload, and reports the refusal of others', async () => {
  write('mail.yaml', 'forwards: { lee: lee@far.example }\n')
  expect(await reloader.reload()).toMatchObject({ kind: 'reloaded', restartFor: [] })
  expect(await resolved('lee')).not.toBe('refused')
  write('node.yaml', 'role: mx\n')
  const refused = await reloader.reload()
  expect(refused).toMatchObject({ kind: 'refused', file: join(folder, 'node.yaml') })
  expect(await health()).toMatchObject({ kind: 'degraded', reason: expect.stringContaining('was refused') })
})

it('forgets the passwords of logins at each reload, with the time that it brings', async () => {
  const yaml = readFileSync(join(folder, 'node.yaml'), 'utf8')
  await reloader.reload()
  write('node.yaml', `${yaml}login: { remember_for: 0 }\n`)
  expect(await reloader.reload()).toMatchObject({ kind: 'reloaded', restartFor: [] })
  write('node.yaml', `${yaml}login: { remember_for: 2h }\n`)
  const { kind } = await reloader.reload()
  expect([kind, loginUpdates]).toEqual(['refused', [300_000, 0]])
})

it('watches a file that only the refused configuration names', async () => {
  write(
    'node.yaml',
    'role: mx\nhostname: mx-01.example.org\ndomain: example.org\ndata: data\nmail: [mail.yaml]\n' +
      'peers: { srs: [srs-01.example.org] }\nsrs: { domain: srs.example.net, secrets: [secret, second] }\n',
  )
  expect((await reloader.reload()).kind).toBe('refused')
  expect(reloader.files()).toContain(join(folder, 'second'))
})

it('refuses during the drain', async () => {
  draining.abort()
  expect(await reloader.reload()).toMatchObject({
    kind: 'refused',
    problems: [{ message: 'the node is draining' }],
  })
})
