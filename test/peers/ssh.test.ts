// Mail by ssh key: a forced command of a real sshd submits as the person to whom the key belongs, whatever the client of ssh asks for.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeAccounts } from '../lib/accounts.ts'
import { freePort } from '../lib/free-port.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'
import type { SmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

const root = join(import.meta.dirname, '../..')
const PATIENCE_MS = 30_000

describe.runIf(ensurePeers(['sshd']))('ssh', () => {
  let world: World
  let far: SmtpPeer
  let node: WholeNode
  let sshd: ChildProcess
  let port: number
  let key: string

  beforeAll(async () => {
    world = await startWorld()
    far = await world.destination('far.example')
    const { yaml } = await writeAccounts(world)
    const socket = join(world.folder, 'submission.sock')
    node = await world.node({
      role: 'submission',
      listeners: ['submissions', 'submission'],
      mail: { domains: ['example.org'], users: { lee: null }, forwards: { lee: 'lee@far.example' } },
      yaml: { users: yaml.users, submission_socket: { path: socket } },
    })
    writeFileSync(join(world.folder, 'sendmail.conf'), `submission ${socket}\ndomain example.org\n`)
    key = join(world.folder, 'id')
    for (const file of [key, join(world.folder, 'host')])
      spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file], { stdio: 'ignore' })
    // In place of the wrapper in the path of the system.
    const command = join(world.folder, 'waypost')
    const settings = `WAYPOST_SENDMAIL_CONF='${join(world.folder, 'sendmail.conf')}'`
    writeFileSync(command, `#!/bin/sh\n${settings} exec '${process.execPath}' '${join(root, 'src/main.ts')}' "$@"\n`)
    chmodSync(command, 0o755)
    const forced = `command="${command} sendmail --as lee -i",restrict ${readFileSync(`${key}.pub`, 'utf8')}`
    writeFileSync(join(world.folder, 'authorized_keys'), forced, { mode: 0o600 })
    port = await freePort()
    mkdirSync('/run/sshd', { recursive: true })
    const options = {
      ListenAddress: '127.0.0.1',
      HostKey: join(world.folder, 'host'),
      AuthorizedKeysFile: join(world.folder, 'authorized_keys'),
      PidFile: 'none',
      UsePAM: 'no',
      StrictModes: 'no',
      PasswordAuthentication: 'no',
      PermitRootLogin: 'forced-commands-only',
    }
    const flags = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`])
    sshd = spawn('/usr/sbin/sshd', ['-D', '-f', '/dev/null', '-p', String(port), ...flags], { stdio: 'ignore' })
    await until(() => ssh('sendmail', '').status !== 255, { what: 'sshd to answer' })
  })
  afterAll(async () => {
    sshd.kill()
    await world.close()
  })

  function ssh(command: string, input: string) {
    const options = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'BatchMode=yes', 'IdentitiesOnly=yes']
    const flags = options.flatMap((one) => ['-o', one])
    const args = ['-F', 'none', '-q', '-i', key, '-p', String(port), ...flags, `${userInfo().username}@127.0.0.1`]
    const { status, stderr } = spawnSync('ssh', [...args, ...(command === '' ? [] : [command])], {
      input,
      encoding: 'utf8',
      timeout: PATIENCE_MS,
    })
    return { status, stderr }
  }

  it('submits as the person of the key, with the options of the client', async () => {
    expect(
      ssh('sendmail -oem -oi -t', 'To: kim@far.example\nBcc: sam@far.example\nSubject: by ssh\n\nHello\n'),
    ).toEqual({
      status: 0,
      stderr: '',
    })
    await until(() => far.messages.length === 1, { what: 'the message' })
    const { mail, rcpts, data } = far.messages[0] as (typeof far.messages)[number]
    expect(mail).toMatch(/^MAIL FROM:<lee@example\.org>/)
    expect(rcpts).toHaveLength(2)
    expect(data.toString()).toMatch(/^From: lee@example\.org\r$/m)
    expect(data.toString()).toMatch(/^DKIM-Signature: /m)
    const received = node.ledger().find((event) => event.kind === 'received')
    expect(received).toMatchObject({ origin: 'user:lee' })
  })

  it('a key opens neither a shell, nor another name, nor another mode', () => {
    expect(ssh('id', '').status).toBe(64)
    expect(ssh('sendmail --as root kim@far.example', 'x\n').status).toBe(64)
    expect(ssh('sendmail -bs', 'EHLO x\n').status).toBe(64)
    expect(ssh('sendmail "$(touch /tmp/never)" ; id', 'x\n').status).toBe(64)
    expect(ssh('', 'Subject: x\n\nx\n').status).toBe(64)
  })

  it('keeps the rules of senders, and passes the exit code', () => {
    const as = (sender: string) => ssh(`sendmail -f ${sender} kim@far.example`, 'From: lee@example.org\n\nx\n').status
    expect(as('boss@example.org')).toBe(77)
    expect(as('lee@example.org')).toBe(0)
  })
})
