// No open relay: an unauthenticated client tries every role file and every valid configuration, over every listener, in every state of a
// session. No RCPT of a foreign domain gets a 250, nor an address that hides one.

import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { parse } from 'yaml'
import { createAuthority, type Issued } from '../../src/demo/ca.ts'
import { type Accounts, password, writeAccounts } from '../lib/accounts.ts'
import { connectDialogue, type SmtpDialogue } from '../lib/smtp-dialogue.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

interface Listener {
  readonly tls: 'none' | 'starttls' | 'starttls-required' | 'implicit'
  readonly admit: readonly string[]
}

const root = join(import.meta.dirname, '../..')
const yamlFiles = (folder: string) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => join(folder, name))
const read = (file: string) => parse(readFileSync(join(root, file), 'utf8')) as Record<string, unknown>
const listenersOf = (role: string) =>
  Object.entries(read(`roles/${role}.yaml`)['listeners'] as Record<string, Listener>)

/** Routing data with which a careless router would relay: catch-all, transports, rewrites, alias domains. */
const mail = {
  domains: ['example.org', 'caught.example'],
  alias_domains: { 'bücher.example': 'example.org' },
  users: { lee: null },
  forwards: { kim: 'kim@far.example', lee: 'lee@far.example' },
  transports: { 'lists.example.org': 'smtp:[192.0.2.9]:25' },
  catch_all: { 'caught.example': 'kim' },
  rewrites: [{ pattern: '/^old-(.*)@example\\.org$/', to: '$1@lists.example.org' }],
}

const attempts = [
  'victim@foreign.example',
  'VICTIM@FOREIGN.EXAMPLE',
  'victim@foreign.example.',
  'victim@evil-example.org',
  'kim@example.org.foreign.example',
  'kim@sub.example.org',
  'kim@org',
  'kim@.',
  'kim@example.org..',
  'victim%foreign.example@example.org',
  'victim%foreign.example@lists.example.org',
  'victim%foreign.example@caught.example',
  'old-victim%foreign.example@example.org',
  'foreign.example!victim@example.org',
  'foreign.example!victim@lists.example.org',
  'foreign.example!victim',
  '"victim@foreign.example"@example.org',
  '"victim@foreign.example"@lists.example.org',
  '"victim@foreign.example"@caught.example',
  '"victim%foreign.example"@caught.example',
  '"foreign.example!victim"@caught.example',
  'victim\\@foreign.example@example.org',
  'victim@foreign.example@example.org',
  'kim@example.org@foreign.example',
  '@example.org:victim@foreign.example',
  '@caught.example,@example.org:victim@foreign.example',
  'kim@[127.0.0.1]',
  'kim@[192.0.2.1]',
  'kim@[IPv6:2001:db8::1]',
  'kim@127.0.0.1',
  'kim@localhost',
  'kim@bucher.example',
  'kim@ｅｘａｍｐｌｅ.org',
  'kim@exаmple.org',
  'kim@xn--exmple-4nf.org',
  'SRS0=AAAA=2W=foreign.example=victim@srs.example.org',
  'SRS0+AAAA=2W=foreign.example=victim@srs.example.org',
  'SRS1=AAAA=foreign.example==AAAA=2W=foreign.example=victim@srs.example.org',
  'SRS0=AAAA=2W=foreign.example=victim@foreign.example',
]
const senders = ['', 'victim@foreign.example', 'kim@example.org']
/** Addresses of one session: more refusals would delay the replies. */
const BATCH = 6
/** Addresses to try after a refused MAIL. */
const WITHOUT_MAIL = 2

let world: World
let accounts: Accounts
let stranger: Issued

beforeAll(async () => {
  world = await startWorld()
  // Hundreds of logins: what a password check costs is tested elsewhere.
  accounts = await writeAccounts(world, 'SSHA512')
  stranger = createAuthority('Another organisation').issue({ names: ['mx-01.example.org'], client: true })
})
afterAll(() => world.close())

/** Steps of a client before its attempts; each leaves it unauthenticated. */
const preludes: Record<string, (client: SmtpDialogue, secure: boolean) => Promise<void>> = {
  'after EHLO': async (client) => void (await ask(client, 'EHLO client.example')),
  'after HELO with the name of a fleet node': async (client) => void (await ask(client, 'HELO mx-01.example.org')),
  'after STARTTLS without a certificate': async (client, secure) => {
    await ask(client, 'EHLO client.example')
    if (!secure) await upgrade(client, {})
  },
  'after STARTTLS with a certificate of another authority for our name': async (client, secure) => {
    await ask(client, 'EHLO client.example')
    if (!secure) await upgrade(client, { cert: stranger.certificate, key: stranger.key })
  },
  'after a failed AUTH': async (client, secure) => {
    await ask(client, 'EHLO client.example')
    if (!secure) await upgrade(client, {})
    await ask(client, `AUTH PLAIN ${btoa('\0lee\0guess')}`)
    await ask(client, 'AUTH EXTERNAL =')
  },
  'after XCLIENT': async (client) => {
    await ask(client, 'EHLO client.example')
    await ask(client, 'XCLIENT ADDR=192.0.2.25 LOGIN=lee NAME=mx-01.example.org')
  },
}

async function ask(client: SmtpDialogue, line: string): Promise<number> {
  client.send(line)
  return (await client.reply()).code
}

async function upgrade(client: SmtpDialogue, options: Parameters<SmtpDialogue['startTls']>[0]): Promise<void> {
  if ((await ask(client, 'STARTTLS')) !== 220) return
  await client.startTls(options)
  await ask(client, 'EHLO client.example')
}

/** Tries some addresses in one session and returns those that got a 250. A session that the server ends has accepted none. */
async function tryAddresses(
  open: () => Promise<SmtpDialogue>,
  sender: string,
  batch: readonly string[],
  prelude: string,
) {
  const client = await open()
  const accepted: string[] = []
  try {
    await client.reply()
    await preludes[prelude]?.(client, 'encrypted' in client.socket)
    const utf8 = batch.some((address) => /[^ -~]/.test(address))
    const admitted = (await ask(client, `MAIL FROM:<${sender}>${utf8 ? ' SMTPUTF8' : ''}`)) === 250
    for (const address of admitted ? batch : batch.slice(0, WITHOUT_MAIL))
      if ((await ask(client, `RCPT TO:<${address}>`)) === 250) accepted.push(`<${sender}> to ${address} ${prelude}`)
  } catch (error) {
    if (!/closed/.test((error as Error).message)) throw error
  }
  client.socket.destroy()
  return accepted
}

async function attack(node: WholeNode, port: number, listener: Listener): Promise<string[]> {
  const open = () =>
    connectDialogue({
      host: node.address,
      port,
      timeoutMs: 20_000,
      ...(listener.tls === 'implicit' ? { tls: { rejectUnauthorized: false } } : {}),
    })
  const batches = Array.from({ length: Math.ceil(attempts.length / BATCH) }, (_unused, n) =>
    attempts.slice(n * BATCH, (n + 1) * BATCH),
  )
  const sessions = Object.keys(preludes).flatMap((prelude) =>
    senders.flatMap((sender) => batches.map((batch) => tryAddresses(open, sender, batch, prelude))),
  )
  return (await Promise.all(sessions)).flat()
}

function wholeNode(yaml: Record<string, unknown>, role: string): Promise<WholeNode> {
  // Limits of errors would hide what the node answers without them.
  const limits = { connections_per_ip: 1000, errors_per_ip: 1_000_000, unknown_recipients_per_ip: 1_000_000 }
  const working = { ...accounts.yaml, limits }
  const peers = {
    mx: [{ host: 'mx-01.example.org', addresses: ['192.0.2.25'], fingerprints: [`sha256:${'ab'.repeat(32)}`] }],
    srs: [{ host: 'srs-01.example.org', addresses: ['192.0.2.26'] }],
  }
  return world.node({
    role: role.includes('/') ? join(root, `roles/${role}.yaml`) : role,
    listeners: listenersOf(role).map(([name]) => name),
    yaml: { peers, ...yaml, ...working },
    mail,
  })
}

const subjects = [
  ...yamlFiles('roles').map((file) => ({ file, role: basename(file, '.yaml'), yaml: {} })),
  ...yamlFiles('roles/examples').map((file) => ({ file, role: `examples/${basename(file, '.yaml')}`, yaml: {} })),
  ...yamlFiles('test/configs/good').map((file) => {
    const { peers, smarthost, admin: _admin, ...rest } = read(file)
    const kept = Object.fromEntries(Object.entries({ peers, smarthost }).filter(([, value]) => value !== undefined))
    return { file, role: String(rest['role']), yaml: kept }
  }),
].filter(({ role }) => listenersOf(role).every(([, { admit }]) => !admit.includes('local')))

it.each(subjects)('$file relays nothing for strangers', async ({ role, yaml }) => {
  const node = await wholeNode(yaml, role)
  for (const [name, listener] of listenersOf(role))
    expect(await attack(node, node.ports[name] as number, listener)).toEqual([])
  expect(node.queue()).toEqual([])
  await node.stop()
})

it('a client host sends everything to the mta nodes and nothing to the internet, whatever its programs write', async () => {
  const internet = await world.destination('foreign.example')
  const node = await world.node({
    role: 'client',
    yaml: { mail: [], dkim: undefined, srs: undefined, peers: { mta: [`${world.newAddress()}:9`] } },
  })
  for (const batch of [attempts.slice(0, 20), attempts.slice(20)]) {
    const client = await node.connect()
    await client.reply()
    await ask(client, 'EHLO localhost')
    await ask(client, 'MAIL FROM:<> SMTPUTF8')
    for (const address of batch) await ask(client, `RCPT TO:<${address}>`)
    await client.expect('DATA', '354')
    await client.expect('Subject: x\r\n\r\nx\r\n.', '250')
    client.end()
  }
  const hops = node.queue().flatMap(({ recipients }) => recipients.map(({ nextHop }) => nextHop))
  expect(hops.length).toBeGreaterThan(20)
  expect(new Set(hops)).toEqual(new Set(['peers:mta']))
  await until(() => node.ledger().some(({ kind }) => kind === 'deferred'), { what: 'an attempt' })
  expect(internet.sessions).toBe(0)
  await node.stop()
})

it('accepts messages to valid SRS addresses from the null sender only', async () => {
  const node = await wholeNode({}, 'mx')
  const encoded = await runWaypost(['srs', 'encode', 'victim@foreign.example', '-c', node.config])
  const address = encoded.stdout.trim()
  expect(address).toMatch(/^SRS0=.+@srs\.example\.org$/)
  const open = () => node.connect()
  // RCPT answers verifiers of senders; the message is what counts.
  for (const sender of ['victim@foreign.example', 'kim@example.org', 'kim@srs.example.org']) {
    const client = await open()
    await client.expect(null, '220')
    await client.expect('EHLO client.example', '250')
    await client.pipeline([`MAIL FROM:<${sender}>`, `RCPT TO:<${address}>`, 'DATA'], ['250', '250', '354'])
    await client.expect('Subject: relayed\r\n\r\nBuy!\r\n.', '550 5.7.1')
    client.end()
  }
  expect(node.queue()).toEqual([])
  expect(await tryAddresses(open, '', [address.replace('victim', 'other')], 'after EHLO')).toEqual([])
  expect(await tryAddresses(open, '', [address], 'after EHLO')).toHaveLength(1)
  await node.stop()
})

it('accepts our addresses, and authenticated users relay: the test does not pass by refusing everything', async () => {
  const mx = await wholeNode({}, 'mx')
  expect(await tryAddresses(() => mx.connect(), 'a@b.example', ['kim@example.org'], 'after EHLO')).toHaveLength(1)
  await mx.stop()
  const submission = await wholeNode({}, 'submission')
  const tls = { rejectUnauthorized: false }
  const client = await submission.connect({ port: submission.ports['submissions'] as number, tls })
  await client.expect(null, '220')
  await client.expect('EHLO client.example', '250')
  await client.expect(`AUTH PLAIN ${btoa(`\0lee\0${password}`)}`, '235')
  await client.expect('MAIL FROM:<lee@example.org>', '250')
  await client.expect('RCPT TO:<victim@foreign.example>', '250')
  client.end()
  await submission.stop()
})
