// Which files a node watches for changes.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
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
  const data = load.kind === 'ok' ? await loadData(load.config, { clock: systemClock, tokens: null }) : load
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
