// AUTH over a real TLS session (RFC 4954), with the SASL messages of sasl.ts.

import type { TLSSocket } from 'node:tls'
import { afterEach, describe, expect, it } from 'vitest'
import { refusal } from '../smtp/reply.ts'
import type { Credentials } from './server-hooks.ts'
import type { SmtpDialogue } from '../../test/lib/smtp-dialogue.ts'
import {
  startTestListener,
  testAuthority,
  type TestListener,
  type TestListenerOptions,
} from '../../test/lib/test-listener.ts'
import { scriptedHooks, type TestHooks } from '../../test/lib/scripted-hooks.ts'

let server: TestListener
let seen: Credentials[] = []
const base64 = (text: string) => Buffer.from(text).toString('base64')
const machine = testAuthority.issue({ names: ['machine.example.org'], client: true })

async function start(options: TestListenerOptions = {}, tls: object = {}): Promise<SmtpDialogue> {
  seen = []
  const standard = scriptedHooks().hooks
  server = await startTestListener({
    settings: {
      tls: 'implicit',
      requestCertificate: true,
      mechanisms: ['PLAIN', 'LOGIN', 'EXTERNAL'],
      ...options.settings,
    },
    limits: { failedAuth: 50, softErrors: 100, hardErrors: 100, ...options.limits },
    hooks: {
      authenticate: (session, credentials) => {
        seen.push(credentials)
        return credentials.kind === 'external'
          ? Promise.resolve({ kind: 'accepted', origin: { kind: 'machine', identity: 'machine' } })
          : standard.authenticate(session, credentials)
      },
      ...options.hooks,
    },
  })
  return server.greeted({ tls: { rejectUnauthorized: false, ...tls } })
}
afterEach(async () => {
  await server.close()
  expect(server.bugs).toEqual([])
})

describe('AUTH PLAIN', () => {
  it('accepts an initial response', async () => {
    const client = await start()
    await client.expect(`AUTH PLAIN ${base64('\0lee@example.org\0secret')}`, '235 2.7.0')
    expect(seen).toEqual([{ kind: 'password', user: 'lee@example.org', password: 'secret', authzid: null }])
    await client.expect(`AUTH PLAIN ${base64('\0lee\0secret')}`, '503 5.5.1')
    expect((await client.expect('EHLO c', '250')).text).not.toContain('AUTH')
    await client.pipeline(['MAIL FROM:<>', 'RCPT TO:<a@example.org>', 'DATA'], ['250', '250', '354'])
    await client.expect('.', '250')
    expect(server.messages[0]?.session.origin).toEqual({ kind: 'user', identity: 'lee@example.org' })
  })

  it('sends a 334 without one', async () => {
    const client = await start()
    expect((await client.expect('auth plain', '334')).lines).toEqual(['334 '])
    await client.expect(base64('lee\0lee\0secret'), '235 2.7.0')
    expect(seen).toMatchObject([{ user: 'lee', authzid: 'lee' }])
  })

  it('leaves an authorization identity of another user to the hook', async () => {
    const client = await start()
    await client.expect(`AUTH PLAIN ${base64('boss\0lee\0wrong')}`, '535 5.7.8')
    expect(seen).toMatchObject([{ user: 'lee', authzid: 'boss' }])
  })

  it.each(['*', 'not base64!', 'AAA', base64('a\0b'), base64('\0\0x'), base64('\0x\0'), 'QQ', 'AH\u00e4=='])(
    'answers 501 to %s and keeps the session',
    async (response) => {
      const client = await start()
      await client.expect('AUTH PLAIN', '334')
      await client.expect(response, '501')
      await client.expect('NOOP', '250')
      expect(seen).toEqual([])
    },
  )

  it('treats a command in place of the response as a malformed response', async () => {
    const client = await start()
    await client.expect('AUTH PLAIN', '334')
    await client.expect('QUIT', '501 5.5.2')
    await client.expect('NOOP', '250')
  })

  it('reads pipelined continuation lines in order', async () => {
    const client = await start()
    client.write(`AUTH LOGIN\r\n${base64('lee')}\r\n${base64('secret')}\r\nNOOP\r\n`)
    for (const expected of ['334', '334', '235', '250']) await client.expect(null, expected)
  })
})

describe('AUTH LOGIN', () => {
  it('sends a 334 for user and password', async () => {
    const client = await start()
    expect((await client.expect('AUTH LOGIN', '334')).text).toBe(base64('Username:'))
    expect((await client.expect(base64('lee'), '334')).text).toBe(base64('Password:'))
    await client.expect(base64('wrong'), '535 5.7.8')
    await client.expect(`AUTH LOGIN ${base64('lee')}`, '334')
    await client.expect(base64('secret'), '235')
    expect(seen).toMatchObject([{ password: 'wrong' }, { password: 'secret' }])
  })

  it.each([[['*']], [[base64('lee'), '*']], [['']], [[base64('lee'), '']], [[base64('a\nb')]], [['%%%']]])(
    'answers 501 at the end of %j',
    async (lines) => {
      const client = await start()
      await client.expect('AUTH LOGIN', '334')
      for (const line of lines.slice(0, -1)) await client.expect(line, '334')
      await client.expect(lines.at(-1) ?? '', '501')
      await client.expect('NOOP', '250')
    },
  )
})

describe('AUTH EXTERNAL', () => {
  const identity = { key: machine.key, cert: machine.certificate }

  it.each([
    ['AUTH EXTERNAL =', null],
    [`AUTH EXTERNAL ${base64('machine')}`, 'machine'],
  ])('%s', async (command, authzid) => {
    const client = await start({}, identity)
    await client.expect(command, '235 2.7.0')
    expect(seen).toEqual([{ kind: 'external', authzid }])
  })

  it('sends a 334 for the identity', async () => {
    const client = await start({}, identity)
    await client.expect('AUTH EXTERNAL', '334')
    await client.expect('', '235')
  })

  it('is offered only with a client certificate', async () => {
    const client = await start()
    expect((await client.expect('EHLO c', '250')).text).toMatch(/^AUTH PLAIN LOGIN$/m)
    await client.expect('AUTH EXTERNAL =', '504 5.5.4')
    const other = await server.greeted({ tls: { rejectUnauthorized: false, ...identity } })
    expect((await other.expect('EHLO c', '250')).text).toMatch(/^AUTH PLAIN LOGIN EXTERNAL$/m)
  })
})

describe('AUTH in general', () => {
  it.each([
    ['AUTH', '501 5.5.4'],
    ['AUTH PLAIN x y', '501 5.5.4'],
    ['AUTH CRAM-MD5', '504 5.5.4'],
    ['AUTH __proto__', '504 5.5.4'],
  ])('%s → %s', async (command, expected) => {
    const client = await start()
    await client.expect(command, expected)
  })

  it('is not allowed within a mail transaction (RFC 4954 4)', async () => {
    const client = await start()
    await client.expect('MAIL FROM:<>', '250')
    await client.expect(`AUTH PLAIN ${base64('\0lee\0secret')}`, '503 5.5.1')
  })

  it('is refused where no mechanism is configured', async () => {
    const client = await start({ settings: { mechanisms: [] } })
    expect((await client.expect('EHLO c', '250')).text).not.toContain('AUTH')
    await client.expect('AUTH PLAIN', '503 5.5.1')
  })

  it('ends the session after too many failures', async () => {
    const client = await start({ limits: { failedAuth: 3 } })
    const wrong = `AUTH PLAIN ${base64('\0lee\0wrong')}`
    await client.expect(wrong, '535')
    await client.expect(wrong, '535')
    await client.expect(wrong, '421 4.7.0')
    await client.closed()
  })

  it('sends the reply of the hook; what the node cannot judge is no error of the client', async () => {
    const reply = refusal(454, '4.7.0', 'Temporary authentication failure')
    const answers = [{ kind: 'unavailable', reply } as const, { kind: 'refused', reply } as const]
    let errors = 0
    const client = await start({
      hooks: {
        authenticate: async () => answers.shift() ?? { kind: 'refused', reply },
        failed: () => ++errors > 100,
      },
    })
    await client.expect(`AUTH PLAIN ${base64('\0lee\0secret')}`, '454 4.7.0')
    expect(errors).toBe(0)
    await client.expect(`AUTH PLAIN ${base64('\0lee\0secret')}`, '454 4.7.0')
    expect(errors).toBe(1)
  })

  it('accepts a line of 12288 octets and ends the session at a longer one (RFC 4954 4)', async () => {
    const client = await start()
    await client.expect(`AUTH PLAIN ${base64('\0lee\0'.padEnd(9216, 'x'))}`, '535')
    client.write(`AUTH PLAIN ${'A'.repeat(20_000)}`)
    await client.expect(null, '421 4.7.0')
    await client.closed()
  })

  it('survives a client that disconnects during the exchange', async () => {
    const client = await start()
    await client.expect('AUTH LOGIN', '334')
    client.reset()
    await server.greeted({ tls: { rejectUnauthorized: false } })
  })
})

describe('AUTH SCRAM', () => {
  const scram = ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256', 'PLAIN'] as const
  const exchange: TestListenerOptions['hooks'] = {
    authenticate: async (_session, credentials) => {
      if (credentials.kind !== 'scram') throw new Error('no SCRAM')
      seen.push(credentials)
      const second = await credentials.ask(`first of ${credentials.message}`)
      if (typeof second !== 'string') return { kind: 'refused', reply: second }
      const last = await credentials.ask(`last of ${second}`)
      if (typeof last !== 'string') return { kind: 'refused', reply: last }
      return { kind: 'accepted', origin: { kind: 'user', identity: 'lee' } }
    },
  }
  const startScram = (tls: object = {}) => start({ settings: { mechanisms: scram }, hooks: exchange }, tls)

  it('carries the messages in both directions, with the data of the channel', async () => {
    const client = await startScram()
    expect((await client.expect('EHLO c', '250')).lines.at(-1)).toBe('250 AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN')
    const first = await client.expect(`AUTH SCRAM-SHA-256-PLUS ${base64('one')}`, '334')
    expect(first.lines).toEqual([`334 ${base64('first of one')}`])
    expect((await client.expect(base64('two'), '334')).lines).toEqual([`334 ${base64('last of two')}`])
    await client.expect('', '235 2.7.0')
    const socket = client.socket as TLSSocket
    const channel = socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0))
    expect(seen).toMatchObject([{ message: 'one', isPlus: true, isPlusOffered: true, channel }])
  })

  it('is cancelled by the client at each step', async () => {
    const client = await startScram()
    await client.expect('AUTH SCRAM-SHA-256', '334')
    await client.expect('*', '501 5.7.0')
    await client.expect(`AUTH SCRAM-SHA-256 ${base64('one')}`, '334')
    await client.expect('*', '501 5.7.0')
    await client.expect(`AUTH SCRAM-SHA-256 ${base64('one')}`, '334')
    await client.expect('no base64', '501 5.5.2')
    await client.expect(`AUTH SCRAM-SHA-256 ${base64('one')}`, '334')
    await client.expect(base64('two'), '334')
    await client.expect('*', '501 5.7.0')
    await client.expect('MAIL FROM:<>', '250')
  })

  it('offers -PLUS with TLS 1.3 only', async () => {
    const client = await startScram({ maxVersion: 'TLSv1.2' })
    expect((await client.expect('EHLO c', '250')).lines.at(-1)).toBe('250 AUTH SCRAM-SHA-256 PLAIN')
    await client.expect('AUTH SCRAM-SHA-256-PLUS', '504 5.5.4')
    await client.expect(`AUTH SCRAM-SHA-256 ${base64('one')}`, '334')
    expect(seen).toMatchObject([{ isPlus: false, isPlusOffered: false, channel: null }])
    client.end()
  })

  it('is not offered while the hook says so', async () => {
    const isOffered: TestHooks['isOffered'] = (mechanism) => mechanism === 'PLAIN'
    const client = await start({ settings: { mechanisms: scram }, hooks: { ...exchange, isOffered } })
    expect((await client.expect('EHLO c', '250')).lines.at(-1)).toBe('250 AUTH PLAIN')
    await client.expect('AUTH SCRAM-SHA-256', '504 5.5.4')
  })
})
