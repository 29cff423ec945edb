// The environment of tests with whole nodes: a temporary directory, DNS, a certificate authority, remote mail hosts, and nodes as real
// processes. Every node and host has its own loopback address, so that several environments can run at the same time. tested-program.ts says
// from which files they start.

import { randomInt } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { type Sent, sendTestMail, type TestMail } from '../../src/cli/mail/mail-client.ts'
import { type Authority as Dns, startAuthority } from '../../src/demo/authority.ts'
import { type Authority, createAuthority } from '../../src/demo/ca.ts'
import { type NodeProcess, startNodeProcess } from '../../src/demo/node-process.ts'
import { generateKey } from '../../src/dkim/key-store.ts'
import type { Event } from '../../src/observe/events.ts'
import type { ListedMessage } from '../../src/queue/contract/queue-reader.ts'
import { freePort } from './free-port.ts'
import { hasQueue } from '../../src/queue/sqlite/database/database.ts'
import { expectNoSecret, expectNoSecretInFiles, plant, secretsBelow } from './planted-secrets.ts'
import { unplacedListeners } from './role-listeners.ts'
import { SyncQueueReader } from './sync-queue-reader.ts'
import { connectDialogue, type DialogueOptions, type SmtpDialogue } from './smtp-dialogue.ts'
import { type PeerOptions, type SmtpPeer, startSmtpPeer } from './smtp-peer.ts'
import { testedProgram } from './tested-program.ts'
import { until } from './until.ts'

export interface NodeSettings {
  /** Name of a role, or path of a role file. */
  readonly role: string
  /** Keys of the node's YAML that differ from the defaults of these tests. */
  readonly yaml?: Readonly<Record<string, unknown>>
  /** Content of mail.yaml; by default one user with a forward to far.example. */
  readonly mail?: Readonly<Record<string, unknown>>
  /** Networks of load balancers in front of each listener. */
  readonly proxy?: readonly string[]
  /** Names of the role's listeners; `smtp` by default. */
  readonly listeners?: readonly string[]
  /** Whether to start the node at once; true by default. */
  readonly start?: boolean
}

export interface WholeNode {
  readonly config: string
  readonly data: string
  readonly address: string
  /** Ports of the listeners by name. */
  readonly ports: Readonly<Record<string, number>>
  readonly port: number
  readonly pid: number
  start(): Promise<void>
  /** Sends SIGTERM by default; resolves when the process has ended. */
  stop(signal?: NodeJS.Signals): Promise<void>
  /** Sends SIGHUP; resolves with the log line of the result. */
  reload(): Promise<string>
  /** Changes keys of the node's YAML and writes the file; `undefined` removes a key. */
  configure(changes: Readonly<Record<string, unknown>>): void
  /** Replaces mail.yaml. */
  route(mail: Readonly<Record<string, unknown>>): void
  /** Lines of the log since the first start. */
  log(): string[]
  ledger(): Event[]
  queue(): ListedMessage[]
  /** Names of the files in the spool. */
  spool(): string[]
  /** Resolves when the queue is empty. */
  emptied(ms?: number): Promise<void>
  /** What the admin listener shows; empty without one, and for a node that does not run. */
  metrics(): Promise<string>
  /** Log and ledger, as texts. */
  outputs(): readonly (readonly [what: string, text: string])[]
  connect(options?: Partial<DialogueOptions>): Promise<SmtpDialogue>
  send(mail: Partial<TestMail> & { readonly to: readonly string[] }): Promise<Sent>
}

export interface World {
  readonly folder: string
  readonly dns: Dns
  readonly ca: Authority
  /** The port of every MX host of this environment. */
  readonly mxPort: number
  /** A loopback address that is not used yet. */
  newAddress(): string
  /** Starts a remote mail host, the MX of the domain. */
  destination(domain: string, options?: PeerOptions): Promise<SmtpPeer>
  node(settings: NodeSettings): Promise<WholeNode>
  close(): Promise<void>
}

const plainMail = 'Subject: Hello\r\n\r\nThis is a mail.\r\n'
plant('This is a mail.')
/** The routing data of a node without other ones. */
export const DEFAULT_MAIL = { domains: ['example.org'], forwards: { kim: 'kim@far.example' } }

/** Starts an environment; close it after the tests. */
export async function startWorld(): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'waypost-world-'))
  const dns = await startAuthority({})
  const ca = createAuthority('Test')
  writeFileSync(join(folder, 'ca.pem'), ca.certificate)
  writeFileSync(join(folder, 'srs.secret'), 'a secret only for tests\n', { mode: 0o600 })
  const signing = { domain: 'example.org', selector: 'ed', algorithm: 'ed25519-sha256', stage: 'active' } as const
  mkdirSync(join(folder, 'dkim'))
  await generateKey(join(folder, 'dkim'), { ...signing, now: Date.now() })
  const net = `127.${randomInt(1, 255)}.${randomInt(1, 255)}`
  let last = 0
  const newAddress = () => `${net}.${++last}`
  const mxPort = await freePort(newAddress())
  const nodes: WholeNode[] = []
  const hosts: SmtpPeer[] = []
  const world: World = {
    folder,
    dns,
    ca,
    mxPort,
    newAddress,
    destination: async (domain, options = {}) => {
      const host = newAddress()
      const peer = await startSmtpPeer({ ...options, host, port: mxPort })
      hosts.push(peer)
      dns.zone.set(domain, { ...dns.zone.get(domain), MX: `10 mx.${domain}` })
      dns.zone.set(`mx.${domain}`, { A: host })
      return peer
    },
    node: async (settings) => {
      const node = await prepareNode(world, settings, nodes.length + 1)
      nodes.push(node)
      if (settings.start !== false) await node.start()
      return node
    },
    close: async () => {
      const metrics = await Promise.all(nodes.map((node) => node.metrics()))
      await Promise.all(nodes.map((node) => node.stop('SIGKILL')))
      await Promise.all([...hosts.map((host) => host.close()), dns.close()])
      try {
        const secrets = secretsBelow(folder)
        for (const [place, node] of nodes.entries())
          for (const [what, text] of [['metrics', metrics[place] ?? ''], ...node.outputs()] as const)
            expectNoSecret(text, `${what} of ${node.config}`, secrets)
        for (const node of nodes) expectNoSecretInFiles(node.data)
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    },
  }
  return world
}

async function prepareNode(world: World, settings: NodeSettings, number: number): Promise<WholeNode> {
  const folder = join(world.folder, `node-${number}`)
  const data = join(folder, 'data')
  mkdirSync(data, { recursive: true })
  const address = world.newAddress()
  const hostname = `node-${number}.example.org`
  const issued = world.ca.issue({ names: [hostname], ips: [address] })
  writeFileSync(join(folder, 'node.pem'), issued.certificate)
  writeFileSync(join(folder, 'node.key'), issued.key, { mode: 0o600 })
  const ports: Record<string, number> = {}
  for (const name of settings.listeners ?? ['smtp']) ports[name] = await freePort(address)
  const yaml = {
    role: settings.role,
    hostname,
    domain: 'example.org',
    data,
    listen: Object.fromEntries(
      Object.entries(ports).map(([name, port]) => [name, listenerAt(`${address}:${port}`, settings)]),
    ),
    tls: { certificate: 'node.pem', key: 'node.key' },
    mail: ['mail.yaml'],
    dns: { servers: [`${world.dns.host}:${world.dns.port}`] },
    dkim: { keys: '../dkim' },
    // Clients of these tests connect from 127.0.0.1; for an srs node they are the mx.
    peers: { mx: [{ host: '127.0.0.1', addresses: ['127.0.0.1/32'] }] },
    srs: { domain: 'srs.example.org', secrets: ['../srs.secret'] },
    delivery: { mx_port: world.mxPort },
    queue: { minimal_backoff: '1s', maximal_backoff: '1s', min_free: '1M' },
    ...settings.yaml,
  }
  const unplaced = unplacedListeners(settings.role, yaml.listen)
  if (unplaced.length > 0) throw new Error(`name the listeners ${unplaced.join(', ')} of the role ${settings.role} too`)
  const node = buildNode({ folder, data, address, ports })
  node.configure(yaml)
  node.route(settings.mail ?? DEFAULT_MAIL)
  return node
}

function listenerAt(address: string, { proxy }: NodeSettings): unknown {
  return proxy === undefined ? address : { address, proxy }
}

interface Place {
  readonly folder: string
  readonly data: string
  readonly address: string
  readonly ports: Readonly<Record<string, number>>
}

function buildNode({ folder, data, address, ports }: Place): WholeNode {
  const config = join(folder, 'node.yaml')
  const logFile = join(folder, 'log')
  const port = Object.values(ports)[0] as number
  let yaml: Readonly<Record<string, unknown>> = {}
  let running: NodeProcess | null = null
  const log = () => readFileSync(logFile, 'utf8').split('\n').filter(Boolean)
  const read = <T>(look: (reader: SyncQueueReader) => T): T => readQueue(join(data, 'queue'), look)
  return {
    config,
    data,
    address,
    ports,
    port,
    get pid() {
      if (!running) throw new Error('the node is not running')
      return running.pid
    },
    start: async () => {
      running = await startNodeProcess(config, logFile, testedProgram())
    },
    stop: async (signal = 'SIGTERM') => {
      await running?.stop(signal)
      running = null
    },
    reload: async () => {
      const before = log().length
      const result = () =>
        log()
          .slice(before)
          .find((line) => /"msg":"(reload|the new certificate)/.test(line))
      process.kill(running?.pid ?? 0, 'SIGHUP')
      await until(() => result() !== undefined, { what: 'the log line of the reload' })
      return result() as string
    },
    configure: (changes) => {
      yaml = { ...yaml, ...changes }
      writeFileSync(config, stringify(yaml))
    },
    route: (mail) => writeFileSync(join(folder, 'mail.yaml'), stringify(mail)),
    log,
    ledger: () => read((reader) => [...reader.ledger()]),
    queue: () => read((reader) => [...reader.list()]),
    spool: () => filesBelow(join(data, 'queue', 'spool')),
    emptied: (ms = 20_000) =>
      until(() => read((reader) => reader.stats().messages) === 0, { what: 'the queue to be empty', timeout: ms }),
    metrics: () => (running ? metricsOf(yaml) : Promise.resolve('')),
    outputs: () => [
      ['the log', existsSync(logFile) ? readFileSync(logFile, 'utf8') : ''],
      ['the ledger', hasQueue(join(data, 'queue')) ? JSON.stringify(read((reader) => [...reader.ledger()])) : ''],
    ],
    connect: async (options = {}) => connectDialogue({ host: address, port, ...options }),
    send: (mail) => {
      if (mail.login) plant(mail.login.password)
      return sendTestMail({
        host: address,
        port,
        security: 'none',
        from: 'ann@sender.example',
        message: plainMail,
        ...mail,
      })
    },
  }
}

/** Metrics and health. A node that ends at this moment has none. */
async function metricsOf(yaml: Readonly<Record<string, unknown>>): Promise<string> {
  const { listen } = (yaml['admin'] ?? {}) as { readonly listen?: unknown }
  if (typeof listen !== 'string') return ''
  const pages = ['/metrics', '/healthz'].map((path) =>
    fetch(`http://${listen}${path}`, { signal: AbortSignal.timeout(10_000) }).then((page) => page.text()),
  )
  return (await Promise.all(pages).catch(() => [])).join('\n')
}

function readQueue<T>(directory: string, look: (reader: SyncQueueReader) => T): T {
  const reader = new SyncQueueReader(directory)
  try {
    return look(reader)
  } finally {
    reader.close()
  }
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)
}
