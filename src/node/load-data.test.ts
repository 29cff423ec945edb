// Which files a node watches for changes, and which faults of a passwd-file reject the data.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { loadConfig } from '../config/load-config.ts'
import { createAuthority } from '../demo/ca.ts'
import { systemClock } from '../lib/clock.ts'
import { generateKey } from '../dkim/key-store.ts'
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
      ? await loadData(load.config, { clock: systemClock, tokens: null, shortHashes: async () => null })
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

async function loadWithUsers(text: string) {
  writeFileSync(join(folder, 'passwd'), text)
  mkdirSync(join(folder, 'dkim'))
  const node = readFileSync(join(folder, 'node.yaml'), 'utf8').replace('"data":', '"users":"passwd","data":')
  writeFileSync(join(folder, 'node.yaml'), node)
  const load = loadConfig(join(folder, 'node.yaml'))
  return load.kind === 'ok'
    ? await loadData(load.config, { clock: systemClock, tokens: null, shortHashes: async () => null })
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
