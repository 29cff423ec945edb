import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { refuse } from '../policy/verdict.ts'
import { refusal } from '../smtp/reply.ts'
import { admitted } from '../../test/lib/scripted-hooks.ts'
import { startTestListener, type TestListener, type TestListenerOptions } from '../../test/lib/test-listener.ts'
import { until } from '../../test/lib/until.ts'

let server: TestListener
const start = async (options?: TestListenerOptions) => {
  server = await startTestListener(options)
  return server
}
afterEach(async () => {
  await server.close()
  expect(server.bugs).toEqual([])
})

describe('a session', () => {
  it.each(['none', 'starttls'] as const)('informs its hooks when the client has gone (%s)', async (tls) => {
    const waiting = Promise.withResolvers<void>()
    const gone = Promise.withResolvers<void>()
    await start({
      limits: { halfOpenMs: 50 },
      hooks: {
        mail: ({ closed }) => {
          closed?.addEventListener('abort', () => gone.resolve())
          waiting.resolve()
          return gone.promise.then(() => ({ kind: 'accept' }))
        },
      },
    })
    const client = await server.greeted()
    if (tls === 'starttls') {
      await client.expect('STARTTLS', '220')
      await client.startTls()
      await client.expect('EHLO client.example.net', '250')
    }
    client.send('MAIL FROM:<lee@example.net>')
    await waiting.promise
    client.reset()
    await gone.promise
  })

  it('accepts a message', async () => {
    await start()
    const client = await server.connect()
    const greeting = await client.expect(null, '220')
    expect(greeting.lines).toEqual(['220 mx.example.org ESMTP'])
    const ehlo = await client.expect('EHLO client.example.net', '250')
    expect(ehlo.text.split('\n')).toEqual([
      'mx.example.org',
      'PIPELINING',
      'SIZE 52428800',
      '8BITMIME',
      'SMTPUTF8',
      'DSN',
      'ENHANCEDSTATUSCODES',
      'CHUNKING',
      'STARTTLS',
    ])
    await client.expect('MAIL FROM:<lee@example.net> SIZE=100', '250 2.1.0')
    await client.expect('RCPT TO:<Kim@EXAMPLE.org> NOTIFY=NEVER', '250 2.1.5')
    await client.expect('DATA', '354')
    client.write('Subject: hi\r\n\r\n..dot\r\n.\r\n')
    expect((await client.expect(null, '250 2.0.0')).lines).toEqual(['250 2.0.0 Queued as 1'])
    await client.expect('QUIT', '221 2.0.0')
    await client.closed()
    const [message] = server.messages
    expect(message?.content.toString()).toBe('Subject: hi\r\n\r\n.dot\r\n')
    expect(message?.transaction.reversePath).toBe('lee@example.net')
    expect(message?.transaction.parameters.size).toBe(100)
    expect(message?.transaction.recipients).toEqual([
      { forwardPath: 'Kim@example.org', parameters: { notify: ['NEVER'], orcpt: null }, resolution: null },
    ])
    expect(message?.session).toMatchObject({
      remoteIp: '127.0.0.1',
      helo: 'client.example.net',
      esmtp: true,
      tls: null,
    })
    await vi.waitFor(() => expect(server.listener.sessions()).toBe(0))
  })

  it('runs pipelined transactions in order', async () => {
    await start()
    const client = await server.greeted()
    const one = ['MAIL FROM:<>', 'RCPT TO:<a@example.org>', 'RCPT TO:<b@example.org>', 'DATA']
    await client.pipeline(one, ['250', '250', '250', '354'])
    client.write('one\r\n.\r\nMAIL FROM:<x@example.net>\r\nRCPT TO:<c@example.org>\r\nDATA\r\n')
    for (const expected of ['250 2.0.0', '250 2.1.0', '250 2.1.5', '354']) await client.expect(null, expected)
    client.write('two\r\n.\r\nQUIT\r\n')
    await client.expect(null, '250 2.0.0')
    await client.expect(null, '221')
    await client.closed()
    expect(server.messages.map(({ content }) => content.toString())).toEqual(['one\r\n', 'two\r\n'])
    expect(server.messages.map(({ transaction }) => transaction.recipients.length)).toEqual([2, 1])
  })

  it('treats a repeated forward-path as one recipient; local parts are case-sensitive', async () => {
    await start()
    const client = await server.greeted()
    await client.expect('MAIL FROM:<>', '250')
    for (const address of ['a@example.org', 'a@EXAMPLE.org', 'A@example.org', 'a@example.org'])
      await client.expect(`RCPT TO:<${address}>`, '250 2.1.5')
    await client.expect('DATA', '354')
    await client.expect('.', '250')
    expect(server.messages[0]?.transaction.recipients.map(({ forwardPath }) => forwardPath)).toEqual([
      'a@example.org',
      'A@example.org',
    ])
    expect(server.calls.filter((call) => call.startsWith('rcpt'))).toHaveLength(2)
  })

  it('accepts <Postmaster> without a domain (RFC 5321 4.5.1)', async () => {
    await start()
    const client = await server.greeted()
    await client.expect('MAIL FROM:<>', '250')
    await client.expect('RCPT TO:<postMaster>', '250')
    expect(server.calls.at(-1)).toBe('rcpt postmaster@mx.example.org')
  })

  it('sends the replies of the hooks with their status', async () => {
    const no = (code: number, enhanced: string) => refuse(refusal(code, enhanced, 'Because', 'private'))
    await start({
      hooks: {
        helo: async (session) => (session.helo === 'bad' ? no(550, '5.7.1') : { kind: 'accept' }),
        mail: async (_session, from) => (from === null ? { kind: 'accept' } : no(553, '5.7.1')),
        rcpt: async (_session, _transaction, to) => no(to.forwardPath.startsWith('t') ? 451 : 550, '5.1.1'),
      },
    })
    const client = await server.connect()
    await client.expect(null, '220')
    expect((await client.expect('EHLO bad', '550 5.7.1')).lines).toEqual(['550 5.7.1 Because'])
    await client.expect('MAIL FROM:<>', '503')
    await client.expect('EHLO good', '250')
    await client.expect('MAIL FROM:<a@example.net>', '553 5.7.1')
    await client.expect('MAIL FROM:<>', '250')
    await client.expect('RCPT TO:<x@example.org>', '550 5.1.1')
    await client.expect('RCPT TO:<t@example.org>', '451 5.1.1')
    await client.expect('DATA', '554 5.5.1')
    expect(client.received).not.toContain('private')
  })

  it('ends after a 421 of a hook', async () => {
    await start({ hooks: { mail: async () => refuse(refusal(421, '4.7.0', 'Enough')) } })
    const client = await server.greeted()
    await client.expect('MAIL FROM:<>', '421 4.7.0')
    await client.closed()
  })

  it('sends each line of a reply with the status', async () => {
    await start({
      hooks: { mail: async () => refuse(refusal(550, '5.7.1', `one\ntwo\u0000 \u00e4\n${'x'.repeat(600)}`)) },
    })
    const client = await server.greeted()
    const reply = await client.expect('MAIL FROM:<>', '550 5.7.1')
    expect(reply.lines.slice(0, 2)).toEqual(['550-5.7.1 one', '550-5.7.1 two  ?'])
    expect(reply.lines.every((line) => line.length <= 510)).toBe(true)
  })
})

describe('the start of a session', () => {
  it('refuses a command before the greeting', async () => {
    await start({ settings: { greetAtOnce: false }, limits: { greetingMs: 100 } })
    const client = await server.connect()
    client.send('EHLO early.example.net')
    await client.expect(null, '421 4.7.0')
    await client.closed()
    expect(client.received).not.toContain('220')
  })

  it('refuses an incomplete line before the greeting too', async () => {
    await start({ settings: { greetAtOnce: false }, limits: { greetingMs: 50 } })
    const client = await server.connect()
    client.write('EHL')
    await client.expect(null, '421 4.7.0')
  })

  it('greets a client that waits', async () => {
    await start({ settings: { greetAtOnce: false }, limits: { greetingMs: 30 } })
    await server.greeted()
  })

  it('accepts early commands where it greets at once, and replies in order', async () => {
    await start({ hooks: { connect: () => sleep(30, admitted()) } })
    const client = await server.connect()
    client.write('EHLO early.example.net\r\nNOOP\r\n')
    await client.expect(null, '220')
    await client.expect(null, '250')
    await client.expect(null, '250 2.0.0')
  })

  describe('after a refusal by the connect hook', () => {
    const listed = { connect: async () => refuse(refusal(554, '5.7.1', 'Listed')) }

    it('waits for QUIT (RFC 5321 3.1)', async () => {
      await start({ hooks: listed })
      const client = await server.connect()
      await client.expect(null, '554 5.7.1')
      await client.pipeline(['EHLO c', 'MAIL FROM:<>', 'STARTTLS', 'BDAT 4 LAST'], ['503 5.5.1', '503', '503', '503'])
      await client.expect('quit', '221 2.0.0')
      await client.closed()
      expect(server.calls).toEqual(['connect'])
      expect(server.notices.length).toBe(1)
    })

    it('ends the session after some seconds', async () => {
      await start({ hooks: listed, limits: { refusedMs: 50 } })
      const client = await server.connect()
      await client.expect(null, '554 5.7.1')
      await client.expect(null, '421 4.4.2')
      await client.closed()
    })

    it('ends the session after some errors', async () => {
      await start({ hooks: listed, limits: { hardErrors: 3 } })
      const client = await server.connect()
      await client.expect(null, '554 5.7.1')
      await client.pipeline(['NOOP', 'NOOP', 'NOOP'], ['503', '503', '421'])
    })

    it('closes at once where places are scarce', async () => {
      await start({ hooks: listed, unproven: { capacity: 1 } })
      const client = await server.connect({ localAddress: '127.0.0.2' })
      await client.expect(null, '554 5.7.1')
      await client.closed()
    })

    it('closes at once with 421 if it is temporary', async () => {
      await start({ hooks: { connect: async () => refuse(refusal(454, '4.7.0', 'Later')) } })
      const client = await server.connect()
      await client.expect(null, '421 4.7.0')
      await client.closed()
    })
  })

  it('uses origin and name of the connect hook', async () => {
    const origin = { kind: 'peer', role: 'mx', vouched: 'nothing' } as const
    await start({ hooks: { connect: async () => admitted({ origin, remoteName: 'mx.example.net' }) } })
    const client = await server.greeted()
    await client.pipeline(['MAIL FROM:<>', 'RCPT TO:<a@example.org>', 'DATA'], ['250', '250', '354'])
    await client.expect('.', '250')
    expect(server.messages[0]?.session).toMatchObject({ origin, remoteName: 'mx.example.net' })
  })

  it('logs a client without a slot with its IPv4 address, without the prefix of dual-stack sockets', async () => {
    await start({ settings: { host: '::' }, unproven: { capacity: 0 } })
    await (await server.connect({ localAddress: '127.0.0.2' })).expect(null, '421 4.7.0')
    expect(server.notices).toMatchObject([
      {
        message: 'too many connections',
        fields: { remote: 'unknown[127.0.0.2]', limit: 'unprovenSessions: capacity' },
      },
    ])
  })

  it('limits sessions per client and in all', async () => {
    await start({ client: 2 })
    const localAddress = '127.0.0.2'
    const first = await server.greeted({ localAddress })
    await server.greeted({ localAddress })
    const third = await server.connect({ localAddress })
    await third.expect(null, '421 4.7.0')
    await third.closed()
    first.send('QUIT')
    await first.closed()
    await vi.waitFor(() => expect(server.listener.sessions()).toBe(1))
    await server.greeted({ localAddress })
  })
})

describe('places', () => {
  const stranger = { localAddress: '127.0.0.2' }
  const peer = { kind: 'peer', role: 'mx', vouched: 'nothing' } as const

  it('of the fleet and of this host are free while strangers hold all that they can have', async () => {
    await start({
      peer: '127.0.0.3',
      unproven: { capacity: 2 },
      sessions: { capacity: 4, ceilings: { internet: 0.5 } },
    })
    const internet = [await server.greeted(stranger), await server.greeted(stranger)]
    for (const client of internet) await client.expect('MAIL FROM:<a@b.example>', '250')
    await server.greeted(stranger)
    const last = await server.greeted(stranger)
    await (await server.connect(stranger)).expect(null, '421 4.7.0')
    await last.expect('MAIL FROM:<a@b.example>', '421 4.7.0')
    await server.greeted({ localAddress: '127.0.0.3' })
    await server.greeted()
    expect(server.notices).toContainEqual({
      message: 'sessions: purpose',
      fields: expect.objectContaining({ listener: 'test' }),
    })
  })

  it('are moved when a certificate or a login proves the client, and the address is remembered', async () => {
    const secured = async () => admitted({ origin: peer })
    await start({ unproven: { capacity: 1 }, sessions: { capacity: 3 }, hooks: { secured } })
    const first = await server.greeted(stranger)
    await first.expect('STARTTLS', '220')
    await first.startTls()
    await first.expect('EHLO peer.example.org', '250')
    await server.greeted({ localAddress: '127.0.0.4' })
    await (await server.connect({ localAddress: '127.0.0.5' })).expect(null, '421 4.7.0')
    await server.greeted(stranger)
  })

  it('are given up by a client that proves nothing in time', async () => {
    await start({ limits: { unprovenMs: 60 } })
    const idle = await server.greeted(stranger)
    await idle.expect(null, '421 4.4.2')
    const message = 'no certificate, login or mail transaction in time'
    expect(server.notices).toMatchObject([{ message }])
    const busy = await server.connect(stranger)
    await busy.pipeline(['EHLO a.example', 'MAIL FROM:<a@b.example>'], ['220', '250'])
    await busy.expect(null, '250')
    await sleep(150)
    await busy.expect('RSET', '250')
  })
})

describe('hooks that throw', () => {
  const broken = () => Promise.reject(new Error('broken hook'))

  it('cause 451 and a logged bug and do not end the session', async () => {
    await start({ hooks: { helo: async () => ({ kind: 'accept' }), mail: broken } })
    const client = await server.greeted()
    await client.expect('MAIL FROM:<>', '451 4.3.0')
    await client.expect('NOOP', '250')
    expect(server.bugs.map(({ context }) => context)).toEqual(['hook mail'])
    expect(client.received).not.toContain('broken hook')
    server.bugs.length = 0
  })

  it('at connect end the session with 421', async () => {
    await start({ hooks: { connect: broken } })
    const client = await server.connect()
    await client.expect(null, '421 4.3.0')
    await client.closed()
    server.bugs.length = 0
  })

  it('at data reply after the end of data', async () => {
    await start({ hooks: { data: broken } })
    const client = await server.greeted()
    await client.pipeline(['MAIL FROM:<>', 'RCPT TO:<a@example.org>', 'DATA'], ['250', '250', '354'])
    client.write(`${'x'.repeat(200_000)}\r\n.\r\nNOOP\r\n`)
    await client.expect(null, '451 4.3.0')
    await client.expect(null, '250')
    server.bugs.length = 0
  })

  it('are caught when they throw synchronously', async () => {
    await start({
      hooks: {
        rcpt: () => {
          throw new Error('at once')
        },
      },
    })
    const client = await server.greeted()
    await client.expect('MAIL FROM:<>', '250')
    await client.expect('RCPT TO:<a@example.org>', '451 4.3.0')
    client.send('QUIT')
    await client.closed()
    expect(server.bugs.map(({ context }) => context)).toEqual(['hook rcpt'])
    server.bugs.length = 0
  })
})

describe('drain and close', () => {
  it('ends idle sessions at once and lets transactions finish', async () => {
    await start()
    const idle = await server.greeted()
    const busy = await server.greeted()
    await busy.pipeline(['MAIL FROM:<>', 'RCPT TO:<a@example.org>'], ['250', '250'])
    const drained = server.listener.drain(3000)
    await idle.expect(null, '421 4.3.2')
    await idle.closed()
    await busy.expect('DATA', '354')
    await busy.expect('hello\r\n.', '250 2.0.0')
    await busy.expect(null, '421 4.3.2')
    await drained
    await expect(server.connect()).rejects.toThrow()
    expect(server.messages).toHaveLength(1)
  })

  it('cuts sessions after the time limit, and the hook gets the reason', async () => {
    await start()
    const busy = await server.greeted()
    await busy.pipeline(['MAIL FROM:<>', 'RCPT TO:<a@example.org>', 'DATA'], ['250', '250', '354'])
    busy.write('half a mess')
    await vi.waitFor(() => expect(server.calls).toContain('data'))
    await server.listener.drain(100)
    await busy.closed()
    expect(server.broken).toMatchObject([{ kind: 'shutdown' }])
    expect(server.messages).toEqual([])
  })

  it('rejects a start on a port in use', async () => {
    await start()
    await expect(startTestListener({ settings: { port: server.port } })).rejects.toThrow(/cannot listen on 127.0.0.1/)
  })
})

describe('refused connections', () => {
  it('that are not closed by their clients are few: the oldest ends when one more comes', async () => {
    await start({ client: 1 })
    await server.connect({ localAddress: '127.0.0.2' })
    const { port } = server
    const refused: Socket[] = []
    /** A client that neither sends nor closes anything. */
    const silent = async () => {
      const socket = connect({ port, host: '127.0.0.1', localAddress: '127.0.0.2', allowHalfOpen: true }).on(
        'error',
        () => {},
      )
      refused.push(socket)
      await once(socket.resume(), 'end')
    }
    for (let i = 0; i < 260; i++) await silent()
    const [first, last] = [refused[0], refused.at(-1)]
    await until(() => first?.write('x') === false || first?.destroyed === true, { what: 'a reset', timeout: 3000 })
    expect([last?.write('x'), last?.destroyed]).toEqual([true, false])
    for (const socket of refused) socket.destroy()
  })
})
