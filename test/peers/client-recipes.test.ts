// The recipes of docs/how-to/clients.md, run by the programs of others against a submission node. Only names, ports and paths of this machine
// are replaced.

import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { password, writeAccounts } from '../lib/accounts.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { runEximConfiguration } from '../lib/peers/exim.ts'
import { startPostfix } from '../lib/peers/postfix.ts'
import type { SmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/how-to/clients.md'), 'utf8')
const friend = 'friend@far.example'

describe.runIf(ensurePeers(['postfix', 'exim', 'msmtp']))('the recipes for mail programs', () => {
  let world: World
  let node: WholeNode
  let far: SmtpPeer
  let secret: string

  beforeAll(async () => {
    world = await startWorld()
    far = await world.destination('far.example')
    const accounts = await writeAccounts(world)
    node = await world.node({
      role: 'submission',
      listeners: ['submissions', 'submission'],
      mail: { domains: ['example.org'], aliases: { lee: 'lee@home.example' } },
      yaml: { ...accounts.yaml, peers: { mx: ['mx-01.example.org'] } },
    })
    secret = join(world.folder, 'smtp-password')
    writeFileSync(secret, password)
    // Exim and Postfix read files as users of theirs.
    chmodSync(world.folder, 0o755)
    chmodSync(secret, 0o644)
  })
  afterAll(() => world.close())

  /** The block of this language, for the node of this test. */
  function recipe(language: string): string {
    const block = new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\``, 'm').exec(page)?.[1]
    if (block === undefined) throw new Error(`clients.md has no block ${language}`)
    const { submissions, submission } = node.ports
    return block
      .replaceAll(/\b(port |smtp\.example\.org", |::|\]:)(465|587)\b/g, (_, before: string, port: string) => {
        return `${before}${port === '465' ? submissions : submission}`
      })
      .replaceAll('smtp.example.org', node.address)
      .replaceAll('/etc/ssl/certs/ca-certificates.crt', join(world.folder, 'ca.pem'))
      .replaceAll(/~\/\.smtp-password|\/etc\/exim4\/smtp-password/g, secret)
      .replaceAll('/etc/postfix/sasl-passwords', join(world.folder, 'sasl-passwords'))
      .replaceAll('PASSWORD', password)
  }

  const message = (subject: string) => `From: lee@example.org\nTo: ${friend}\nSubject: ${subject}\n\nHello\n`
  const arrival = async (subject: string) => {
    const found = () => far.messages.find(({ data }) => data.includes(`Subject: ${subject}\r\n`))
    await until(() => found() !== undefined, { what: subject, timeout: 30_000 })
    expect(found()?.data.toString()).toContain('DKIM-Signature:')
  }

  it('msmtp', async () => {
    const file = join(world.folder, 'msmtprc')
    writeFileSync(file, recipe('msmtprc'), { mode: 0o600 })
    const run = spawnSync('msmtp', [`--file=${file}`, friend], { input: message('by-msmtp'), encoding: 'utf8' })
    expect(run).toMatchObject({ status: 0, stderr: '' })
    await arrival('by-msmtp')
  })

  it('Postfix', async () => {
    writeFileSync(join(world.folder, 'sasl-passwords'), recipe('sasl-passwords'))
    const main = Object.fromEntries(
      recipe('postfix')
        .trim()
        .split('\n')
        .map((row) => row.split(/ = (.*)/s).slice(0, 2) as [string, string]),
    )
    // The certificate of this node has its address in place of the name.
    const postfix = await startPostfix({ main: { ...main, smtp_tls_secure_cert_match: 'node-1.example.org' } })
    try {
      postfix.sendmail('lee@example.org', [friend], message('by-postfix'))
      await arrival('by-postfix')
    } finally {
      await postfix.stop()
    }
  })

  it('Exim', async () => {
    const folder = join(world.folder, 'exim')
    mkdirSync(folder)
    const log = runEximConfiguration(folder, recipe('exim'), {
      sender: 'lee@example.org',
      recipient: friend,
      message: message('by-exim'),
    })
    await arrival('by-exim').catch((error: Error) => {
      throw new Error(`${error.message}\n${log}`)
    })
  })

  it('Python', async () => {
    const script = recipe('python').replace('"Report"', '"by-python"')
    const run = spawnSync('/usr/bin/python3', ['-c', script], { encoding: 'utf8' })
    expect(run).toMatchObject({ status: 0, stderr: '' })
    await arrival('by-python')
  })
})
