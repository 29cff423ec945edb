// Hostile clients: floods, lines without end, silence, disconnects at every step, and random input in every state.

import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { admitted } from '../../test/lib/scripted-hooks.ts'
import type { SmtpDialogue } from '../../test/lib/smtp-dialogue.ts'
import {
  startTestListener,
  testAuthority,
  type TestListener,
  type TestListenerOptions,
} from '../../test/lib/test-listener.ts'
import { refuse } from '../policy/verdict.ts'
import { refusal } from '../smtp/reply.ts'

let server: TestListener
const start = async (options?: TestListenerOptions) => {
  server = await startTestListener(options)
  return server
}
afterEach(async () => {
  await server.close()
  expect(server.bugs).toEqual([])
})

describe('a client that disconnects before the node accepts it', () => {
  it('has no address and reaches no hook', async () => {
    const seen: string[] = []
    await start({
      hooks: {
        connect: async ({ remoteIp }) => {
          seen.push(remoteIp)
          return admitted()
        },
      },
    })
    const gone = Array.from({ length: 20 }, async () => {
      const socket = connect(server.port, '127.0.0.1')
      socket.on('error', () => {})
      socket.once('connect', () => socket.resetAndDestroy())
      await once(socket, 'close')
    })
    // The resets arrive while the event loop is busy here, before the listener runs.
    const end = Date.now() + 50
    while (Date.now() < end);
    await Promise.all(gone)
    const client = await server.greeted()
    client.reset()
    await vi.waitFor(() => expect(server.listener.sessions()).toBe(0))
    expect(new Set(seen)).toEqual(new Set(['127.0.0.1']))
  })
})

describe('errors', () => {
  it('slow a client down and end the session', async () => {
    await start({ limits: { softErrors: 2, hardErrors: 5, errorDelayMs: 50 } })
    const client = await server.greeted()
    const begun = Date.now()
    client.write('XX\r\n'.repeat(10))
    for (let i = 0; i < 4; i++) await client.expect(null, '500 5.5.2')
    await client.expect(null, '421 4.7.0')
    await client.closed()
    expect(Date.now() - begun).toBeGreaterThanOrEqual(95)
  })

  it('are cleared when a message is accepted', async () => {
    await start({ limits: { softErrors: 2, hardErrors: 3 } })
    const client = await server.greeted()
    for (let round = 0; round < 4; round++) {
      await client.expect('XX', '500')
      await client.expect('XX', '500')
      await client.pipeline(['MAIL FROM:<>', 'RCPT TO:<a@example.org>', 'DATA'], ['250', '250', '354'])
      await client.expect('.', '250')
    }
  })

  it('of fleet nodes are not counted', async () => {
    const origin = { kind: 'peer', role: 'mx', vouched: 'nothing' } as const
    const rcpt = async () => refuse(refusal(550, '5.1.1', 'Unknown'))
    await start({ limits: { hardErrors: 3 }, hooks: { connect: async () => admitted({ origin }), rcpt } })
    const client = await server.greeted()
    await client.expect('MAIL FROM:<>', '250')
    for (let i = 0; i < 10; i++) await client.expect('RCPT TO:<a@example.org>', '550')
  })

  it('include junk commands above their limit', async () => {
    await start({ limits: { junkCommands: 3, hardErrors: 3 } })
    const client = await server.greeted()
    for (let i = 0; i < 5; i++) await client.expect('NOOP', '250')
    await client.expect('RSET', '421 4.7.0')
    await client.closed()
  })
})

describe('floods', () => {
  it('10 000 recipients: a thousand are accepted, a thousand get 452, then the session ends', async () => {
    await start()
    const client = await server.greeted()
    await client.expect('MAIL FROM:<>', '250')
    client.write(Array.from({ length: 10_000 }, (_, i) => `RCPT TO:<r${i}@example.org>\r\n`).join(''))
    const codes = new Map<number, number>()
    for (let code = 0; code !== 421; ) {
      code = (await client.reply()).code
      codes.set(code, (codes.get(code) ?? 0) + 1)
    }
    expect([...codes]).toEqual([
      [250, 1000],
      [452, 1019],
      [421, 1],
    ])
    await client.closed()
  })

  it('slightly more than a thousand: the transaction continues with the accepted ones', async () => {
    await start({ limits: { recipients: 3, recipientOvershoot: 5, hardErrors: 2 } })
    const client = await server.greeted()
    await client.expect('MAIL FROM:<>', '250')
    for (let i = 0; i < 3; i++) await client.expect(`RCPT TO:<r${i}@example.org>`, '250')
    for (let i = 3; i < 8; i++) await client.expect(`RCPT TO:<r${i}@example.org>`, '452 4.5.3')
    await client.expect('RCPT TO:<r1@example.org>', '250')
    await client.expect('DATA', '354')
    await client.expect('.', '250')
    expect(server.messages[0]?.transaction.recipients).toHaveLength(3)
  })

  it('a line without end', async () => {
    await start()
    const client = await server.greeted()
    client.write('A'.repeat(100_000))
    await client.expect(null, '421 4.7.0')
    await client.closed()
  })

  it('half a million pipelined commands of a client that reads no reply', async () => {
    await start({ limits: { junkCommands: 1e9, commandMs: 300 } })
    const client = await server.greeted()
    client.socket.pause()
    client.write('NOOP\r\n'.repeat(500_000))
    const messages = () => server.notices.map(({ message }) => message)
    await vi.waitFor(() => expect(messages()).toContain('Timeout, closing connection'), { timeout: 15_000 })
  })
})

describe('silence', () => {
  it.each([
    ['before EHLO', []],
    ['in a transaction', ['EHLO c', 'MAIL FROM:<>']],
  ])('%s ends with 421', async (_state, commands) => {
    await start({ limits: { commandMs: 80 } })
    const client = await server.connect()
    await client.expect(null, '220')
    for (const command of commands) await client.expect(command, '250')
    await client.expect(null, '421 4.4.2')
    await client.closed()
  })

  it('during AUTH ends with 421 too', async () => {
    await start({ settings: { tls: 'implicit', mechanisms: ['PLAIN'] }, limits: { commandMs: 80 } })
    const client = await server.greeted({ tls: { ca: testAuthority.certificate } })
    await client.expect('AUTH PLAIN', '334')
    await client.expect(null, '421 4.4.2')
  })

  it('continues while octets arrive without a line end', async () => {
    await start({ limits: { commandMs: 100 } })
    const client = await server.greeted()
    const drip = setInterval(() => client.write('N'), 10)
    await client.expect(null, '421 4.4.2')
    clearInterval(drip)
  })

  it('of the node does not count', async () => {
    const slow = () => new Promise<{ kind: 'accept' }>((resolve) => setTimeout(resolve, 250, { kind: 'accept' }))
    await start({ limits: { commandMs: 60 }, hooks: { mail: slow } })
    const client = await server.greeted()
    await client.expect('MAIL FROM:<>', '250')
  })

  it('is not the only limit: a session has a maximum age', async () => {
    await start({ limits: { sessionMs: 100 } })
    const client = await server.greeted()
    const noop = setInterval(() => client.send('NOOP'), 10)
    await vi.waitFor(async () => expect((await client.reply()).code).toBe(421))
    clearInterval(noop)
    await client.closed()
  })
})

describe('a connection dropped at every step', () => {
  const steps = [
    'EHLO c\r\n',
    'MAIL FROM:<>\r\n',
    'RCPT TO:<a@example.org>\r\n',
    'DATA\r\n',
    'Subject: x\r\n\r\nbody\r\n',
    '.\r\n',
    'QUIT\r\n',
  ]
  it.each(['reset', 'end'] as const)('by %s never harms the server', async (how) => {
    const slow = () => sleep(2, { kind: 'accept', resolution: null } as const)
    await start({ hooks: { helo: slow, mail: slow, rcpt: slow } })
    for (let count = 0; count <= steps.length; count++) {
      for (const cut of [0, 1, 3]) {
        const client = await server.connect()
        client.write(steps.slice(0, count).join('') + (steps[count] ?? '').slice(0, cut))
        await new Promise((resolve) => setTimeout(resolve, cut * 2))
        client[how]()
      }
    }
    await vi.waitFor(() => expect(server.listener.sessions()).toBe(0))
    await server.greeted()
  })

  it('during the connect hook', async () => {
    await start({ hooks: { connect: () => sleep(50, admitted()) } })
    const client = await server.connect()
    client.reset()
    await vi.waitFor(() => expect(server.calls).toEqual(['connect']))
    await vi.waitFor(() => expect(server.listener.sessions()).toBe(0))
  })

  it('does not run a line without a line end', async () => {
    await start()
    const client = await server.greeted()
    client.write('MAIL FROM:<half@example.net>')
    client.end()
    await vi.waitFor(() => expect(server.listener.sessions()).toBe(0))
    expect(server.calls.filter((call) => call.startsWith('mail'))).toEqual([])
  })
})

describe('random input', () => {
  const states = {
    new: [],
    greeted: ['EHLO c'],
    mail: ['EHLO c', 'MAIL FROM:<>'],
    rcpt: ['EHLO c', 'MAIL FROM:<>', 'RCPT TO:<a@example.org>'],
    auth: ['EHLO c', 'AUTH LOGIN'],
    data: ['EHLO c', 'MAIL FROM:<>', 'RCPT TO:<a@example.org>', 'DATA'],
  }
  const verb = fc.constantFrom(
    'MAIL FROM:',
    'RCPT TO:',
    'EHLO ',
    'DATA',
    'RSET',
    'AUTH ',
    'AUTH PLAIN ',
    'VRFY ',
    '*',
    '.',
    'QUIT',
  )
  const tail = fc.oneof(
    fc.constantFrom('<>', '<a@example.org>', 'x', '', ' SIZE=1', '<a@[127.0.0.1]>', 'AGEAYg=='),
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.string({ maxLength: 40 }),
  )
  const ending = fc.constantFrom('\r\n', '\n', '\r', '\r\n.\r\n', '')
  const line = fc.tuple(verb, tail, tail, ending).map((parts) => parts.join(''))

  it.each(Object.keys(states) as (keyof typeof states)[])('in state %s: always a reply or a close', async (state) => {
    await start({
      settings: { tls: state === 'auth' ? 'implicit' : 'starttls', mechanisms: ['PLAIN', 'LOGIN'] },
      limits: { hardErrors: 8, softErrors: 8 },
    })
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 6 }), async (lines) => {
        const client = await server.connect(state === 'auth' ? { tls: { rejectUnauthorized: false } } : {})
        await client.expect(null, '220')
        for (const command of states[state]) {
          client.send(command)
          await client.reply()
        }
        client.write(Buffer.from(lines.join('')))
        await answered(client)
      }),
      { numRuns: 40 },
    )
    expect(server.bugs).toEqual([])
  })

  /** Ends the state that the input left, and expects a reply or a close. */
  async function answered(client: SmtpDialogue): Promise<void> {
    client.write('\r\n.\r\nNOOP\r\nQUIT\r\n')
    await client.closed().catch(() => {
      throw new Error(`no reply and no close after ${JSON.stringify(client.received)}`)
    })
    expect(client.received).toMatch(/(^|\r\n)(221|421) .*\r\n$/)
  }
})
