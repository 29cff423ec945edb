// From nothing to the first forwarded mail: `waypost setup` writes the folders, and the nodes start from them as they are. Their DNS is the
// zone file that setup writes.

import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { sendTestMail, type TestMail } from '../../src/cli/mail/mail-client.ts'
import { commonFreePort } from '../../src/demo/demo-addresses.ts'
import { type NodeProcess, startNodeProcess } from '../../src/demo/node-process.ts'
import { verifySignatures } from '../../src/demo/verify-signatures.ts'
import { loadConfig } from '../../src/config/load-config.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import type { SmtpPeer } from '../lib/smtp-peer.ts'
import { testedCommand, testedProgram } from '../lib/tested-program.ts'
import { until } from '../lib/until.ts'
import { startWorld, type World } from '../lib/whole-node.ts'
import { zoneOf } from '../lib/zone-file.ts'

let world: World
let far: SmtpPeer
const running: NodeProcess[] = []

beforeAll(async () => {
  world = await startWorld()
  far = await world.destination('far.example')
  world.dns.zone.set('sender.example', { TXT: 'v=spf1 ip4:127.0.0.1 -all', MX: '10 mx.far.example' })
})
afterAll(async () => {
  await Promise.all(running.map((node) => node.stop('SIGKILL')))
  await world.close()
})

interface Site {
  readonly folder: string
  readonly domain: string
  readonly nodes: Readonly<Record<string, Place>>
  readonly password: string
}

interface Place {
  readonly address: string
  readonly port: number
  /** With TLS; 0 for nodes without users. */
  readonly submissions: number
  /** For the questions of other nodes. */
  readonly view: number
}

/** The answers of a site on loopback: its addresses, its ports, and the DNS server of the test. */
async function answersOf(domain: string, roles: Readonly<Record<string, string>>) {
  const nodes: Record<string, Place> = {}
  for (const name of Object.keys(roles)) {
    const address = world.newAddress()
    const [port, submissions, view] = [
      await commonFreePort([address]),
      await commonFreePort([address]),
      await commonFreePort([address]),
    ]
    nodes[name] = { address, port, submissions, view }
  }
  const listen = (name: string, { address, port, submissions }: Place) => ({
    ...(['mx', 'srs', 'solo'].includes(roles[name] as string) && { smtp: `${address}:${port}` }),
    ...(['submission', 'solo'].includes(roles[name] as string) && { submissions: `${address}:${submissions}` }),
    ...(['submission', 'mta'].includes(roles[name] as string) && { submission: `${address}:${port}` }),
  })
  const file = join(world.folder, `${domain}.answers.yaml`)
  const answers = {
    domain,
    srs: { domain: `forwards.${domain}.example` },
    person: { name: 'kim', forward: 'kim@far.example' },
    settings: {
      data: 'data',
      dns: { servers: [`${world.dns.host}:${world.dns.port}`] },
      delivery: { mx_port: world.mxPort },
      queue: { minimal_backoff: '1s', maximal_backoff: '1s', min_free: '1M' },
    },
    nodes: Object.fromEntries(
      Object.entries(nodes).map(([name, place]) => [
        name,
        {
          role: roles[name],
          addresses: [place.address],
          sources: [place.address, '127.0.0.1'],
          settings: {
            listen: listen(name, place),
            // The hosts of a fleet have one each; here all nodes share one.
            ...(!['client', 'solo'].includes(roles[name] as string) && {
              queue_transfer: { listen: `${place.address}:${place.view}` },
            }),
          },
        },
      ]),
    ),
  }
  writeFileSync(file, stringify(answers))
  return { file, nodes }
}

/** Sets a site up, publishes its zone and starts its nodes. */
async function startSite(domain: string, roles: Readonly<Record<string, string>>): Promise<Site> {
  const folder = join(world.folder, domain)
  const { file, nodes } = await answersOf(domain, roles)
  const { status, stdout, stderr } = await runWaypost(['setup', folder, '--answers', file])
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  for (const [name, entry] of Object.entries(zoneOf(readFileSync(join(folder, 'dns.zone'), 'utf8'))))
    world.dns.zone.set(name, entry)
  await Promise.all(
    Object.keys(nodes).map(async (name) => {
      // The client host sends from this process.
      if (roles[name] === 'client') return
      mkdirSync(join(folder, name, 'data'))
      running.push(
        await startNodeProcess(join(folder, name, 'node.yaml'), join(folder, `${name}.log`), testedProgram()),
      )
    }),
  )
  return { folder, domain, nodes, password: /^Password of kim: (\S+)$/m.exec(stdout)?.[1] ?? '' }
}

const message = (from: string, to: string) =>
  `From: ${from}\r\nTo: ${to}\r\nDate: Mon, 30 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@t.example>\r\nSubject: Hello\r\n\r\nHi\r\n`

const send = (
  place: Place,
  { from, to, ...mail }: Partial<Omit<TestMail, 'to'>> & { readonly from: string; readonly to: string },
) =>
  sendTestMail({
    host: place.address,
    port: place.port,
    security: 'none',
    message: message(from, to),
    ...mail,
    from,
    to: [to],
  })

async function arrived(count: number) {
  await until(() => far.messages.length >= count, { what: `message ${count} at the mailbox elsewhere` })
  return far.messages[count - 1] as SmtpPeer['messages'][number]
}

/** A stranger's mail is forwarded, the relay is closed, and the person submits with the password that setup printed. */
async function proveMail(site: Site, receiver: string, submitter: string): Promise<void> {
  const { domain, nodes, folder, password } = site
  const before = far.messages.length
  const place = nodes[receiver] as Place
  expect(await send(place, { from: 'ann@sender.example', to: `kim@${domain}` })).toMatchObject({ kind: 'accepted' })
  const forwarded = await arrived(before + 1)
  expect(forwarded.mail).toContain(`@forwards.${domain}.example`)
  expect(await send(place, { from: 'ann@sender.example', to: 'x@far.example' })).toMatchObject({ kind: 'refused' })
  const users = nodes[submitter] as Place
  const submitted = await send(users, {
    from: `kim@${domain}`,
    to: 'friend@far.example',
    port: users.submissions,
    security: 'implicit',
    login: { user: 'kim', password },
    tls: { ca: readFileSync(join(folder, 'authority/ca.pem')), servername: `${submitter}.${domain}` },
  })
  expect(submitted).toMatchObject({ kind: 'accepted' })
  const own = await arrived(before + 2)
  const signatures = await verifySignatures(own.data, world.dns)
  expect(signatures.toSorted()).toEqual([
    expect.stringMatching(/^ed25519-\d+ \(ed25519-sha256\)=pass$/),
    expect.stringMatching(/^rsa-\d+ \(rsa-sha256\)=pass$/),
  ])
}

describe('from nothing to the first forwarded mail', () => {
  it('on one machine', async () => {
    const site = await startSite('one.example', { mail: 'solo' })
    await proveMail(site, 'mail', 'mail')
  })

  it('with four nodes, which recognise each other by the certificates of setup', async () => {
    const roles = { 'mx-01': 'mx', 'srs-01': 'srs', 'submission-01': 'submission', 'mta-01': 'mta' }
    const site = await startSite('four.example', { ...roles, 'web-01': 'client' })
    await proveMail(site, 'mx-01', 'submission-01')
    const file = (name: string) => readFileSync(join(site.folder, name))
    const { address, port } = site.nodes['mta-01'] as Place
    const client = { cert: file('web-01/cert.pem'), key: file('web-01/key.pem'), ca: file('authority/ca.pem') }
    const machine = await send(
      { address, port, submissions: 0, view: 0 },
      {
        from: 'root@web-01.four.example',
        to: 'friend@far.example',
        security: 'starttls',
        tls: { ...client, servername: 'mta-01.four.example' },
      },
    )
    expect(machine).toMatchObject({ kind: 'accepted' })
    await proveView(site, Object.keys(roles))
  })
})

/** Every node shows all others by what setup wrote. Their names are in no DNS that the system asks: addresses take their place. */
async function proveView(site: Site, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const file = join(site.folder, name, 'node.yaml')
    const text = names.reduce(
      (yaml, other) =>
        yaml.replace(
          `host: ${other}.${site.domain}:${site.nodes[other]?.view}`,
          `host: ${site.nodes[other]?.address}:${site.nodes[other]?.view}`,
        ),
      readFileSync(file, 'utf8'),
    )
    const asking = join(site.folder, name, 'asking.yaml')
    writeFileSync(asking, text)
    const { stdout } = await runWaypost(['status', '--fleet', '--json', '-c', asking])
    const rows = JSON.parse(stdout) as { status: { node: string } | null; problem: string | null }[]
    expect(rows.map(({ problem }) => problem)).toEqual(names.map(() => null))
    expect(new Set(rows.map(({ status }) => status?.node))).toEqual(
      new Set(names.map((one) => `${one}.${site.domain}`)),
    )
  }
}

/** Runs setup and kills it when a file appears. */
async function killedSetup(args: readonly string[], file: string): Promise<void> {
  const child = spawn(...testedCommand(['setup', ...args]), { stdio: 'ignore' })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  await until(() => existsSync(file), { what: `the file ${file}` })
  child.kill('SIGKILL')
  await ended
}

it.each(['shared/passwd', 'mail/node.yaml'])(
  'a run that is killed after %s is completed by the next one',
  async (path) => {
    const folder = join(world.folder, 'killed')
    const args = [folder, '--solo', '--domain', 'killed.example', '--srs-domain', 'forwards.example']
    const all = [...args, '--address', '192.0.2.25', '--person', 'kim=kim@far.example']
    await killedSetup(all, join(folder, path))
    // The next run waits until the lock is old; once is enough.
    if (path !== 'shared/passwd') rmSync(join(folder, '.waypost-setup.json.lock'), { force: true })
    const { status, stderr } = await runWaypost(['setup', ...all])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(loadConfig(join(folder, 'mail/node.yaml')).kind).toBe('ok')
    expect(existsSync(join(folder, 'CHECKLIST.md'))).toBe(true)
    rmSync(folder, { recursive: true, force: true })
  },
)
