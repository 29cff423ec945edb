// Whole nodes with a real LDAP server, which is killed, half emptied and filled again: mail to known names is accepted, unknown names are
// deferred, and users can still log in.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { directoryDiff } from '../../src/cli/directory/directory-diff.ts'
import { directoryAccept, directoryRollback } from '../../src/cli/directory/directory-orders.ts'
import { directoryStatus } from '../../src/cli/directory/directory-status.ts'
import { explain } from '../../src/cli/mail/explain.ts'
import { hashPassword } from '../../src/auth/schemes.ts'
import { captureIo } from '../lib/captured-io.ts'
import { freePort } from '../lib/free-port.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { ALIASES, PEOPLE, personDn, READER, type Slapd, startSlapd } from '../lib/peers/slapd.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

const PASSWORD = 'correct horse'

describe.runIf(ensurePeers(['slapd', 'ldap-utils']))('a node with an LDAP mirror', () => {
  let world: World
  let slapd: Slapd
  let mx: WholeNode
  let admin: number

  const directory = (secret: string) => ({
    ldap: {
      urls: [slapd.url],
      base: PEOPLE,
      filter: '(objectClass=mailPerson)',
      bind: { dn: READER.dn, password_file: secret },
      aliases: { base: ALIASES },
      refresh: '1s',
      timeout: '2s',
    },
  })

  /** The reply to RCPT. */
  async function rcpt(address: string): Promise<string> {
    const sent = await mx.send({ to: [address] })
    return sent.reply
  }

  const becomes = (address: string, reply: RegExp, what: string) =>
    until(async () => reply.test(await rcpt(address)), { what, timeout: 15_000, every: 100 })

  async function status(): Promise<{ code: number; text: string }> {
    const io = captureIo()
    const code = await directoryStatus({ config: mx.config }, io)
    return { code, text: io.out() }
  }

  const health = async () => await (await fetch(`http://127.0.0.1:${admin}/healthz`)).text()
  const metrics = async () => await (await fetch(`http://127.0.0.1:${admin}/metrics`)).text()

  beforeAll(async () => {
    world = await startWorld()
    slapd = await startSlapd()
    slapd.addPeople([
      { uid: 'kim', forward: ['kim@far.example'] },
      { uid: 'lee', forward: ['lee@far.example'], password: hashPassword('SHA512-CRYPT', PASSWORD) },
      ...Array.from({ length: 8 }, (_unused, index) => ({ uid: `user${index}`, forward: [`u${index}@far.example`] })),
    ])
    slapd.modify(
      `dn: cn=press,${ALIASES}\nchangetype: add\nobjectClass: nisMailAlias\ncn: press\nrfc822MailMember: kim\nrfc822MailMember: lee\n`,
    )
    await world.destination('far.example')
    const secret = join(world.folder, 'ldap.secret')
    writeFileSync(secret, `${READER.password}\n`)
    admin = await freePort()
    mx = await world.node({
      role: 'mx',
      yaml: {
        directory: directory(secret),
        peers: { srs: [{ host: '127.0.0.1:1' }] },
        admin: { listen: `127.0.0.1:${admin}` },
      },
      mail: {
        domains: ['example.org', 'lists.example.org'],
        alias_domains: { 'organisation.example': 'example.org' },
        aliases: { board: ['kim', 'lee'], office: 'user1' },
        transports: { 'lists.example.org': 'lmtp:[127.0.0.1]:1' },
      },
    })
  })

  afterAll(async () => {
    await world.close()
    await slapd.close()
  })

  it('resolves people and aliases of the mirror, and aliases of files that name people', async () => {
    for (const name of ['kim', 'press', 'board', 'office', 'Kim+tag'])
      expect(await rcpt(`${name}@example.org`)).toMatch(/^250/)
    expect(await rcpt('kim@organisation.example')).toMatch(/^250/)
    expect(await rcpt('nobody@example.org')).toMatch(/^550 5\.1\.1/)
    expect(await health()).toContain('"directory":{"kind":"ok"}')
    expect(await metrics()).toMatch(/waypost_directory_snapshot_age_seconds\{source="ldap"\} [0-9.]+\n/)
    expect((await status()).code).toBe(0)
  })

  it('names the DN of a forward in explain', async () => {
    const io = captureIo()
    await explain(
      { config: mx.config, recipient: 'press@example.org', ip: '192.0.2.1', helo: 'x.example', at: Date.now() },
      io,
    )
    expect(io.out()).toContain(`cn=press,${ALIASES}`)
    expect(io.out()).toContain(personDn('kim'))
  })

  it('accepts known names while the server is down, defers unknown ones, and list domains are not affected', async () => {
    await slapd.kill()
    await becomes('nobody@example.org', /^451 4\.3\.0/, 'an unknown name to be deferred')
    for (const name of ['kim', 'press', 'board', 'kim+tag']) expect(await rcpt(`${name}@example.org`)).toMatch(/^250/)
    expect(await rcpt('nobody+tag@example.org')).toMatch(/^451 4\.3\.0/)
    expect(await rcpt('kim@organisation.example')).toMatch(/^250/)
    expect(await rcpt('anything@lists.example.org')).toMatch(/^250/)
    expect(await rcpt('postmaster@example.org')).not.toMatch(/^451/)
    expect(await health()).toMatch(/"directory":\{"kind":"degraded","reason":"ldap: .*ECONNREFUSED/)
    expect(await metrics()).toMatch(/waypost_directory_failed_refreshes\{source="ldap"\} [1-9]/)
    expect(mx.log().filter((line) => line.includes('directory refresh failed')).length).toBeGreaterThan(0)
    expect(await status()).toMatchObject({ code: 1, text: expect.stringContaining('may be incomplete') })
  })

  it('starts without the server from the snapshot on disk', async () => {
    await mx.stop()
    await mx.start()
    expect(await rcpt('kim@example.org')).toMatch(/^250/)
    expect(await rcpt('nobody@example.org')).toMatch(/^451 4\.3\.0/)
  })

  it('refuses unknown names again once the server is back and SIGHUP arrives', async () => {
    await slapd.start()
    await mx.reload()
    expect(await rcpt('nobody@example.org')).toMatch(/^550 5\.1\.1/)
    expect(await health()).toContain('"directory":{"kind":"ok"}')
  })

  it('accepts mail for a new person', async () => {
    slapd.addPeople([{ uid: 'new', forward: ['new@far.example'] }])
    await becomes('new@example.org', /^250/, 'the new person to be known')
  })

  it('refuses a directory that shrank by half until an operator accepts it', async () => {
    slapd.remove(...Array.from({ length: 7 }, (_unused, index) => personDn(`user${index}`)))
    await becomes('nobody@example.org', /^451 4\.3\.0/, 'the shrink to be noticed')
    expect(await rcpt('user3@example.org')).toMatch(/^250/)
    expect(await health()).toMatch(/"degraded","reason":"ldap: .*shrank from \d+ to \d+/)
    const diff = captureIo()
    expect(await directoryDiff({ config: mx.config }, diff)).toBe(0)
    expect(diff.out()).toContain(`- forward user3: u3@far.example (${personDn('user3')})`)
    expect(await directoryAccept({ config: mx.config }, captureIo())).toBe(0)
    await becomes('user3@example.org', /^550/, 'the accepted reading to be in use')
  })

  it('rolls back to an older version, and forward again', async () => {
    const io = captureIo()
    expect(await directoryRollback({ config: mx.config }, io)).toBe(0)
    await becomes('user3@example.org', /^250/, 'the older version to be in use')
    expect(await rcpt('nobody@example.org')).toMatch(/^451/)
    expect((await status()).text).toContain('rolled back')
    await directoryAccept({ config: mx.config }, captureIo())
    await becomes('user3@example.org', /^550/, 'the source to be followed again')
  })

  it('accepts logins with the mirrored password while the server is down', async () => {
    const submission = await world.node({
      role: 'submission',
      listeners: ['submissions', 'submission'],
      yaml: {
        directory: directory(join(world.folder, 'ldap.secret')),
        mail: [],
        peers: { mx: [{ host: `${mx.address}:${mx.port}` }] },
      },
    })
    await slapd.kill()
    const login = (user: string, password: string) =>
      submission.send({
        port: submission.ports['submissions'] as number,
        security: 'implicit',
        tls: { ca: world.ca.certificate, servername: '' },
        login: { user, password },
        from: 'lee@example.org',
        message: 'From: lee@example.org\r\nSubject: Hello\r\n\r\nHello.\r\n',
        to: ['somebody@far.example'],
      })
    expect(await login('lee', PASSWORD)).toMatchObject({ kind: 'accepted' })
    expect(await login('lee@example.org', PASSWORD)).toMatchObject({ kind: 'accepted' })
    expect(await login('lee', 'wrong')).toMatchObject({ kind: 'refused', reply: expect.stringContaining('535') })
    expect(await login('kim', PASSWORD)).toMatchObject({ kind: 'refused', reply: expect.stringContaining('535') })
    await slapd.start()
  })
})

describe.runIf(ensurePeers(['slapd', 'ldap-utils']))('a node that asks LDAP live', () => {
  let world: World
  let slapd: Slapd

  beforeAll(async () => {
    world = await startWorld()
    slapd = await startSlapd()
    slapd.addPeople([
      { uid: 'kim', forward: ['kim@far.example'] },
      { uid: 'lee', forward: ['lee@far.example'] },
    ])
  })

  afterAll(async () => {
    await world.close()
    await slapd.close()
  })

  it('answers from its cache, defers unknown names, and queries again once the server is back', async () => {
    const secret = join(world.folder, 'ldap.secret')
    writeFileSync(secret, READER.password)
    const mx = await world.node({
      role: 'mx',
      yaml: {
        mail: [],
        peers: { srs: [{ host: '127.0.0.1:1' }] },
        directory: {
          ldap: {
            urls: [slapd.url],
            mode: 'live',
            base: PEOPLE,
            bind: { dn: READER.dn, password_file: secret },
            timeout: '1s',
            cache: { found: '1s', absent: '1s' },
          },
        },
      },
    })
    const rcpt = async (name: string) => (await mx.send({ to: [`${name}@example.org`] })).reply
    expect(await rcpt('kim')).toMatch(/^250/)
    expect(await rcpt('nobody')).toMatch(/^550/)
    slapd.addPeople([{ uid: 'new', forward: ['new@far.example'] }])
    expect(await rcpt('new')).toMatch(/^250/)
    await slapd.kill()
    await until(async () => (await rcpt('nobody')).startsWith('451 4.3.0'), { what: 'the unknown name to be deferred' })
    expect(await rcpt('kim')).toMatch(/^250/)
    expect(await rcpt('kim+tag')).toMatch(/^250/)
    expect(await rcpt('lee')).toMatch(/^451/)
    await slapd.start()
    await until(async () => (await rcpt('lee')).startsWith('250'), { what: 'the server to be asked again' })
    expect(await rcpt('nobody')).toMatch(/^550/)
  })
})

describe.runIf(ensurePeers(['slapd', 'ldap-utils']))('people of an LDAP that is asked live', () => {
  let world: World
  let slapd: Slapd
  let hash: string

  beforeAll(async () => {
    world = await startWorld()
    slapd = await startSlapd()
    hash = hashPassword('SHA512-CRYPT', PASSWORD)
    slapd.addPeople([
      { uid: 'kim', password: hash, mail: ['k.im@example.org', 'kim@private.example'] },
      { uid: 'lee', password: hash },
      { uid: 'gone', password: hash },
      { uid: 'bare' },
    ])
    slapd.modify(
      `dn: cn=press,${ALIASES}\nchangetype: add\nobjectClass: nisMailAlias\ncn: press\nrfc822MailMember: kim\n`,
    )
    await world.destination('far.example')
    writeFileSync(join(world.folder, 'ldap.secret'), READER.password)
    writeFileSync(join(world.folder, 'passwd'), `file:${hash}\n`)
  })

  afterAll(async () => {
    await world.close()
    await slapd.close()
  })

  const ldap = (more: Readonly<Record<string, unknown>> = {}) => ({
    urls: [slapd.url],
    mode: 'live',
    base: PEOPLE,
    filter: '(&(objectClass=mailPerson)(!(description=locked*)))',
    bind: { dn: READER.dn, password_file: join(world.folder, 'ldap.secret') },
    attributes: { addresses: ['mail'] },
    aliases: { base: ALIASES },
    timeout: '1s',
    cache: { found: '1s', absent: '1s' },
    ...more,
  })

  async function submission(more: Readonly<Record<string, unknown>> = {}) {
    const node = await world.node({
      role: 'submission',
      listeners: ['submissions', 'submission'],
      yaml: {
        directory: { ldap: ldap(more) },
        users: join(world.folder, 'passwd'),
        mail: [],
        peers: { mx: [{ host: '127.0.0.1:1' }] },
      },
    })
    const send = async (user: string, password: string, from = `${user}@example.org`): Promise<string> => {
      const sent = await node.send({
        port: node.ports['submissions'] as number,
        security: 'implicit',
        tls: { ca: world.ca.certificate, servername: '' },
        login: { user, password },
        from,
        message: `From: ${from}\r\nSubject: Hello\r\n\r\nHello.\r\n`,
        to: ['somebody@far.example'],
      })
      return sent.kind === 'accepted' ? 'accepted' : sent.reply
    }
    const becomes = (password: string, reply: RegExp, what: string) =>
      until(async () => reply.test(await send('lee', password)), { what, timeout: 10_000, every: 200 })
    return { node, send, becomes }
  }

  const change = (uid: string, attribute: string, value: string) =>
    slapd.modify(`dn: ${personDn(uid)}\nchangetype: modify\nreplace: ${attribute}\n${attribute}: ${value}\n`)

  it('log in and send as their addresses, also while the server is down', async () => {
    const { send, becomes, node } = await submission()
    expect(await send('kim', PASSWORD)).toBe('accepted')
    expect(await send('KIM@example.org', PASSWORD, 'kim+tag@example.org')).toBe('accepted')
    for (const address of ['k.im@example.org', 'press@example.org'])
      expect(await send('kim', PASSWORD, address)).toBe('accepted')
    for (const address of ['lee@example.org', 'kim@private.example'])
      expect(await send('kim', PASSWORD, address)).toMatch(/^553 5\.7\.1/)
    expect(await send('lee', PASSWORD, 'press@example.org')).toMatch(/^553 5\.7\.1/)
    for (const [user, password] of [
      ['kim', 'wrong'],
      ['nobody', PASSWORD],
      ['bare', PASSWORD],
      ['*', PASSWORD],
    ] as const)
      expect(await send(user, password, 'kim@example.org')).toMatch(/^535 5\.7\.8/)
    expect(node.log().join('\n')).toContain(`user:bare of ${personDn('bare')} cannot log in`)

    change('gone', 'description', 'locked since today')
    expect(await send('gone', PASSWORD)).toMatch(/^535/)
    change('lee', 'mailPassword', hashPassword('SHA512-CRYPT', 'another one'))
    await becomes('another one', /^accepted/, 'the new password to be known')
    expect(await send('lee', PASSWORD)).toMatch(/^535/)

    await slapd.kill()
    await until(async () => (await send('nobody', PASSWORD)).startsWith('454 4.7.0'), {
      what: 'the outage to be noticed',
    })
    // Entries of the last second are still cached, also that 'bare' cannot log in; older ones are not.
    await new Promise((resolve) => setTimeout(resolve, 1100))
    expect(await send('bare', PASSWORD)).toMatch(/^454 4\.7\.0/)
    expect(await send('lee', 'another one')).toBe('accepted')
    expect(await send('kim', PASSWORD, 'press@example.org')).toBe('accepted')
    expect(await send('kim', PASSWORD, 'unknown@example.org')).toMatch(/^451/)
    expect(await send('kim', 'wrong')).toMatch(/^454 4\.7\.0/)
    expect(await send('file', PASSWORD)).toBe('accepted')
    await slapd.start()
    await until(async () => (await send('nobody', PASSWORD)).startsWith('535'), {
      what: 'the server to be asked again',
      timeout: 15_000,
      every: 300,
    })
    expect(await send('kim', PASSWORD)).toBe('accepted')
    expect(await send('kim', PASSWORD, 'unknown@example.org')).toMatch(/^553/)
  })

  it('may be checked by the server, with a bind as the person', async () => {
    for (const uid of ['kim', 'lee']) change(uid, 'userPassword', `${uid}-secret`)
    const { send } = await submission({ passwords: 'bind' })
    expect(await send('kim', 'kim-secret')).toBe('accepted')
    expect(await send('kim', 'kim-secret', 'press@example.org')).toBe('accepted')
    for (const [user, password] of [
      ['kim', 'lee-secret'],
      ['kim', PASSWORD],
      ['nobody', 'x'],
      ['gone', PASSWORD],
    ] as const)
      expect(await send(user, password, 'kim@example.org')).toMatch(/^535/)
    expect(await send('file', PASSWORD)).toBe('accepted')
    change('kim', 'userPassword', 'new-secret')
    expect(await send('kim', 'kim-secret')).toMatch(/^535/)
    expect(await send('kim', 'new-secret')).toBe('accepted')
    await slapd.kill()
    expect(await send('kim', 'new-secret')).toMatch(/^454 4\.7\.0/)
    await slapd.start()
  })
})
