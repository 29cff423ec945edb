// Every command in every wrong state, and every malformed argument (RFC 5321 4.1.4, 4.3.2).

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { SmtpDialogue } from '../../test/lib/smtp-dialogue.ts'
import { startTestListener, type TestListener } from '../../test/lib/test-listener.ts'

let server: TestListener
let client: SmtpDialogue
beforeAll(async () => {
  server = await startTestListener({
    settings: { mechanisms: ['PLAIN'] },
    limits: { hardErrors: 1000, softErrors: 1000 },
  })
})
afterEach(() => client.reset())
afterAll(async () => {
  await server.close()
  expect(server.bugs).toEqual([])
})

/** Commands that take a new connection to a state. */
const states = {
  new: [],
  greeted: ['EHLO c'],
  mail: ['EHLO c', 'MAIL FROM:<>'],
  rcpt: ['EHLO c', 'MAIL FROM:<>', 'RCPT TO:<a@example.org>'],
} as const

async function inState(state: keyof typeof states): Promise<void> {
  client = await server.connect()
  await client.expect(null, '220')
  for (const command of states[state]) await client.expect(command, '250')
}

describe('order', () => {
  it.each([
    ['new', 'MAIL FROM:<>', '503 5.5.1'],
    ['new', 'RCPT TO:<a@example.org>', '503 5.5.1'],
    ['new', 'DATA', '503 5.5.1'],
    ['new', 'AUTH PLAIN', '503 5.5.1'],
    ['new', 'RSET', '250 2.0.0'],
    ['new', 'NOOP', '250 2.0.0'],
    ['new', 'NOOP with words', '250 2.0.0'],
    ['new', 'VRFY lee', '252 2.0.0'],
    ['new', 'HELP', '214 2.0.0'],
    ['new', 'HELO c', '250'],
    ['new', 'QUIT', '221 2.0.0'],
    ['greeted', 'RCPT TO:<a@example.org>', '503 5.5.1'],
    ['greeted', 'DATA', '503 5.5.1'],
    ['greeted', 'AUTH PLAIN AGEAYg==', '538 5.7.11'],
    ['mail', 'MAIL FROM:<>', '503 5.5.1'],
    ['mail', 'DATA', '554 5.5.1'],
    ['rcpt', 'MAIL FROM:<b@example.net>', '503 5.5.1'],
    ['rcpt', 'RCPT TO:<b@example.org>', '250 2.1.5'],
    ['rcpt', 'DATA', '354'],
  ] as const)('in state %s: %s → %s', async (state, command, expected) => {
    await inState(state)
    await client.expect(command, expected)
  })

  it.each(['RSET', 'EHLO again', 'HELO again'])('%s ends the transaction', async (command) => {
    await inState('rcpt')
    await client.expect(command, '250')
    await client.expect('RCPT TO:<a@example.org>', '503')
    await client.expect('MAIL FROM:<>', '250')
    await client.expect('DATA', '554')
  })

  it('does not mention AUTH before TLS', async () => {
    client = await server.connect()
    await client.expect(null, '220')
    expect((await client.expect('EHLO c', '250')).text).not.toContain('AUTH')
  })

  it('answers HELO with one line and no extensions', async () => {
    client = await server.connect()
    await client.expect(null, '220')
    expect((await client.expect('HELO c', '250')).lines).toEqual(['250 mx.example.org'])
  })
})

describe('arguments', () => {
  it.each([
    ['greeted', 'EHLO', '501 5.5.4'],
    ['greeted', 'EHLO two words', '501 5.5.4'],
    ['greeted', `EHLO ${'x'.repeat(300)}`, '501 5.5.4'],
    ['greeted', 'EHLO <script>', '501 5.5.4'],
    ['greeted', 'EHLO bücher.example', '501 5.5.4'],
    ['greeted', 'EHLO [127.0.0.1]', '250'],
    ['greeted', 'EHLO WIN_MACHINE', '250'],
    ['greeted', 'MAIL', '501 5.1.7'],
    ['greeted', 'MAIL TO:<a@example.net>', '501 5.1.7'],
    ['greeted', 'MAIL FROM:a@example.net', '501 5.1.7'],
    ['greeted', 'MAIL FROM:<a@example.net', '501 5.1.7'],
    ['greeted', 'MAIL FROM:<a>', '501 5.1.7'],
    ['greeted', 'MAIL FROM:<Postmaster>', '501 5.1.7'],
    ['greeted', 'MAIL FROM:<a b@example.net>', '501 5.1.7'],
    ['greeted', 'mail from: <a@example.net>', '250 2.1.0'],
    ['greeted', 'MAIL FROM:<a@example.net>  ', '250 2.1.0'],
    ['greeted', 'MAIL FROM:<@relay.example:a@example.net>', '250 2.1.0'],
    ['greeted', 'MAIL FROM:<a@example.net> SIZE=52428801', '552 5.3.4'],
    ['greeted', 'MAIL FROM:<a@example.net> SIZE=x', '501 5.5.4'],
    ['greeted', 'MAIL FROM:<a@example.net> SIZE=1 SIZE=1', '501 5.5.4'],
    ['greeted', 'MAIL FROM:<a@example.net> BODY=BINARYMIME', '555 5.5.4'],
    ['greeted', 'MAIL FROM:<a@example.net> HOLDFOR=60', '555 5.5.4'],
    ['greeted', 'MAIL FROM:<a@example.net> REQUIRETLS', '555 5.5.4'],
    ['greeted', 'MAIL FROM:<bücher@example.net>', '553 5.6.7'],
    ['greeted', 'MAIL FROM:<bücher@example.net> SMTPUTF8', '250 2.1.0'],
    ['greeted', 'MAIL FROM:<a@example.net> AUTH=<>', '250 2.1.0'],
    ['greeted', 'MAIL FROM:<a@example.net> RET=HDRS ENVID=x+2By BODY=8bitmime', '250 2.1.0'],
    ['mail', 'RCPT', '501 5.1.3'],
    ['mail', 'RCPT TO:<>', '501 5.1.3'],
    ['mail', 'RCPT FROM:<a@example.org>', '501 5.1.3'],
    ['mail', 'RCPT TO:<bücher@example.org>', '553 5.6.7'],
    ['mail', 'RCPT TO:<a@example.org> NOTIFY=NEVER,DELAY', '501 5.5.4'],
    ['mail', 'RCPT TO:<a@example.org> ORCPT=rfc822;a@example.org NOTIFY=DELAY', '250 2.1.5'],
    ['mail', 'RCPT TO:<a@example.org> NOTIFY=DELAY NOTIFY=DELAY', '501 5.5.4'],
    ['mail', 'RCPT TO:<a@example.org> RRVS=2014-04-03T23:01:00Z', '555 5.5.4'],
    ['rcpt', 'DATA now', '501 5.5.4'],
    ['rcpt', 'RSET now', '501 5.5.4'],
    ['new', 'QUIT now', '501 5.5.4'],
    ['new', 'STARTTLS now', '501 5.5.4'],
    ['new', 'VRFY', '501 5.5.4'],
    ['new', 'EXPN list', '502 5.5.1'],
    ['new', 'TURN', '502 5.5.1'],
    ['new', 'WIZ please', '500 5.5.2'],
    ['new', 'SHELL', '500 5.5.2'],
    ['new', 'KILL', '500 5.5.2'],
    ['new', 'XCLIENT ADDR=192.0.2.1', '500 5.5.2'],
    ['new', 'XFORWARD ADDR=192.0.2.1', '500 5.5.2'],
    ['new', 'LHLO c', '500 5.5.2'],
    ['new', '', '500 5.5.2'],
    ['new', ' EHLO c', '500 5.5.2'],
    ['new', 'MAILFROM:<>', '500 5.5.2'],
    ['new', 'constructor', '500 5.5.2'],
    ['new', '__proto__', '500 5.5.2'],
    ['new', `NOOP ${'x'.repeat(3000)}`, '500 5.5.2'],
    ['new', 'NOOP \0', '500 5.5.2'],
    ['new', 'NOOP \r x', '500 5.5.2'],
  ] as const)('in state %s: %s → %s', async (state, command, expected) => {
    await inState(state)
    await client.expect(command, expected)
    if (!expected.startsWith('250')) await client.expect('NOOP', '250')
  })

  it('refuses invalid UTF-8 and continues the session', async () => {
    await inState('greeted')
    client.write(Buffer.from('MAIL FROM:<\xff\xfe@example.net>\r\n', 'latin1'))
    await client.expect(null, '500 5.5.2')
    await client.expect('MAIL FROM:<>', '250')
  })

  it('reads a command that ends in a bare LF', async () => {
    await inState('greeted')
    client.write('NOOP\nNOOP\r\n')
    await client.expect(null, '250')
    await client.expect(null, '250')
  })

  it('ends the session at an HTTP request', async () => {
    await inState('new')
    client.write('POST / HTTP/1.1\r\nHost: mx\r\n\r\nEHLO c\r\nMAIL FROM:<>\r\n')
    await client.expect(null, '421 4.7.0')
    await client.closed()
  })

  it('sends UTF-8 replies only in a transaction with SMTPUTF8', async () => {
    await inState('greeted')
    const refused = await client.expect('MAIL FROM:<a@example.net> SÜZE=1', '501')
    expect(refused.text).not.toMatch(/[\u0080-\uffff]/)
  })
})
