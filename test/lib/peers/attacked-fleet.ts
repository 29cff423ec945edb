// A fleet whose mail to the internet is attacked: one node of each role, unbound that validates the signed zone of nsd, an attacker between
// them, and an attacker in front of each mail host. A cell is one receiving domain: what it promises, and how it is attacked.

import { createHash, randomBytes, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodeSrs } from '../../../src/route/srs/srs.ts'
import { password, writeAccounts } from '../accounts.ts'
import { type DnsForger, startDnsForger } from '../dns-forger.ts'
import { freePort } from '../free-port.ts'
import { type ManInTheMiddle, startManInTheMiddle } from '../man-in-the-middle.ts'
import { startPolicyServer } from '../policy-server.ts'
import type { SmtpDialogue } from '../smtp-dialogue.ts'
import { type PeerMessage, startSmtpPeer } from '../smtp-peer.ts'
import { startWorld, type WholeNode, type World } from '../whole-node.ts'
import { type Cell, cells, hostOf, type Kind, promises, type PromiseOfDomain, withPolicy } from './attacked-cells.ts'
import { forgeriesOf, interceptionsOf, policyFor, type Receiver, type Receivers, zonesOf } from './attacked-records.ts'
import { startDnsServers } from './dns-servers.ts'

export interface AttackedFleet {
  readonly cells: readonly Cell[]
  /** The node that sends messages of the kind to the internet. */
  readonly sender: Readonly<Record<Kind, WholeNode>>
  /** In the subject and the body of each message. */
  readonly marker: string
  readonly forger: DnsForger
  /** The metrics of the srs node. */
  metrics(): Promise<string>
  /** What the attackers of a domain could read. */
  readBy(cell: Cell): Buffer
  /** Messages that arrived at the receivers of all domains. */
  arrived(): readonly PeerMessage[]
  /** Sends one message of each kind to each of these domains. The local part of the recipient is the kind, with the prefix in front. */
  send(cells: readonly Cell[], prefix: '' | 'early-'): Promise<void>
  /** Sends the message again whose sender gets a report. */
  causeReport(cell: Cell): Promise<void>
  begin(): void
  end(): void
  close(): Promise<void>
}

const SRS_DOMAIN = 'srs.example.org'
/** Between attempts: each of them asks unbound for names that it validates again. */
const RETRY = '15s'
/** Sessions of strangers at a time. */
const STRANGERS = 6

export async function startAttackedFleet(): Promise<AttackedFleet> {
  const world = await startWorld()
  const marker = `marker-${randomBytes(8).toString('hex')}`
  const server = await startPolicyServer(world.ca, { host: world.newAddress() })
  const evil = `evil.plain.test`
  const receivers = await startReceivers(world)
  const stage = new Map<string, { readonly cell: Cell; readonly middle: ManInTheMiddle }>()
  const attackOf = interceptionsOf(world)
  const addresses = new Map<string, string>()
  for (const cell of cells) {
    const at = { host: world.newAddress(), port: world.mxPort }
    const middle = await startManInTheMiddle(at, placeOf(world, receivers, cell), { kind: 'pass' })
    stage.set(cell.label, { cell, middle })
    addresses.set(cell.label, at.host)
    if (withPolicy.has(cell.promise)) server.answers.set(`mta-sts.${cell.domain}`, policyFor(cell))
  }
  const evilAt = { host: world.newAddress(), port: world.mxPort }
  const evilMiddle = await startManInTheMiddle(evilAt, placeOf(world, receivers, cells[0] as Cell), {
    kind: 'impersonate',
    ...world.ca.issue({ names: [`mx.${evil}`] }),
  })
  let forger: DnsForger | null = null
  const others = [
    `mx.evil A ${evilAt.host}`,
    `gone MX 10 mx.gone\nmx.gone A ${(receivers.get('none') as Receiver).host}`,
  ].join('\n')
  const zones = zonesOf(world, { addresses, server, receivers, others })
  const dns = await startDnsServers(zones, {
    closed: true,
    forgets: true,
    signed: { 'signed.test': {} },
    between: async (authority) => {
      forger = await startDnsForger(authority)
      return forger.port
    },
  })
  if (!forger) throw new Error('unbound has no forger before it')
  const attacker: DnsForger = forger
  const nodes = await startNodes(world, { dnsPort: dns.port, policyPort: server.port })
  const forge = () => {
    for (const cell of cells)
      for (const [key, forgery] of forgeriesOf(cell, world.mxPort, evilAt.host, receivers))
        attacker.forgeries.set(key, forgery)
  }
  return {
    cells,
    sender: {
      user: nodes.submission,
      machine: nodes.mta,
      forward: nodes.srs,
      dsn: nodes.srs,
      bounce: nodes.mx,
    },
    marker,
    forger: attacker,
    metrics: async () => (await fetch(nodes.metrics)).text(),
    readBy: ({ label }) => Buffer.concat([stage.get(label)?.middle.read() ?? Buffer.alloc(0), evilMiddle.read()]),
    arrived: () => [...receivers.values()].flatMap(({ peer }) => peer.messages),
    send: (chosen, prefix) => sendAll(world, nodes, { chosen, prefix, marker }),
    causeReport: async (cell) => {
      const client = await session(nodes.mx, 'smtp')
      const suffix = cell.promise === 'keep' ? ' REQUIRETLS' : ''
      await transaction(client, { from: `dsn@${cell.domain}`, suffix, to: ['gone@example.org'], marker })
      client.end()
    },
    begin: () => {
      for (const { cell, middle } of stage.values()) middle.interception = attackOf(cell)
      forge()
    },
    end: () => {
      for (const { middle } of stage.values()) middle.interception = { kind: 'pass' }
      attacker.forgeries.clear()
    },
    close: async () => {
      await Promise.all([...[...stage.values()].map(({ middle }) => middle.close()), evilMiddle.close()])
      await world.close()
      await Promise.all([dns.close(), attacker.close(), server.close()])
      await Promise.all([...receivers.values()].map(({ peer }) => peer.close()))
    },
  }
}

/** One host for each promise, whose certificate names the host of each of its domains. */
async function startReceivers(world: World): Promise<Receivers> {
  const receivers = new Map<PromiseOfDomain, Receiver>()
  for (const promise of promises) {
    const host = world.newAddress()
    const names = cells.filter((cell) => cell.promise === promise).map(hostOf)
    const { certificate: cert, key } = world.ca.issue({ names })
    const extensions = ['PIPELINING', '8BITMIME', ...(promise === 'keep' ? ['REQUIRETLS'] : [])]
    const peer = await startSmtpPeer({ host, port: world.mxPort, tls: { cert, key }, extensions })
    const spki = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' })
    receivers.set(promise, { peer, host, digest: createHash('sha256').update(spki).digest() })
  }
  return receivers
}

function placeOf(world: World, receivers: Receivers, { promise }: Cell) {
  return { host: (receivers.get(promise) as Receiver).host, port: world.mxPort }
}

type Nodes = Readonly<Record<'mx' | 'srs' | 'submission' | 'mta', WholeNode>> & {
  readonly machine: Certificate
  /** Of the srs node. */
  readonly metrics: string
}

interface Certificate {
  readonly certificate: string
  readonly key: string
}

const forwardName = (prefix: string, { label }: Cell) => `${prefix}${label.replaceAll('.', '-')}`

async function startNodes(
  world: World,
  { dnsPort, policyPort }: { readonly dnsPort: number; readonly policyPort: number },
): Promise<Nodes> {
  const accounts = await writeAccounts(world)
  const forwards = Object.fromEntries(
    cells.flatMap((cell) =>
      ['', 'early-'].map((prefix) => [forwardName(prefix, cell), `${prefix}forward@${cell.domain}`]),
    ),
  )
  const mail = {
    domains: ['example.org'],
    users: { lee: null },
    // The receiver refuses it, so that the sender gets a DSN.
    forwards: { ...forwards, gone: 'permfail-rcpt@gone.plain.test' },
  }
  const ca = join(world.folder, 'ca.pem')
  const common = {
    dns: { servers: [`127.0.0.1:${dnsPort}`] },
    tls: { certificate: 'node.pem', key: 'node.key', ca },
    queue: { minimal_backoff: RETRY, maximal_backoff: RETRY, min_free: '1M' },
    delivery: {
      mx_port: world.mxPort,
      public_ca: ca,
      policy_port: policyPort,
      mandatory_tls: ['*.mandatory.plain.test'],
      destinations: { '*.secure.plain.test': { tls: 'secure', ca } },
    },
  }
  const admin = `127.0.0.1:${await freePort()}`
  const srs = await world.node({ role: 'srs', mail, yaml: { ...common, admin: { listen: admin } } })
  const peers = { srs: [`${srs.address}:${srs.port}`] }
  const mx = await world.node({ role: 'mx', mail, yaml: { ...common, peers } })
  const inside = { mx: [`${mx.address}:${mx.port}`] }
  const submission = await world.node({
    role: 'submission',
    listeners: ['submissions', 'submission'],
    mail,
    yaml: { ...common, users: accounts.yaml.users, peers: inside },
  })
  const mta = await world.node({
    role: 'mta',
    listeners: ['submission'],
    mail,
    yaml: { ...common, machines: accounts.yaml.machines, peers: inside },
  })
  return { mx, srs, submission, mta, machine: accounts.machine, metrics: `http://${admin}/metrics` }
}

interface Batch {
  readonly chosen: readonly Cell[]
  readonly prefix: string
  readonly marker: string
}

/** Messages to domains that keep REQUIRETLS are separate transactions. */
async function sendAll(world: World, nodes: Nodes, batch: Batch): Promise<void> {
  const { chosen, prefix, marker } = batch
  const user = await session(nodes.submission, 'submission')
  await user.expect(`AUTH PLAIN ${Buffer.from(`\0lee\0${password}`).toString('base64')}`, '235')
  const { machine } = nodes
  const host = await session(nodes.mta, 'submission', { cert: machine.certificate, key: machine.key })
  for (const isKept of [false, true]) {
    const group = chosen.filter(({ promise }) => (promise === 'keep') === isKept)
    if (group.length === 0) continue
    const suffix = isKept ? ' REQUIRETLS' : ''
    const to = (kind: Kind) => group.map(({ domain }) => `${prefix}${kind}@${domain}`)
    await transaction(user, { from: 'lee@example.org', suffix, to: to('user'), marker })
    await transaction(host, { from: 'ci-01@example.org', suffix, to: to('machine'), marker })
    const waiting = [...group]
    await Promise.all(
      Array.from({ length: STRANGERS }, () => sendAsStranger(world, nodes.mx, { waiting, suffix, batch })),
    )
  }
  for (const client of [user, host]) client.end()
}

/** A message that is forwarded, one whose sender gets a DSN, and a bounce, for each cell that is left. */
async function sendAsStranger(
  world: World,
  mx: WholeNode,
  { waiting, suffix, batch }: { readonly waiting: Cell[]; readonly suffix: string; readonly batch: Batch },
): Promise<void> {
  const { prefix, marker } = batch
  const client = await session(mx, 'smtp')
  for (let cell = waiting.shift(); cell; cell = waiting.shift()) {
    const { domain } = cell
    const to = [`${forwardName(prefix, cell)}@example.org`]
    await transaction(client, { from: 'ann@strip.none.plain.test', suffix, to, marker })
    await transaction(client, { from: `${prefix}dsn@${domain}`, suffix, to: ['gone@example.org'], marker })
    const bounce = encodeSrs(`${prefix}bounce@${domain}`, Date.now(), {
      domain: SRS_DOMAIN,
      secrets: [readFileSync(join(world.folder, 'srs.secret'), 'utf8').trim()],
    })
    if (bounce.kind !== 'rewritten') throw new Error(`no SRS address for ${domain}: ${bounce.kind}`)
    await transaction(client, { from: '', suffix, to: [bounce.address], marker })
  }
  client.end()
}

async function session(
  node: WholeNode,
  listener: string,
  tls: { readonly cert?: string; readonly key?: string } = {},
): Promise<SmtpDialogue> {
  const client = await node.connect({ port: node.ports[listener] as number })
  await client.expect(null, '220')
  await client.expect('EHLO client.example', '250')
  await client.expect('STARTTLS', '220')
  await client.startTls(tls)
  await client.expect('EHLO client.example', '250')
  return client
}

async function transaction(
  client: SmtpDialogue,
  {
    from,
    suffix,
    to,
    marker,
  }: { readonly from: string; readonly suffix: string; readonly to: readonly string[]; readonly marker: string },
): Promise<void> {
  const recipients = to.map((address) => `RCPT TO:<${address}>`)
  await client.pipeline(
    [`MAIL FROM:<${from}>${suffix}`, ...recipients, 'DATA'],
    ['250', ...recipients.map(() => '250'), '354'],
  )
  const header = `From: ${from || 'postmaster@far.example'}\r\nSubject: ${marker}\r\nMessage-ID: <${randomBytes(6).toString('hex')}@t.example>`
  await client.expect(`${header}\r\n\r\n${marker}\r\n.`, '250')
}
