// SCRAM with programs of others: msmtp (GNU SASL without channel binding) and gsasl with -PLUS.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeScram } from '../../src/auth/derived-schemes.ts'
import { runGsasl, runMsmtp } from '../lib/peers/clients.ts'
import { plant } from '../lib/planted-secrets.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

const password = 'correct, horse = battery'
plant(password)

describe.runIf(ensurePeers(['msmtp', 'gsasl']))('SCRAM', () => {
  let world: World
  let node: WholeNode
  let secret: string

  beforeAll(async () => {
    world = await startWorld()
    await world.destination('far.example')
    writeFileSync(join(world.folder, 'users'), `lee:{SCRAM-SHA-256}${writeScram(password, 'sha256', null)}\n`, {
      mode: 0o600,
    })
    node = await world.node({
      role: 'submission',
      listeners: ['submissions', 'submission'],
      start: false,
      mail: { domains: ['example.org'], users: { lee: null } },
      yaml: { users: '../users', app_passwords: 'apps', peers: { mx: ['mx-01.example.org'] } },
    })
    secret = (await runWaypost(['passwd', 'app', 'add', 'lee', '--label', 'phone', '-c', node.config])).stdout.trim()
    await node.start()
  })
  afterAll(() => world.close())

  const msmtp = (given: string) =>
    runMsmtp(
      'From: lee@example.org\nTo: ann@far.example\nSubject: SCRAM\n\nHello.\n',
      `--host=${node.address}`,
      `--port=${node.ports['submissions']}`,
      '--tls=on',
      '--tls-starttls=off',
      '--tls-certcheck=off',
      '--auth=scram-sha-256',
      '--user=lee@example.org',
      `--passwordeval=echo '${given}'`,
      '--from=lee@example.org',
      'ann@far.example',
    )
  const gsasl = (mechanism: string, given: string, ...more: string[]) =>
    runGsasl(
      '--client',
      '--smtp',
      '--verbose',
      '--starttls',
      `--x509-ca-file=${join(world.folder, 'ca.pem')}`,
      `--connect=${node.address}:${node.ports['submission']}`,
      `--mechanism=${mechanism}`,
      '--authentication-id=lee',
      `--password=${given}`,
      ...more,
    )

  it('msmtp submits with the password and with an app password', async () => {
    expect(await msmtp(password)).toMatchObject({ status: 0 })
    expect(await msmtp(secret)).toMatchObject({ status: 0 })
    const origins = node.ledger().flatMap((event) => (event.kind === 'received' ? [event.origin] : []))
    expect(origins).toEqual(['user:lee', 'user:lee (app phone)'])
  })

  it('msmtp is refused with a wrong password', async () => {
    expect((await msmtp('wrong')).output).toContain('535')
  })

  it('gsasl proves the password, and the channel with -PLUS', async () => {
    const bound = await gsasl('SCRAM-SHA-256-PLUS', password)
    expect(bound.output).toContain('AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN')
    expect(bound.output).toContain('235 2.7.0')
    expect(bound.output).toContain('server trusted')
    expect((await gsasl('SCRAM-SHA-256', password, '--no-cb')).output).toContain('235 2.7.0')
    expect((await gsasl('SCRAM-SHA-256-PLUS', 'wrong')).output).toContain('535 5.7.8')
  })
})
