// A node with `privacy.profile: strict`: what the log shows, and export and erase of a person beside the running node.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { password, writeAccounts } from '../lib/accounts.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

const ANN = 'ann.uncommon@far.example'

let world: World
let node: WholeNode

beforeAll(async () => {
  world = await startWorld()
  await world.destination('far.example')
  const accounts = await writeAccounts(world)
  node = await world.node({
    role: 'submission',
    listeners: ['submissions', 'submission'],
    mail: { domains: ['example.org'], users: { lee: ['lee'] } },
    yaml: { ...accounts.yaml, peers: { mx: ['mx-01.example.org'] }, privacy: { profile: 'strict' } },
  })
  for (const to of [ANN, 'joe@far.example']) await submit(to)
  await node.emptied()
})
afterAll(() => world.close())

async function submit(to: string): Promise<void> {
  const client = await node.connect({ tls: { rejectUnauthorized: false } })
  await client.expect(null, '220')
  await client.expect('EHLO client.example', '250')
  await client.expect(`AUTH PLAIN ${Buffer.from(`\0lee\0${password}`).toString('base64')}`, '235')
  await client.expect('MAIL FROM:<lee@example.org>', '250')
  await client.expect(`RCPT TO:<${to}>`, '250')
  await client.expect('DATA', '354')
  await client.expect(`From: lee@example.org\r\nTo: ${to}\r\nSubject: x\r\n\r\nDear ${to}\r\n.`, '250')
  client.end()
}

const command = (...args: string[]) => runWaypost(['privacy', ...args, '-c', node.config])
const log = () => node.log().join('\n')
const filesWith = (text: string) =>
  readdirSync(node.data, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && readFileSync(join(entry.parentPath, entry.name)).includes(text))
    .map(({ name }) => name)

interface Exported {
  readonly hashes: readonly string[]
  readonly databases: readonly { readonly file: string; readonly tables: readonly { readonly table: string }[] }[]
  readonly logins: readonly { readonly file: string }[]
  readonly configuration: readonly { readonly file: string }[]
}
const exported = async (name: string) => JSON.parse((await command('export', name)).stdout) as Exported
const tablesOf = ({ databases }: Exported) =>
  databases.flatMap(({ file, tables }) => tables.map(({ table }) => `${file} ${table}`))

describe('a strict node', () => {
  it('logs hashes, which export finds again, and no address of a person or a client', async () => {
    await until(() => log().includes('"event":"delivered"'), { what: 'the delivery in the log' })
    for (const text of [ANN, 'lee@', 'user:lee', '"remote":"127']) expect(log()).not.toContain(text)
    const { hashes } = await exported(ANN)
    expect(hashes).toEqual([expect.stringMatching(/^#[0-9a-f]{20}@far\.example$/)])
    expect(log()).toContain(hashes[0])
    expect(statSync(join(node.data, 'privacy.key')).mode & 0o777).toBe(0o600)
  })

  it('has the same hashes after a restart on the same day', async () => {
    const { hashes } = await exported(ANN)
    await node.stop()
    await node.start()
    expect((await exported(ANN)).hashes).toEqual(hashes)
  })
})

describe('erase, beside the running node', () => {
  it('takes a stranger out of every octet; another recipient stays', async () => {
    expect(filesWith(ANN)).not.toEqual([])
    const plan = await command('erase', ANN)
    expect(plan).toMatchObject({ status: 1, stderr: expect.stringContaining('nothing was erased') })
    const done = await command('erase', ANN, '--yes', '--reason', 'request 7')
    expect(done).toMatchObject({ status: 0, stderr: '' })
    expect(filesWith(ANN)).toEqual([])
    expect(node.ledger().find(({ kind }) => kind === 'erased')).toMatchObject({ reason: 'request 7' })
    expect(JSON.stringify(node.ledger())).toContain('joe@far.example')
    await until(() => log().includes('"event":"erased"'), { what: 'the event in the log' })
  })

  it('takes an own user out of logins and counts, and lists the configuration', async () => {
    expect(tablesOf(await exported('lee'))).toEqual(
      expect.arrayContaining(['queue/queue.db ledger', 'accounts.db counts', 'accounts.db sent_mail']),
    )
    const done = await command('erase', 'lee@example.org', '--yes')
    expect(done.stderr).toBe('')
    expect(done.stdout).toMatch(/stays: .*passwd:1\./)
    expect(tablesOf(await exported('lee'))).toEqual([])
    // The node saves the clients of accounts at its end: the erased one must not come back.
    await node.stop()
    const known = join(node.data, 'known-clients')
    expect(existsSync(known) ? readFileSync(known, 'utf8') : '').not.toContain('lee')
    await node.start()
  })

  it('of a stopped node works too', async () => {
    await submit(ANN)
    await node.emptied()
    await node.stop()
    expect(await command('erase', ANN, '--yes')).toMatchObject({ status: 0, stderr: '' })
    expect(filesWith(ANN)).toEqual([])
  })
})
