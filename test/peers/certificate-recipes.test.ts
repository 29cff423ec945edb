// The recipes of docs/how-to/renew-certificates.md for certbot and lego, against Pebble: the key stays over a renewal, and the running node
// uses the new certificate. Only places, ports and the authority are replaced.

import { execFile } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { type Pebble, startPebble } from '../lib/peers/pebble.ts'
import { testedCommand } from '../lib/tested-program.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

const run = promisify(execFile)
const page = readFileSync(join(import.meta.dirname, '../../docs/how-to/renew-certificates.md'), 'utf8')
const NAME = 'mx-01.example.org'

/** The commands of a block of the page that begins with this comment. */
function recipe(start: string): string {
  const block = [...page.matchAll(/^ *```sh\n([\s\S]*?)^ *```/gm)].find(([, text = '']) => text.includes(start))
  if (!block?.[1]) throw new Error(`no recipe ${start}`)
  return block[1].replace(/^ +/gm, '')
}

describe.runIf(ensurePeers(['pebble', 'certbot', 'lego', 'openssl']))('recipes', () => {
  let world: World
  let pebble: Pebble
  let node: WholeNode
  let folder: string

  beforeAll(async () => {
    world = await startWorld()
    pebble = await startPebble({ ca: world.ca, dns: `${world.dns.host}:${world.dns.port}` })
    world.dns.zone.set(NAME, { A: '127.0.0.1' })
    node = await world.node({ role: 'srs', start: false })
    folder = join(node.config, '..')
    mkdirSync(join(folder, 'tls'))
    const issued = world.ca.issue({ names: [NAME] })
    writeFileSync(join(folder, 'tls/fullchain.pem'), issued.certificate)
    writeFileSync(join(folder, 'tls/privkey.pem'), issued.key, { mode: 0o600 })
    node.configure({ tls: { certificate: 'tls/fullchain.pem', key: 'tls/privkey.pem' } })
    const waypost = `#!/bin/sh\nexec ${testedCommand([]).flat().join(' ')} "$@" -c ${node.config}\n`
    writeFileSync(join(folder, 'waypost'), waypost)
    writeFileSync(join(folder, 'hook'), adapt(recipe('#!/bin/sh')))
    for (const file of ['waypost', 'hook']) chmodSync(join(folder, file), 0o755)
    await node.start()
  })
  afterAll(async () => {
    pebble.close()
    await world.close()
  })

  const adapt = (text: string) =>
    text
      .replaceAll('/etc/waypost/tls', join(folder, 'tls'))
      .replaceAll('/usr/local/sbin/waypost-certificate', join(folder, 'hook'))
      .replaceAll(/-o waypost -g waypost/g, '')
      .replaceAll('waypost reload', `${join(folder, 'waypost')} reload`)
  const shell = (text: string) =>
    run('sh', ['-ec', text], {
      env: {
        PATH: `${process.env['PATH']}:/usr/sbin`,
        HOME: folder,
        REQUESTS_CA_BUNDLE: join(world.folder, 'ca.pem'),
        LEGO_CA_CERTIFICATES: join(world.folder, 'ca.pem'),
      },
    })
  const current = () => new X509Certificate(readFileSync(join(folder, 'tls/fullchain.pem'), 'utf8'))
  const reloads = () => node.log().filter((line) => line.includes('"reloaded"')).length

  it('of certbot keep the key, and the node uses the new certificate', async () => {
    const places = ['config', 'work', 'logs']
      .map((kind) => `--${kind}-dir ${join(folder, `certbot-${kind}`)}`)
      .join(' ')
    const more = `${places} --server ${pebble.directory} --http-01-port ${pebble.httpPort} --agree-tos --register-unsafely-without-email --non-interactive`
    const first = adapt(recipe('certbot certonly')).replaceAll('certbot certonly', `certbot certonly ${more}`)
    await shell(first)
    const before = current()
    expect(before.issuer).toContain('Pebble')
    await shell(`certbot renew --force-renewal --no-random-sleep-on-renew ${more}`)
    const after = current()
    expect(after.serialNumber).not.toBe(before.serialNumber)
    expect(after.publicKey.equals(before.publicKey)).toBe(true)
    expect(reloads()).toBe(2)
  }, 60_000)

  it('of lego keep the key, and the node uses the new certificate', async () => {
    const more = `--path ${join(folder, 'lego')} --server ${pebble.directory} --http.port 127.0.0.1:${pebble.httpPort}`
    const [first = '', renew = ''] = adapt(recipe('lego --accept-tos')).split(/^(?=# each day)/m)
    const at = reloads()
    await shell(first.replaceAll('lego --', `lego ${more} --`))
    const before = current()
    await shell(renew.replaceAll('lego --', `lego ${more} --`).replace(/--days \d+/, '--days 10000 --no-random-sleep'))
    const after = current()
    expect(after.serialNumber).not.toBe(before.serialNumber)
    expect(after.publicKey.equals(before.publicKey)).toBe(true)
    expect(reloads()).toBe(at + 2)
  }, 60_000)
})
