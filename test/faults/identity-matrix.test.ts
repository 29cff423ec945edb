// What each client may send, generated: role × listener × TLS × login × reverse-path × From: × recipient. Each cell is judged by the rule below, which
// knows nothing of the program, so that no path to relay exists without an identity, and no identity lends its name to another.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { parse } from 'yaml'
import { createAuthority, type Issued } from '../../src/demo/ca.ts'
import { type Accounts, password, writeAccounts } from '../lib/accounts.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import { connectDialogue, type SmtpDialogue } from '../lib/smtp-dialogue.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

type Tls = 'plain' | 'starttls' | 'implicit'
type Login = 'none' | 'wrong password' | 'password' | 'app password' | 'machine' | 'certificate of a stranger'
type Who = 'self' | 'other' | 'foreign'

interface Listener {
  readonly tls: 'none' | 'starttls' | 'starttls-required' | 'implicit'
  readonly admit: readonly string[]
}

interface Client {
  readonly role: string
  readonly listener: Listener
  readonly tls: Tls
  readonly login: Login
  /** Its address is that of a peer, if the role has peers by address. */
  readonly isListed: boolean
}

interface Cell {
  readonly sender: Who | 'null'
  readonly author: Who
  readonly recipient: 'ours' | 'forward' | 'foreign'
}

const senders = ['self', 'other', 'foreign', 'null'] as const
const authors = ['self', 'other', 'foreign'] as const
const recipients = ['ours', 'forward', 'foreign'] as const
const logins: readonly Login[] = [
  'none',
  'wrong password',
  'password',
  'app password',
  'machine',
  'certificate of a stranger',
]

/** What a client has proven: the rule of the roles, in words of docs/explanation/security-model.md. */
function provenBy({ listener, tls, login, isListed }: Client): 'peer' | 'internet' | 'local' | 'account' | null {
  const { admit } = listener
  if (admit.includes('peers') && isListed) return 'peer'
  if (admit.includes('local')) return 'local'
  if (admit.includes('internet')) return 'internet'
  if (tls === 'plain') return null
  if (admit.includes('users') && (login === 'password' || login === 'app password')) return 'account'
  return admit.includes('machines') && login === 'machine' ? 'account' : null
}

function mayPass(client: Client, { sender, author, recipient }: Cell): boolean {
  switch (provenBy(client)) {
    case null:
      return false
    case 'internet':
      return recipient !== 'foreign'
    case 'account':
      return (sender === 'self' || sender === 'null') && author === 'self'
    // The mx has not proven an author of ours, so the message does not leave with an envelope of ours.
    case 'peer':
      return recipient === 'ours' || author === 'foreign' || sender === 'foreign'
    case 'local':
      return true
  }
}

const root = join(import.meta.dirname, '../..')
const listenersOf = (role: string) =>
  Object.entries(
    (parse(readFileSync(join(root, `roles/${role}.yaml`), 'utf8')) as { listeners: Record<string, Listener> })
      .listeners,
  )
const mail = {
  domains: ['example.org'],
  users: { lee: null, gina: null },
  forwards: { kim: 'kim@far.example' },
  transports: { 'lists.example.org': 'smtp:[127.0.0.1]:9' },
}

let world: World
let accounts: Accounts
let stranger: Issued
let apps: string
let appSecret: string

beforeAll(async () => {
  world = await startWorld()
  // Hundreds of logins: what a password check costs is tested elsewhere.
  accounts = await writeAccounts(world, 'SSHA512')
  stranger = createAuthority('Another organisation').issue({ names: ['ci-01.example.org'], client: true })
  apps = join(world.folder, 'apps')
  const node = await world.node({ ...nodeOf('submission'), start: false })
  const added = await runWaypost(['passwd', 'app', 'add', 'lee', '--label', 'phone', '-c', node.config])
  appSecret = added.stdout.trim()
  expect(added.status).toBe(0)
})
afterAll(() => world.close())

function nodeOf(role: string) {
  const most = 1_000_000
  const limits = { connections_per_ip: 1000, errors_per_ip: most, unknown_recipients_per_ip: most }
  const hosts = { mx: [{ host: '127.0.0.1', addresses: ['127.0.0.1/32'] }], srs: ['127.0.0.1:9'], mta: ['127.0.0.1:9'] }
  const client = { mail: [], dkim: undefined, srs: undefined, peers: { mta: ['127.0.0.1:9'] } }
  const yaml =
    role === 'client' ? client : { ...accounts.yaml, app_passwords: apps, peers: hosts, account_limits: undefined }
  return { role, listeners: listenersOf(role).map(([name]) => name), yaml: { limits, ...yaml }, mail }
}

const identityOf = (login: Login) => (login === 'machine' ? 'ci-01' : 'lee')
const addressOf = (who: Who | 'null', login: Login) =>
  ({ self: `${identityOf(login)}@example.org`, other: 'gina@example.org', foreign: 'eve@foreign.example', null: '' })[
    who
  ]
const recipientOf = {
  ours: 'team@lists.example.org',
  forward: 'kim@example.org',
  foreign: 'victim@far.example',
} as const

async function code(client: SmtpDialogue, line: string): Promise<number> {
  client.send(line)
  return (await client.reply()).code
}

const pemOf = (login: Login) => {
  const issued = login === 'machine' ? accounts.machine : login === 'certificate of a stranger' ? stranger : null
  return { rejectUnauthorized: false, ...(issued && { cert: issued.certificate, key: issued.key }) }
}

/** Everything up to MAIL. */
async function opened(
  node: WholeNode,
  port: number,
  { tls, login }: Client,
  localAddress: string,
): Promise<SmtpDialogue> {
  const secure = tls === 'implicit' ? { tls: pemOf(login) } : {}
  const client = await connectDialogue({ host: node.address, port, localAddress, timeoutMs: 30_000, ...secure })
  await client.reply()
  await code(client, 'EHLO client.example')
  if (tls === 'starttls' && (await code(client, 'STARTTLS')) === 220) {
    await client.startTls(pemOf(login))
    await code(client, 'EHLO client.example')
  }
  const secret = { 'wrong password': 'guess', password, 'app password': appSecret }[login as string]
  if (secret !== undefined) await code(client, `AUTH PLAIN ${btoa(`\0lee\0${secret}`)}`)
  if (login === 'machine' || login === 'certificate of a stranger') await code(client, 'AUTH EXTERNAL =')
  return client
}

type Passed = 'accepted' | 'refused' | 'refused at MAIL'

async function passes(client: SmtpDialogue, login: Login, { sender, author, recipient }: Cell): Promise<Passed> {
  if ((await code(client, `MAIL FROM:<${addressOf(sender, login)}>`)) !== 250) return 'refused at MAIL'
  const admitted = (await code(client, `RCPT TO:<${recipientOf[recipient]}>`)) === 250
  if (admitted && (await code(client, 'DATA')) === 354) {
    client.write(`From: ${addressOf(author, login)}\r\nSubject: x\r\n\r\nx\r\n.\r\n`)
    return (await client.reply()).code === 250 ? 'accepted' : 'refused'
  }
  await code(client, 'RSET')
  return 'refused'
}

/** The cells of one reverse-path and author. A session has three messages: more refusals would delay the replies. */
async function session(open: () => Promise<SmtpDialogue>, login: Login, pair: Omit<Cell, 'recipient'>) {
  const dialogue = await open().catch(() => null)
  const passed: { readonly cell: Cell; readonly result: Passed }[] = []
  for (const recipient of recipients) {
    const cell = { ...pair, recipient }
    // A session that the server has ended accepts nothing.
    const result =
      dialogue === null ? 'refused at MAIL' : await passes(dialogue, login, cell).catch(() => 'refused' as const)
    passed.push({ cell, result })
  }
  dialogue?.socket.destroy()
  return passed
}

/** The cells whose result is not that of the rule. */
async function wrongCells(node: WholeNode, port: number, client: Client): Promise<string[]> {
  const localAddress = client.isListed ? '127.0.0.1' : world.newAddress()
  const open = () => opened(node, port, client, localAddress)
  const wrong: string[] = []
  // Each failed login counts: one reverse-path is enough.
  for (const sender of client.login === 'wrong password' ? (['self'] as const) : senders)
    for (const author of authors) {
      const results = await session(open, client.login, { sender, author })
      for (const { cell, result } of results)
        if ((result === 'accepted') !== mayPass(client, cell))
          wrong.push(JSON.stringify({ ...client, ...cell, result }))
      // The author is not known at MAIL, so the other authors have the same result.
      if (results.every(({ result }) => result === 'refused at MAIL')) {
        if (
          authors.some((other) => recipients.some((recipient) => mayPass(client, { sender, author: other, recipient })))
        )
          wrong.push(JSON.stringify({ ...client, sender, result: 'refused at MAIL' }))
        break
      }
    }
  return wrong
}

function tlsStates({ tls }: Listener): readonly Tls[] {
  if (tls === 'implicit') return ['implicit']
  return tls === 'none' ? ['plain'] : ['plain', 'starttls']
}

it.each(['mx', 'srs', 'submission', 'mta', 'client', 'solo'])('every cell of the role %s', async (role) => {
  const node = await world.node(nodeOf(role))
  const tests = listenersOf(role).flatMap(([name, listener]) =>
    tlsStates(listener).flatMap((tls) =>
      logins.flatMap((login) =>
        (role === 'srs' ? [true, false] : [false]).map((isListed) =>
          wrongCells(node, node.ports[name] as number, { role, listener, tls, login, isListed }),
        ),
      ),
    ),
  )
  expect((await Promise.all(tests)).flat()).toEqual([])
  await node.stop('SIGKILL')
})
