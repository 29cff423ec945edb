// Access tokens at a whole submission node, with msmtp, which knows OAUTHBEARER and XOAUTH2.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeAccounts } from '../lib/accounts.ts'
import { runMsmtp } from '../lib/peers/clients.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { startTokenIssuer, type TokenIssuer } from '../lib/token-issuer.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

describe.runIf(ensurePeers(['msmtp']))('a user with a token', () => {
  let world: World
  let node: WholeNode
  let issuer: TokenIssuer
  const now = () => Math.floor(Date.now() / 1000)

  beforeAll(async () => {
    world = await startWorld()
    issuer = await startTokenIssuer('RS256')
    await world.destination('far.example')
    const accounts = await writeAccounts(world)
    const { issuer: name, url } = issuer
    node = await world.node({
      role: 'submission',
      listeners: ['submissions', 'submission'],
      mail: { domains: ['example.org'], users: { lee: null } },
      yaml: {
        ...accounts.yaml,
        peers: { mx: ['mx-01.example.org'] },
        oauth: { issuer: name, audience: 'mail', jwks: url, user: 'email' },
      },
    })
  })
  afterAll(async () => {
    await issuer.close()
    await world.close()
  })

  const msmtp = (mechanism: string, token: string) =>
    runMsmtp(
      'From: lee@example.org\nTo: ann@far.example\nSubject: Token\n\nHello.\n',
      `--host=${node.address}`,
      `--port=${node.ports['submissions']}`,
      '--tls=on',
      '--tls-starttls=off',
      '--tls-certcheck=off',
      `--auth=${mechanism}`,
      '--user=lee@example.org',
      `--passwordeval=echo '${token}'`,
      '--from=lee@example.org',
      'ann@far.example',
    )

  it.each(['oauthbearer', 'xoauth2'])('submits with %s', async (mechanism) => {
    const token = await issuer.token({ email: 'lee@example.org' }, now())
    expect(await msmtp(mechanism, token)).toMatchObject({ status: 0 })
    expect(
      node
        .ledger()
        .filter(({ kind }) => kind === 'received')
        .at(-1),
    ).toMatchObject({ origin: 'user:lee' })
  })

  it.each(['oauthbearer', 'xoauth2'])('is refused with the token of another, by %s', async (mechanism) => {
    const sent = await msmtp(mechanism, await issuer.token({ email: 'gina@example.org' }, now()))
    expect(sent.status).not.toBe(0)
    expect(sent.output).toContain('535')
  })

  it('uses the keys of a file after a reload, and no longer those of the URL', async () => {
    const token = await issuer.token({ email: 'lee@example.org' }, now())
    const file = join(world.folder, 'keys.json')
    writeFileSync(file, JSON.stringify({ keys: [] }))
    const settings = { issuer: issuer.issuer, audience: ['mail'], jwks: file }
    node.configure({ oauth: settings })
    expect(await node.reload()).toContain('"msg":"reloaded"')
    expect((await msmtp('xoauth2', token)).output).toContain('535')
    writeFileSync(file, JSON.stringify({ keys: issuer.keys }))
    await node.reload()
    expect(await msmtp('xoauth2', token)).toMatchObject({ status: 0 })
  })
})
