// The page for people changes passwords in a real LDAP server: by a modification of the attribute, and by Password Modify (RFC 3062).

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hashPassword } from '../../src/auth/schemes.ts'
import { freePort } from '../lib/free-port.ts'
import { openBrowser } from '../lib/page-browser.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { PEOPLE, personDn, READER, type Slapd, startSlapd } from '../lib/peers/slapd.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

const OLD = 'a password from before'
const NEW = 'seven small bridges in fog'
const NEWEST = 'eleven blue doors at noon'

describe.runIf(ensurePeers(['slapd', 'ldap-utils']))('the page with LDAP', () => {
  let world: World
  let slapd: Slapd

  beforeAll(async () => {
    world = await startWorld()
    slapd = await startSlapd({
      access: [
        'access to attrs=userPassword by dn.exact="cn=waypost,dc=example,dc=org" read by self write by anonymous auth by * none',
        'access to attrs=mailPassword by dn.exact="cn=waypost,dc=example,dc=org" write by * none',
      ],
    })
    slapd.addPeople(
      ['modify', 'exop', 'live'].map((uid) => ({ uid, password: hashPassword('SHA512-CRYPT', OLD).slice(14) })),
    )
    // The server compares binds with userPassword.
    for (const uid of ['exop', 'live'])
      slapd.modify(`dn: ${personDn(uid)}\nchangetype: modify\nreplace: userPassword\nuserPassword: ${OLD}\n`)
    slapd.modify(
      `dn: ${personDn('exop')}\nchangetype: modify\nreplace: userPassword\nuserPassword: ${hashPassword('SSHA', OLD)}\n`,
    )
    writeFileSync(join(world.folder, 'ldap.secret'), `${READER.password}\n`, { mode: 0o600 })
  })
  afterAll(async () => {
    await world.close()
    await slapd.close()
  })

  const secret = () => join(world.folder, 'ldap.secret')
  async function start(directory: object, page: object) {
    const port = await freePort()
    const node = await world.node({
      role: 'submission',
      listeners: ['submissions', 'submission'],
      mail: { domains: ['example.org'] },
      yaml: {
        peers: { mx: ['mx-01.example.org'] },
        directory: {
          ldap: {
            urls: [slapd.url],
            base: PEOPLE,
            filter: '(objectClass=mailPerson)',
            bind: { dn: READER.dn, password_file: secret() },
            // No refresh helps within the test.
            refresh: '1h',
            timeout: '2s',
            ...directory,
          },
        },
        self_service: { listen: `127.0.0.1:${port}`, ldap: page },
      },
    })
    const host = /hostname: (\S+)/.exec(readFileSync(node.config, 'utf8'))?.[1] ?? ''
    return { node, place: { port, ca: world.ca.certificate, host } }
  }

  async function codeOf(node: WholeNode, user: string, password: string): Promise<number> {
    const client = await node.connect({ tls: { rejectUnauthorized: false } })
    await client.expect(null, '220')
    await client.expect('EHLO client.example', '250')
    client.send(`AUTH PLAIN ${Buffer.from(`\0${user}\0${password}`).toString('base64')}`)
    const { code } = await client.reply()
    client.end()
    return code
  }

  async function change(
    { place }: Awaited<ReturnType<typeof start>>,
    user: string,
    [old, next]: readonly [string, string],
  ) {
    const browser = openBrowser(place)
    await browser.get('/')
    await browser.submit('/sign-in', { user, password: old })
    await browser.get('/password')
    return browser.submit('/password', { old, new: next, again: next })
  }

  it('replaces the attribute with a configured account, and the hash counts at once', async () => {
    const started = await start({}, { change: 'modify', dn: READER.dn, password_file: secret() })
    expect((await change(started, 'modify', [OLD, NEW])).body).toContain('Your password is changed')
    expect([await codeOf(started.node, 'modify', NEW), await codeOf(started.node, 'modify', OLD)]).toEqual([235, 535])
    expect(slapd.read(personDn('modify'), 'mailPassword')).toMatch(/^\{CRYPT\}\$6\$/)
    expect((await change(started, 'modify', [NEW, NEWEST])).body).toContain('Your password is changed')
    expect(await codeOf(started.node, 'modify', NEWEST)).toBe(235)
    await started.node.stop()
  })

  it('asks the server to set the password as the person, and shows why it refuses', async () => {
    const started = await start({ attributes: { password: 'userPassword' } }, { change: 'password-modify' })
    expect((await change(started, 'exop', [OLD, NEW])).body).toContain('Your password is changed')
    expect([await codeOf(started.node, 'exop', NEW), await codeOf(started.node, 'exop', OLD)]).toEqual([235, 535])
    expect(slapd.read(personDn('exop'), 'userPassword')).toMatch(/^\{SSHA\}/)
    await slapd.kill()
    const down = await change(started, 'exop', [NEW, NEWEST])
    expect(down).toMatchObject({ status: 409, body: expect.stringContaining('Please try again later') })
    await slapd.start()
    expect(await codeOf(started.node, 'exop', NEW)).toBe(235)
    await started.node.stop()
  })

  it('works where the server checks the passwords, and ends the sessions with the old one', async () => {
    const started = await start({ mode: 'live', passwords: 'bind' }, { change: 'password-modify' })
    const open = await started.node.connect({ tls: { rejectUnauthorized: false } })
    await open.expect(null, '220')
    await open.expect('EHLO client.example', '250')
    await open.expect(`AUTH PLAIN ${Buffer.from(`\0live\0${OLD}`).toString('base64')}`, '235')
    expect((await change(started, 'live', [OLD, NEW])).body).toContain('Your password is changed')
    expect([await codeOf(started.node, 'live', NEW), await codeOf(started.node, 'live', OLD)]).toEqual([235, 535])
    await open.expect(null, '421 4.7.0')
    await started.node.stop()
  })

  it('shows the reason of a server that refuses', async () => {
    const started = await start({}, { change: 'modify' })
    const refused = await change(started, 'modify', [NEWEST, 'another pass phrase here'])
    expect(refused).toMatchObject({
      status: 409,
      body: expect.stringContaining('The directory refused the new password'),
    })
    expect(await codeOf(started.node, 'modify', NEWEST)).toBe(235)
    await started.node.stop()
  })
})
