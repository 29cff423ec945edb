// Certificate and key as credentials of systemd: a folder that only the user of the unit may enter, with files that it may only read.

import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runWaypost } from '../lib/run-waypost.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

/** The user of the service; it has no passwd entry. */
const SERVICE = 48_926
const VARIABLE = '$' + '{CREDENTIALS_DIRECTORY}'

describe.skipIf(process.getuid?.() !== 0)('credentials of systemd', () => {
  let world: World
  let node: WholeNode
  let folder: string
  const earlier = process.env['CREDENTIALS_DIRECTORY']

  /** As systemd.exec(5): the folder is made before each start, mode 0500, files 0400. */
  const give = (files: Readonly<Record<string, string>>) => {
    const next = `${folder}.next`
    mkdirSync(next)
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(next, name), text, { mode: 0o400 })
      chownSync(join(next, name), SERVICE, SERVICE)
    }
    chownSync(next, SERVICE, SERVICE)
    chmodSync(next, 0o500)
    rmSync(folder, { recursive: true, force: true })
    renameSync(next, folder)
  }
  const shown = async () => {
    const client = await node.connect()
    await client.expect(null, '220')
    await client.expect('EHLO client.example', '250')
    await client.expect('STARTTLS', '220')
    await client.startTls()
    const { serialNumber } = (client.socket as TLSSocket).getPeerCertificate()
    client.end()
    return serialNumber
  }
  const issued = () => {
    const { certificate, key } = world.ca.issue({ names: ['node-1.example.org'] })
    return { 'chain.pem': certificate, 'key.pem': key }
  }

  beforeAll(async () => {
    world = await startWorld()
    folder = join(world.folder, 'credentials')
    process.env['CREDENTIALS_DIRECTORY'] = folder
    node = await world.node({
      role: 'mx',
      start: false,
      yaml: {
        peers: { srs: ['srs-01.example.org'] },
        dkim: undefined,
        tls: { certificate: `${VARIABLE}/chain.pem`, key: `${VARIABLE}/key.pem` },
        srs: { domain: 'srs.example.org', secrets: [`${VARIABLE}/srs.secret`] },
      },
    })
    for (const one of [world.folder, dirname(node.config)]) chmodSync(one, 0o755)
    chownSync(node.data, SERVICE, SERVICE)
    chmodSync(node.data, 0o700)
  })
  afterAll(async () => {
    if (earlier === undefined) delete process.env['CREDENTIALS_DIRECTORY']
    else process.env['CREDENTIALS_DIRECTORY'] = earlier
    await world.close()
  })

  it('are read by the node and by its commands, without a warning, and nothing is written there', async () => {
    give({ ...issued(), 'srs.secret': 'a secret only for tests\n' })
    const checked = await runWaypost(['check', '--offline', '-c', node.config])
    expect(checked).toMatchObject({ status: 0 })
    expect(checked.stderr).not.toContain('credentials')
    await node.start()
    const before = await shown()
    expect((await runWaypost(['reload', '-c', node.config])).status).toBe(0)
    expect(await shown()).toBe(before)
    expect(readdirSync(folder).toSorted()).toEqual(['chain.pem', 'key.pem', 'srs.secret'])
  })

  it('that are new after a restart are used', async () => {
    const before = await shown()
    await node.stop()
    give({ ...issued(), 'srs.secret': 'a secret only for tests\n' })
    await node.start()
    expect(await shown()).not.toBe(before)
    expect(readFileSync(join(node.data, 'certificates-in-use.json'), 'utf8')).toContain('PRIVATE KEY')
  })

  it('that are missing are reported with the place', async () => {
    give(issued())
    const { status, stderr } = await runWaypost(['check', '--offline', '-c', node.config])
    expect(status).toBe(2)
    expect(stderr).toContain(`${folder}/srs.secret`)
  })
})
