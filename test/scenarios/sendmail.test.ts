// `waypost sendmail` as programs of other users call it: to a running client node, and while it is down. Several users need root.

import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runWaypost } from '../lib/run-waypost.ts'
import { type PeerMessage, type SmtpPeer, startSmtpPeer } from '../lib/smtp-peer.ts'
import { testedCommand } from '../lib/tested-program.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

const isRoot = process.getuid?.() === 0
/** A user without files, on every system. */
const OTHER_USER = 65_534

let world: World
let mta: SmtpPeer
let node: WholeNode
let drop: string
let settings: string

beforeAll(async () => {
  world = await startWorld()
  const address = world.newAddress()
  const issued = world.ca.issue({ names: ['mta.example.org'], ips: [address] })
  mta = await startSmtpPeer({
    host: address,
    tls: { cert: issued.certificate, key: issued.key },
    extensions: ['8BITMIME', 'DSN', 'SIZE', 'SMTPUTF8'],
  })
  chmodSync(world.folder, 0o755)
  drop = join(world.folder, 'spool', 'drop')
  mkdirSync(join(world.folder, 'spool'))
  node = await world.node({
    role: 'client',
    yaml: {
      mail: [],
      dkim: undefined,
      srs: undefined,
      peers: { mta: [`${address}:${mta.port}`] },
      local_names: { rewrite: true },
      drop: { directory: drop },
      limits: { message_size: '1M' },
    },
  })
  settings = join(world.folder, 'sendmail.conf')
  writeFileSync(settings, `server ${node.address}:${node.port}\ndrop ${drop}\nnode ${node.config}\n`)
})
afterAll(async () => {
  await world.close()
  await mta.close()
})

interface Ran {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs sendmail, as another user if it can. */
function sendmail(
  args: readonly string[],
  input: string | Buffer,
  uid = isRoot ? OTHER_USER : undefined,
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(...testedCommand(['sendmail', ...args]), {
      env: { ...process.env, WAYPOST_SENDMAIL_CONF: settings },
      ...(uid !== undefined && { uid, gid: uid }),
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.once('error', reject)
    child.once('close', (status) => resolve({ status, stdout, stderr }))
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
  })
}

const done = { status: 0, stdout: '', stderr: '' }
const arrived = async (about: string): Promise<PeerMessage> => {
  const found = () => mta.messages.find(({ data }) => data.includes(about))
  await until(() => found() !== undefined, { what: `${about} to arrive` })
  return found() as PeerMessage
}

describe('a running node', () => {
  it('gets the message of -t without Bcc, completed and under the domain of the organisation', async () => {
    const text = 'To: Kim <kim@a.example>\nBcc: lee@b.example, root\nSubject: first\n\nHello\n.\nend'
    expect(await sendmail(['-t', '-i'], text)).toEqual(done)
    const { mail, rcpts, data } = await arrived('Subject: first')
    expect(mail).toMatch(isRoot ? /^MAIL FROM:<nobody@example\.org>/ : /^MAIL FROM:<.+@example\.org>/)
    expect(rcpts.map((one) => one.replace(/ .*/s, ' ').trim())).toHaveLength(3)
    const content = data.toString()
    expect(content).toMatch(/^From: .+@example\.org\r$/m)
    expect(content).toMatch(/^X-Originating-Host: node-1\.example\.org; from=/m)
    expect(content).not.toMatch(/^Bcc/im)
    expect(content).toMatch(/Hello\r\n\.\r\nend\r\n$/)
  })

  it('gets 8-bit text and the parameters of DSNs', async () => {
    const input = Buffer.from('Subject: second\n\n\xe4\xf6\n', 'latin1')
    expect(await sendmail(['-N', 'never', '-V', 'id7', '-f', 'ops@example.org', 'kim@a.example'], input)).toEqual(done)
    const { mail, rcpts } = await arrived('Subject: second')
    expect(mail).toMatch(/^MAIL FROM:<ops@example\.org>.* BODY=8BITMIME/)
    expect(mail).toContain('ENVID=id7')
    expect(rcpts[0]).toContain('NOTIFY=NEVER')
  })

  it('refuses what is wrong with the codes of sysexits.h', async () => {
    const codes = [
      [['-bd'], '', 64],
      [['-t'], 'Subject: x\n\nx\n', 64],
      [['-t'], 'To: a@b..c\n\nx\n', 65],
      [['kim@nowhere'], 'Subject: x\n\nx\n', 0],
      [['kim@a.example'], `Subject: x\n\n${'0123456789\n'.repeat(110_000)}`, 65],
    ] as const
    for (const [args, input, status] of codes)
      expect({ args, ...(await sendmail(args, input)) }).toMatchObject({ args, status })
  })

  it('answers to -bs, and shows its queue to its owner with -bp', async () => {
    const dialogue = await sendmail(['-bs'], 'EHLO x\r\nMAIL FROM:<a@b.example>\r\nRSET\r\nQUIT\r\n')
    expect(dialogue).toMatchObject({ status: 0, stderr: '' })
    expect(dialogue.stdout.match(/^\d{3} /gm)).toEqual(['220 ', '250 ', '250 ', '250 ', '221 '])
    expect(await sendmail(['-bp'], '', process.getuid?.())).toMatchObject({ status: 0 })
    expect(await sendmail(['-bi'], '')).toEqual(done)
    expect(await sendmail(['-q'], '')).toEqual(done)
  })
})

describe('a node that is down', () => {
  it('gets the messages that waited, which no other user can list, read, remove or rename, under the name of their owners', async () => {
    await node.stop()
    expect(await sendmail(['-t'], 'To: kim@a.example\nSubject: third\n\nHello\n')).toEqual(done)
    expect(await sendmail(['-v', '-f', 'kim', 'lee@b.example'], 'Subject: fourth\n\nHello\n')).toMatchObject({
      status: 0,
    })
    const files = readdirSync(drop)
    expect(files).toHaveLength(2)
    for (const file of files) expect(statSync(join(drop, file)).mode & 0o777).toBe(0o640)
    if (isRoot) {
      const [file = ''] = files
      const tried = (...command: string[]) =>
        new Promise<number | null>((resolve) => {
          const child = spawn(command[0] as string, command.slice(1), { uid: 1, gid: 1, stdio: 'ignore' })
          child.once('close', resolve)
        })
      const attempts = [
        ['ls', drop],
        ['cat', join(drop, file)],
        ['rm', '-f', join(drop, file)],
        ['mv', join(drop, file), join(drop, 'mail-mine')],
      ]
      for (const attempt of attempts)
        expect({ attempt, status: await tried(...attempt) }).not.toMatchObject({ status: 0 })
    }
    await node.start()
    const third = await arrived('Subject: third')
    expect(third.mail).toMatch(/^MAIL FROM:<.+@example\.org>/)
    if (isRoot) expect(third.data.toString()).toContain('(Waypost sendmail, from userid 65534)')
    expect((await arrived('Subject: fourth')).mail).toMatch(/^MAIL FROM:<kim@example\.org>/)
    await until(() => readdirSync(drop).length === 0, { what: 'the drop directory to be empty' })
  })

  it('waypost check finds a drop directory with wrong rights', async () => {
    const check = () => runWaypost(['check', '--offline', '-c', node.config])
    expect((await check()).stderr).not.toContain('drop.directory')
    chmodSync(drop, 0o1777)
    expect((await check()).stderr).toMatch(/drop\.directory: .* has mode 1777, expected 3733; repair it: install -d/)
    chmodSync(drop, 0o3733)
  })

  it('without a drop directory the caller hears of it', async () => {
    await node.stop()
    writeFileSync(settings, `server ${node.address}:${node.port}\ndrop none\n`)
    expect(await sendmail(['kim@a.example'], 'x\n')).toMatchObject({ status: 75, stderr: /ECONNREFUSED/ })
    writeFileSync(settings, `server ${node.address}:${node.port}\ndrop /absent\n`)
    expect(await sendmail(['kim@a.example'], 'x\n')).toMatchObject({ status: 73, stderr: /cannot wait/ })
    expect(await sendmail(['-bs'], '')).toMatchObject({ status: 75, stdout: /^421 4\.3\.2/ })
  })
})
