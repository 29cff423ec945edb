// A peer that sends anything at any time: each transaction ends with one result per recipient, and nothing throws.

import { createServer } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  contentFrom,
  envelopeFor,
  loopbackTarget,
  openTarget,
  transportSettings,
} from '../../../test/lib/transport-settings.ts'
import { systemClock } from '../../lib/clock.ts'
import { createSmtpTransport } from './smtp-transport.ts'
import { tlsPolicies } from '../tls-policy/configured-policies.ts'

const timeouts = { greeting: 40, ehlo: 40, starttls: 40, mail: 40, rcpt: 40, data: 40, block: 40, finalDot: 40 }

const line = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom('220 x', '250 x', '250-x', '250-PIPELINING', '250 DSN', '354 go', '250-STARTTLS'),
  },
  { weight: 3, arbitrary: fc.constantFrom('421 bye', '450 4.2.0 no', '550 5.1.1 no', '552 no', '554 no', '220 go') },
  { weight: 1, arbitrary: fc.string({ maxLength: 20 }) },
)
/** What the peer sends after each chunk that it receives: lines, or the end of the connection. */
const script = fc.array(
  fc.oneof({ weight: 9, arbitrary: fc.array(line, { maxLength: 4 }) }, { weight: 1, arbitrary: fc.constant(null) }),
  {
    minLength: 1,
    maxLength: 10,
  },
)

/** Often valid replies of a transaction, sent too early. */
const replies = fc.oneof(
  fc.constant(['250 x', '250 x', '354 go', '250 x']),
  fc.array(fc.constantFrom('250 x', '354 go', '550 no'), { maxLength: 6 }),
)

type Script = readonly (readonly string[] | null)[]

async function startLiar(steps: Script) {
  const server = createServer((socket) => {
    let at = 0
    const speak = () => {
      const step = steps[at++]
      if (step === null) socket.destroy()
      else if (step && step.length > 0) socket.write(step.map((text) => `${text}\r\n`).join(''))
    }
    socket.on('error', () => undefined)
    socket.on('data', speak)
    speak()
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  return { server, port: typeof address === 'object' && address ? address.port : 0 }
}

describe('a peer that violates the protocol', () => {
  it('causes no exception and no endless wait', async () => {
    await fc.assert(
      fc.asyncProperty(script, fc.boolean(), async (steps, streamed) => {
        const { server, port } = await startLiar(steps)
        const transport = createSmtpTransport(transportSettings({ timeouts }), { clock: systemClock })
        const opened = await openTarget(transport, loopbackTarget(port, { tls: tlsPolicies.may }))
        if (opened.kind === 'open') {
          const content = contentFrom('A: b\r\n\r\n', 'body\r\n'.repeat(3), streamed)
          for (let i = 0; i < 2 && opened.connection.usable; i++) {
            const results = await opened.connection.send(envelopeFor(['a@example.net', 'b@example.net']), content)
            expect(results).toHaveLength(2)
            for (const result of results) expect(result).toMatchObject({ kind: expect.any(String) })
          }
          opened.connection.close()
        }
        server.close()
      }),
      { numRuns: 150 },
    )
  }, 60_000)

  it('cannot make one recipient fail for another by an unsolicited reply', async () => {
    const answers = [['250 sender', '250 word too many'], ['550 5.1.1 not the first'], ['250 the second'], ['354 go']]
    const { server, port } = await startLiar([['220 x'], ['250 x'], ...answers, ['250 x']])
    const transport = createSmtpTransport(transportSettings(), { clock: systemClock })
    const opened = await openTarget(transport, loopbackTarget(port))
    if (opened.kind !== 'open') throw new Error('not open')
    const results = await opened.connection.send(
      envelopeFor(['first@example.net', 'second@example.net']),
      contentFrom('A: b\r\n\r\n', 'c\r\n'),
    )
    expect(results.map(({ kind }) => kind)).toEqual(['protocol-error', 'protocol-error'])
    expect(opened.connection.usable).toBe(false)
    server.close()
  })

  it('can accept a message only after all of it was sent', async () => {
    await fc.assert(
      fc.asyncProperty(replies, async (said) => {
        const { server, port } = await startLiar([['220 x'], ['250-x', '250 PIPELINING'], said])
        // On a busy machine the greeting may time out, which is not what this test is about.
        const patient = { ...timeouts, greeting: 10_000, ehlo: 10_000 }
        const transport = createSmtpTransport(transportSettings({ timeouts: patient }), { clock: systemClock })
        const opened = await openTarget(transport, loopbackTarget(port))
        if (opened.kind !== 'open') throw new Error('not open')
        const results = await opened.connection.send(
          envelopeFor(['a@example.net']),
          contentFrom('A: b\r\n\r\n', 'c\r\n'),
        )
        // All replies arrive before the message, so a positive one answers something else.
        expect(results[0]?.kind).not.toBe('accepted')
        opened.connection.close()
        server.close()
      }),
      { numRuns: 60 },
    )
  }, 60_000)
})
