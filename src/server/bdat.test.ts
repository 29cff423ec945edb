// BDAT (RFC 3030): order, refusals that keep the stream in step, size, pace, and chunks that are given up.

import { afterEach, describe, expect, it, vi } from 'vitest'
import { admitted, readAll } from '../../test/lib/scripted-hooks.ts'
import type { SmtpDialogue } from '../../test/lib/smtp-dialogue.ts'
import { startTestListener, type TestListener, type TestListenerOptions } from '../../test/lib/test-listener.ts'

let server: TestListener
afterEach(async () => {
  await server.close()
  expect(server.bugs).toEqual([])
})

async function inTransaction(options: TestListenerOptions = {}): Promise<SmtpDialogue> {
  server = await startTestListener({ ...options, limits: { softErrors: 1000, hardErrors: 1000, ...options.limits } })
  const client = await server.greeted()
  await client.pipeline(envelope, ['250', '250'])
  return client
}

const envelope = ['MAIL FROM:<>', 'RCPT TO:<a@example.org>']
const contents = () => server.messages.map(({ content }) => content.toString('latin1'))
const kinds = () => server.broken.map((error) => (error as { kind: string }).kind)

/** Writes all at once and expects these replies, one for each command. */
async function sends(client: SmtpDialogue, octets: string, replies: readonly string[]): Promise<void> {
  client.write(Buffer.from(octets, 'latin1'))
  for (const reply of replies) await client.expect(null, reply)
}

describe('a message in chunks', () => {
  it('is the concatenation of their octets, with one final reply', async () => {
    const client = await inTransaction()
    expect((await client.expect('NOOP', '250')).code).toBe(250)
    client.write('BDAT 6\r\nabc\r\n.')
    expect((await client.reply()).lines).toEqual(['250 2.0.0 Ok: 6 octets'])
    client.write('BDAT 0\r\n')
    expect((await client.reply()).lines).toEqual(['250 2.0.0 Ok: 0 octets'])
    client.write('BDAT 7\r\n\r\n..x\r\n')
    await client.expect(null, '250 2.0.0')
    expect(server.messages).toEqual([])
    expect((await client.expect('BDAT 0 LAST', '250 2.0.0')).text).toMatch(/Queued as 1$/)
    expect(contents()).toEqual(['abc\r\n.\r\n..x\r\n'])
    await sends(client, 'NOOP\r\nQUIT\r\n', ['250', '221'])
    await client.closed()
  })

  it.each([
    ['BDAT 5 LAST\r\nhello', 'hello'],
    ['bdat 5 last\r\nhello', 'hello'],
    ['BDAT  0005   LAST  \r\nhello', 'hello'],
    [`BDAT ${'0'.repeat(500)}5 LAST\r\nhello`, 'hello'],
    ['BDAT 5 LAST\nhello', 'hello'],
    ['BDAT 0 LAST\r\n', ''],
    ['BDAT 5 LAST\r\n\r\n.\r\n', '\r\n.\r\n'],
    ['BDAT 12 LAST\r\nQUIT\r\nQUIT\r\n', 'QUIT\r\nQUIT\r\n'],
    ['BDAT 4 LAST\r\n\r\0\n\xff', '\r\0\n\xff'],
  ])('%j', async (octets, content) => {
    const client = await inTransaction()
    await sends(client, `${octets}NOOP\r\n`, ['250 2.0.0', '250 2.0.0'])
    expect(contents()).toEqual([content])
    await sends(client, `${envelope.join('\r\n')}\r\n${octets}QUIT\r\n`, ['250', '250', '250', '221'])
    expect(contents()).toEqual([content, content])
  })

  it('passes three megabytes in one chunk, and in chunks that the client does not wait for', async () => {
    const client = await inTransaction()
    const whole = Buffer.alloc(3_000_000, 'abcdefghij\r\n.\r\n')
    client.write(Buffer.concat([Buffer.from(`BDAT ${whole.length} LAST\r\n`), whole]))
    await client.expect(null, '250')
    const chunks: Buffer[] = []
    for (let from = 0; from < whole.length; from += 60_000)
      chunks.push(Buffer.from('BDAT 60000\r\n'), whole.subarray(from, from + 60_000))
    client.write(
      Buffer.concat([Buffer.from(`${envelope.join('\r\n')}\r\n`), ...chunks, Buffer.from('BDAT 0 LAST\r\n')]),
    )
    for (let i = 0; i < 53; i++) await client.expect(null, '250')
    for (const { content } of server.messages) expect(content.equals(whole)).toBe(true)
    expect(server.messages).toHaveLength(2)
  })

  it('waits for a hook that reads slowly', async () => {
    let read: () => void = () => {}
    const slow = new Promise<void>((resolve) => (read = resolve))
    const client = await inTransaction({
      hooks: {
        data: async (_session, _transaction, stream) => {
          await slow
          return { code: 250, enhanced: '2.0.0', text: `${(await readAll(stream)).length}` }
        },
      },
    })
    client.write(`BDAT 2000\r\n${'x'.repeat(2000)}`.repeat(500))
    await client.expect(null, '250')
    await new Promise((resolve) => setTimeout(resolve, 100))
    // The stream of the message holds 64 KiB on each side; more is not read from the socket.
    expect(client.received.match(/2000 octets/g)?.length).toBeLessThan(80)
    read()
    for (let i = 0; i < 499; i++) await client.expect(null, '250')
    expect((await client.expect('BDAT 0 LAST', '250')).text).toBe('2.0.0 1000000')
  })

  it('gets the refusal of the hook after the last chunk', async () => {
    const data = async () => ({ code: 550, enhanced: '5.7.1', text: 'No' })
    const client = await inTransaction({ hooks: { data } })
    await sends(client, 'BDAT 5\r\nhelloBDAT 5\r\nhelloBDAT 5 LAST\r\nhelloNOOP\r\n', [
      '250',
      '250',
      '550 5.7.1',
      '250',
    ])
  })

  it('is not accepted if the hook did not read it', async () => {
    const client = await inTransaction({
      hooks: { data: async () => ({ code: 250, enhanced: '2.0.0', text: 'Fine' }) },
    })
    await sends(client, 'BDAT 5\r\nhelloBDAT 5 LAST\r\nhello', ['250', '451 4.3.0'])
    expect(server.bugs).toHaveLength(1)
    server.bugs.length = 0
  })
})

describe('a refused BDAT takes its octets with it', () => {
  const evil = 'MAIL FROM:<evil@example.net>\r\nRCPT TO:<v@example.org>\r\n'
  const chunk = (argument: string) => `BDAT ${evil.length}${argument}\r\n${evil}`

  it.each([
    ['before EHLO', [], '503 5.5.1'],
    ['before MAIL', ['EHLO c'], '503 5.5.1'],
    ['before RCPT', ['EHLO c', 'MAIL FROM:<>'], '554 5.5.1'],
  ] as const)('%s', async (_name, commands, expected) => {
    server = await startTestListener()
    const client = await server.connect()
    await client.expect(null, '220')
    for (const command of commands) await client.expect(command, '250')
    await sends(client, `${chunk('')}${chunk(' LAST')}NOOP\r\n`, [expected, '503 5.5.1', '250'])
    expect(server.calls.some((call) => call.includes('evil'))).toBe(false)
  })

  it('before the TLS that the listener requires', async () => {
    server = await startTestListener({ settings: { tls: 'starttls-required' } })
    const client = await server.greeted()
    await sends(client, `${chunk(' LAST')}NOOP\r\n`, ['530 5.7.0', '250'])
    await sends(client, 'BDAT x\r\n', ['521 5.5.4'])
    await client.closed()
  })

  it.each([' FIRST', ' LAST LAST', ' LAST=1', ' 5'])('with the argument %j', async (argument) => {
    const client = await inTransaction()
    await sends(client, `${chunk(argument)}${chunk(' LAST')}NOOP\r\n`, ['501 5.5.4', '503 5.5.1', '250'])
    expect(server.messages).toEqual([])
    expect(server.calls.some((call) => call.includes('evil'))).toBe(false)
  })

  it('ends the transaction: no message without the octets of a refused chunk', async () => {
    const client = await inTransaction()
    await sends(client, `BDAT 3\r\nabc${chunk(' X')}BDAT 3 LAST\r\nabc`, ['250', '501', '503'])
    expect(kinds()).toEqual(['abandoned'])
    await sends(client, 'RCPT TO:<b@example.org>\r\nDATA\r\n', ['503', '503'])
    await sends(client, `${envelope.join('\r\n')}\r\nBDAT 3 LAST\r\nabc`, ['250', '250', '250'])
    expect(contents()).toEqual(['abc'])
  })

  it('also if all recipients were refused, and one is accepted later', async () => {
    server = await startTestListener()
    const client = await server.greeted()
    const lines = ['MAIL FROM:<>', 'RCPT TO:<>', 'BDAT 3', 'abcRCPT TO:<a@example.org>', 'BDAT 3 LAST', 'abcNOOP', '']
    await sends(client, lines.join('\r\n'), ['250', '501', '554 5.5.1', '503', '503', '250'])
    expect(server.messages).toEqual([])
  })

  it.each([
    'BDAT',
    'BDAT ',
    'BDAT LAST',
    'BDAT -5',
    'BDAT +5',
    'BDAT 0x5',
    'BDAT 5.0',
    'BDAT 5LAST',
    'BDAT five LAST',
    'BDAT\t5',
    'BDAT5',
    'BDAT 5\0',
    'BDAT \u0665',
    `BDAT ${'0'.repeat(2100)}`,
  ])('or ends the session if their number is unknown: %j', async (command) => {
    const client = await inTransaction()
    await sends(client, `${command}\r\n${evil}`, ['521 5.5.4'])
    await client.closed()
    expect(client.received).toMatch(/\r\n521 5\.5\.4 [^\r\n]*\r\n$/)
    expect(server.calls.some((call) => call.includes('evil'))).toBe(false)
    expect(server.messages).toEqual([])
  })

  it('counts as one error', async () => {
    server = await startTestListener({ limits: { softErrors: 3, hardErrors: 3 } })
    const client = await server.greeted()
    await sends(client, 'BDAT 1\r\nxBDAT 1\r\nxBDAT 1\r\nxNOOP\r\n', ['503', '503', '421 4.7.0'])
    await client.closed()
  })
})

describe('between two chunks', () => {
  it.each([
    ['DATA', '503 5.5.1'],
    ['RCPT TO:<b@example.org>', '503 5.5.1'],
    ['MAIL FROM:<>', '503 5.5.1'],
    ['NOOP', '250'],
    ['VRFY lee', '252'],
    ['HELP', '214'],
    ['XYZZY', '500'],
    ['', '500'],
    ['AUTH PLAIN', '503'],
  ])('%j leaves the message as it is', async (command, expected) => {
    const client = await inTransaction()
    await sends(client, `BDAT 3\r\nabc${command}\r\nBDAT 3 LAST\r\ndef`, ['250', expected, '250'])
    expect(contents()).toEqual(['abcdef'])
    expect(server.messages[0]?.transaction.recipients).toHaveLength(1)
  })

  it.each(['RSET', 'EHLO again', 'HELO again'])('%s drops the message before its reply', async (command) => {
    let discard: (() => void) | null = null
    const client = await inTransaction({
      hooks: {
        data: async (_session, _transaction, stream) => {
          await readAll(stream).catch(() => {})
          await new Promise<void>((resolve) => (discard = resolve))
          throw new Error('the stream broke')
        },
      },
    })
    await sends(client, 'BDAT 3\r\nabc', ['250'])
    const before = client.received
    client.send(command)
    await vi.waitFor(() => expect(discard).not.toBeNull())
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(client.received).toBe(before)
    ;(discard as unknown as () => void)()
    await client.expect(null, '250')
    await sends(client, 'BDAT 3 LAST\r\nabc', ['503'])
  })

  it('STARTTLS drops the message', async () => {
    const client = await inTransaction()
    await sends(client, 'BDAT 3\r\nabcSTARTTLS\r\n', ['250', '220'])
    expect(kinds()).toEqual(['abandoned'])
    await client.startTls()
    await sends(client, 'BDAT 3 LAST\r\nabc', ['503'])
    await sends(client, 'EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@example.org>\r\nBDAT 3 LAST\r\nabc', [
      '250',
      '250',
      '250',
      '250',
    ])
    expect(contents()).toEqual(['abc'])
  })

  it.each(['reset', 'end', 'quit'] as const)('the end of the connection (%s) drops the message', async (how) => {
    const client = await inTransaction()
    await sends(client, 'BDAT 3\r\nabc', ['250'])
    if (how === 'quit') await client.expect('QUIT', '221')
    else client[how]()
    await vi.waitFor(() => expect(kinds()).toEqual(['disconnected']))
    await vi.waitFor(() => expect(server.listener.sessions()).toBe(0))
    expect(server.messages).toEqual([])
  })

  it.each(['BDAT 6 LAST\r\nhello', 'BDAT 5 LAST\r', 'BDAT 5 LAST'])(
    'an incomplete %j is no end of the message',
    async (octets) => {
      const client = await inTransaction()
      await sends(client, 'BDAT 3\r\nabc', ['250'])
      client.write(octets)
      client.end()
      await vi.waitFor(() => expect(kinds()).toEqual(['disconnected']))
      expect(server.messages).toEqual([])
    },
  )

  it('a shutdown cuts the message', async () => {
    const client = await inTransaction()
    await sends(client, 'BDAT 3\r\nabc', ['250'])
    await server.listener.close()
    await client.expect(null, '421 4.3.2')
    expect(kinds()).toEqual(['shutdown'])
  })

  it('a drain lets the message end', async () => {
    const client = await inTransaction()
    await sends(client, 'BDAT 3\r\nabc', ['250'])
    const drained = server.listener.drain(5000)
    await sends(client, 'BDAT 3 LAST\r\nabc', ['250 2.0.0', '421 4.3.2'])
    await drained
    expect(contents()).toEqual(['abcabc'])
  })
})

describe('size', () => {
  const limits = { messageSize: 1000 }
  const x = (octets: number) => 'x'.repeat(octets)

  it('allows exactly the limit', async () => {
    const client = await inTransaction({ limits })
    await sends(client, `BDAT 400\r\n${x(400)}BDAT 600 LAST\r\n${x(600)}`, ['250', '250'])
  })

  it('counts all chunks, and refuses the one that is too much without reading it into memory', async () => {
    const client = await inTransaction({ limits })
    await sends(client, `BDAT 400\r\n${x(400)}BDAT 601\r\n`, ['250'])
    await vi.waitFor(() => expect(kinds()).toEqual(['too-large']))
    await sends(client, `${x(601)}BDAT 3 LAST\r\nabcNOOP\r\n`, ['552 5.3.4', '503', '250'])
    expect(server.messages).toEqual([])
    await sends(client, `${envelope.join('\r\n')}\r\nBDAT 3 LAST\r\nabc`, ['250', '250', '250'])
  })

  it('reports a first chunk that is too large to the hook, for the ledger', async () => {
    const client = await inTransaction({ limits })
    await sends(client, `BDAT 1001 LAST\r\n${x(1001)}`, ['552 5.3.4'])
    expect(kinds()).toEqual(['too-large'])
  })

  it.each(['2001', '10000000000', '18446744073709551615', '18446744073709551616', '9'.repeat(400)])(
    'ends the session at an announcement of twice the limit: %s',
    async (octets) => {
      const client = await inTransaction({ limits })
      await sends(client, `BDAT ${octets} LAST\r\nNOOP\r\n`, ['552 5.3.4'])
      await client.closed()
      expect(kinds()).toEqual(['too-large'])
    },
  )

  it('ends the session there also without a transaction', async () => {
    server = await startTestListener({ limits })
    const client = await server.greeted()
    await sends(client, 'BDAT 2001\r\nNOOP\r\n', ['552 5.3.4'])
    await client.closed()
  })

  it('is larger for a fleet node', async () => {
    const origin = { kind: 'peer', role: 'mx', vouched: 'nothing' } as const
    const client = await inTransaction({ limits, hooks: { connect: async () => admitted({ origin }) } })
    await sends(client, `BDAT 3000 LAST\r\n${x(3000)}`, ['250'])
  })
})

describe('pace', () => {
  it.each([
    ['within a chunk', 'BDAT 50\r\nabc'],
    ['between two chunks', 'BDAT 3\r\nabc'],
  ])('ends silence %s', async (_name, octets) => {
    const client = await inTransaction({ limits: { dataIdleMs: 80 } })
    client.write(octets)
    await vi.waitFor(() => expect(client.received).toMatch(/421 4\.4\.2/))
    await client.closed()
    expect(kinds()).toEqual(['too-slow'])
  })

  it.each([
    ['octet by octet', 'BDAT 10000\r\n', 'x'],
    ['in chunks of an octet', '', 'BDAT 1\r\nx'],
    ['what is dropped', 'RSET\r\nBDAT 10000\r\n', 'x'],
  ])('ends a client that sends %s', async (_name, first, drip) => {
    const client = await inTransaction({ limits: { dataGraceMs: 60, dataRate: 100_000, dataIdleMs: 400 } })
    client.write(first)
    const timer = setInterval(() => client.write(drip), 10)
    await vi.waitFor(() => expect(client.received).toMatch(/421 4\.4\.2 Message arrives too slowly/))
    clearInterval(timer)
    await client.closed()
    expect(server.messages).toEqual([])
  })

  it.each([
    ['in one chunk', 'BDAT 50000000\r\n', 'x'.repeat(1000)],
    ['in many', '', `BDAT 1000\r\n${'x'.repeat(1000)}`],
  ])('ends a client without proof that sends octets to drop %s', async (_name, first, octets) => {
    server = await startTestListener({ limits: { unprovenMs: 150, hardErrors: 1000, softErrors: 1000 } })
    const client = await server.greeted({ localAddress: '127.0.0.5' })
    client.write(first)
    const timer = setInterval(() => client.write(octets), 10)
    await vi.waitFor(() => expect(client.received).toMatch(/421 4\.4\.2 Timeout/))
    clearInterval(timer)
    await client.closed()
  })

  it('is not measured after the transaction', async () => {
    const client = await inTransaction({ limits: { dataIdleMs: 100, dataGraceMs: 50, dataRate: 100_000 } })
    await sends(client, 'BDAT 3\r\nabcRSET\r\n', ['250', '250'])
    await new Promise((resolve) => setTimeout(resolve, 300))
    await client.expect('NOOP', '250')
  })

  it('takes small chunks without end for what they are', async () => {
    const client = await inTransaction({ limits: { junkCommands: 10, hardErrors: 5 } })
    client.write('BDAT 1\r\nx'.repeat(2000))
    for (let i = 0; i < 1014; i++) await client.expect(null, '250')
    await client.expect(null, '421 4.7.0')
    expect(server.messages).toEqual([])
  })
})
