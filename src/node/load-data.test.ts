// Which files a node watches for changes, and which faults of a passwd-file reject the data.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Config } from '../config/config.ts'
import { loadConfig } from '../config/load-config.ts'
import { createAuthority } from '../demo/ca.ts'
import { systemClock } from '../lib/clock.ts'
import { generateKey } from '../dkim/key-store.ts'
import { openFileGuard } from '../directory/snapshots/file-guard.ts'
import type { Router } from '../route/resolution.ts'
import { fileGuardPlan } from '../wiring/file-guard-settings.ts'
import { loadData } from './load-data.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-data-'))
  const { certificate, key } = createAuthority('Data').issue({ names: ['srs-01.example.org'] })
  const node = {
    role: 'srs',
    hostname: 'srs-01.example.org',
    domain: 'example.org',
    data: 'data',
    tls: { certificate: 'cert.pem', key: 'key.pem' },
    mail: ['mail.yaml'],
    dkim: { keys: 'dkim' },
    peers: { mx: [{ host: 'mx-01.example.org', addresses: ['192.0.2.1'] }] },
    srs: { domain: 'srs.example.org', secrets: ['secret'] },
  }
  const files = {
    'cert.pem': certificate,
    'key.pem': key,
    secret: 'a secret of enough length\n',
    'mail.yaml': 'forwards: { kim: kim@far.example }\n',
    'node.yaml': JSON.stringify(node),
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

it('lists every file that was read: configuration, certificate, secrets, data, and of each signing key its state and its directory', async () => {
  const key = { domain: 'example.org', selector: 'ed', algorithm: 'ed25519-sha256', stage: 'active', now: 0 } as const
  await generateKey(join(folder, 'dkim'), key)
  const load = loadConfig(join(folder, 'node.yaml'))
  const data =
    load.kind === 'ok'
      ? await loadData(load.config, {
          clock: systemClock,
          tokens: null,
          shortHashes: async () => null,
          ...(await guarded(load.config)),
        })
      : load
  const files = data.kind === 'ok' ? data.data.files.map((file) => file.replace(`${folder}/`, '')) : []
  expect([...new Set(files)].toSorted()).toEqual([
    'cert.pem',
    'dkim',
    'dkim/example.org',
    'dkim/example.org/ed.json',
    'dkim/example.org/ed.pem',
    'key.pem',
    'mail.yaml',
    'node.yaml',
    'secret',
  ])
})

/** As at a start of a node. */
async function guarded(config: Config) {
  const { settings, store } = fileGuardPlan(config)
  const log = { info: () => undefined, error: () => undefined }
  return { guard: await openFileGuard(settings, { store, clock: systemClock, log }), use: 'start' as const }
}

async function loadWithUsers(text: string) {
  writeFileSync(join(folder, 'passwd'), text)
  mkdirSync(join(folder, 'dkim'))
  const node = readFileSync(join(folder, 'node.yaml'), 'utf8').replace('"data":', '"users":"passwd","data":')
  writeFileSync(join(folder, 'node.yaml'), node)
  const load = loadConfig(join(folder, 'node.yaml'))
  return load.kind === 'ok'
    ? await loadData(load.config, {
        clock: systemClock,
        tokens: null,
        shortHashes: async () => null,
        ...(await guarded(load.config)),
      })
    : load
}

it('warns of a user whose password cannot be used, and loads everything else', async () => {
  const data = await loadWithUsers('kim:$y$j9T$abc$def\nlee:{SSHA}H/zrDv8FXUu1JmwvVYijfrYEF34jVZcO\n')
  if (data.kind !== 'ok') throw new Error(JSON.stringify(data.problems))
  const ofUsers = data.warnings.filter((one) => one.file.endsWith('passwd'))
  expect(ofUsers.map((one) => `${one.line}:${one.column}: ${one.message}`)).toEqual([
    '1:5: user kim cannot log in: the hash is yescrypt, which no login can match here; set another password',
  ])
  expect(await data.data.people.find('lee')).toMatchObject({ kind: 'found' })
})

it('rejects a passwd-file whose last line is torn', async () => {
  const data = await loadWithUsers('lee:{SSHA}H/zrDv8FXUu1JmwvVYijfrYEF34jVZcO\nki')
  expect(data).toMatchObject({ kind: 'bad', problems: [{ line: 2, column: 4 }] })
})

describe('files that shrank', () => {
  const people = (count: number) =>
    `domains: [example.net]\nforwards:\n${Array.from({ length: count }, (_, n) => `  user${n}: u${n}@far.example`).join('\n')}\n`
  const request = (forwardPath: string) =>
    ({ forwardPath, reversePath: null, origin: { kind: 'internet' }, at: 0 }) as const
  const write = (text: string) => writeFileSync(join(folder, 'mail.yaml'), text)
  const start = async () => {
    const load = loadConfig(join(folder, 'node.yaml'))
    if (load.kind !== 'ok') throw new Error(JSON.stringify(load.problems))
    const { guard } = await guarded(load.config)
    const ports = { clock: systemClock, tokens: null, shortHashes: async () => null, guard }
    const loaded = await loadData(load.config, { ...ports, use: 'start' })
    if (loaded.kind !== 'ok') throw new Error(JSON.stringify(loaded.problems))
    return { ...loaded, guard, reload: () => loadData(load.config, { ...ports, use: 'reload' }) }
  }
  const replyTo = async (router: Router, address: string) => {
    const answer = await router.resolve(request(address))
    return answer.kind === 'refused' || answer.kind === 'unavailable' ? answer.reply.code : answer.kind
  }

  beforeEach(() => {
    mkdirSync(join(folder, 'dkim'))
  })

  it('count their addresses in the summary', async () => {
    write(people(20))
    expect((await start()).data.summary).toContain('1 routing file, 20 addresses')
  })

  it('are refused by a reload, and the router defers names that it does not know', async () => {
    write(people(20))
    const { data, guard, reload } = await start()
    expect(await replyTo(data.router, 'nobody@example.org')).toBe(550)
    write('')
    expect(await reload()).toMatchObject({
      kind: 'bad',
      problems: [{ message: expect.stringMatching(/^the files have no entries any more/) }],
    })
    expect(guard.doubt()).not.toBeNull()
    expect(await replyTo(data.router, 'user7@example.org')).toBe('destinations')
    expect(await replyTo(data.router, 'nobody@example.org')).toBe(451)
    write(people(19))
    expect(await reload()).toMatchObject({ kind: 'ok' })
    expect(await replyTo(data.router, 'nobody@example.org')).toBe(550)
  })

  it('let a node start, which defers what it does not know, also in domains that are missing', async () => {
    write(people(20))
    await start()
    write('forwards: { user1: u1@far.example }\n')
    const { data, warnings } = await start()
    expect(warnings.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/forwards shrank from 20 to 1.*unknown names get 451/),
    )
    expect(await replyTo(data.router, 'user1@example.org')).toBe('destinations')
    expect(await replyTo(data.router, 'user7@example.org')).toBe(451)
    expect(await replyTo(data.router, 'kim@example.net')).toBe(451)
    expect(await replyTo(data.router, 'kim@foreign.example')).toBe(554)
  })

  it('do not make the login of a missing user wrong', async () => {
    const line = (name: string) => `${name}:{SSHA512}${Buffer.alloc(68, 1).toString('base64')}\n`
    writeFileSync(join(folder, 'passwd'), Array.from({ length: 20 }, (_unused, n) => line(`user${n}`)).join(''))
    const node = readFileSync(join(folder, 'node.yaml'), 'utf8').replace('"data":', '"users":"passwd","data":')
    writeFileSync(join(folder, 'node.yaml'), node)
    const { data, reload } = await start()
    expect(await data.people.find('nobody')).toMatchObject({ kind: 'absent' })
    writeFileSync(join(folder, 'passwd'), line('user1'))
    expect(await reload()).toMatchObject({ kind: 'bad' })
    expect(await data.people.find('user7')).toMatchObject({ kind: 'found' })
    expect(await data.people.find('nobody')).toMatchObject({ kind: 'unavailable' })
  })
})
