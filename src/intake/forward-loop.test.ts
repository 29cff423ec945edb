// Forwarding loops: detected and refused, without disclosing addresses.

import { describe, expect, it } from 'vitest'
import { readFields } from '../message/header.ts'
import { plainMail, plainRecipient } from '../smtp/envelope.ts'
import type { Draft } from './intake.ts'
import { loopMarks, withoutLoops } from './forward-loop.ts'
import { recipientsOf } from './recipients.ts'

const settings = { secrets: ['a secret of sixteen', 'an older secret'] }

/** A message to some addresses; those with an arrow are forwards. */
function draft(...to: readonly string[]): Draft {
  return {
    session: null,
    origin: { kind: 'peer', role: 'mx', vouched: 'sender-pass' },
    sender: 'ann@stranger.example',
    parameters: plainMail,
    header: Buffer.from('\r\n'),
    body: { kind: 'inline', bytes: Buffer.from('') },
    recipients: to.map((text) => {
      const [forwardPath = '', target] = text.split(' -> ')
      const destination = {
        recipient: target ?? forwardPath,
        mailbox: target ?? forwardPath,
        original: forwardPath,
        reversePath: 'ann@stranger.example',
        nextHop: 'mx:far.example',
        private: target !== undefined,
        ...(target === undefined ? {} : { forward: { action: null } }),
        via: [],
      }
      return {
        forwardPath,
        parameters: plainRecipient,
        resolution: { kind: 'destinations', destinations: [destination] },
      }
    }),
  }
}

function marks(mail: Draft, keys = settings): string {
  const { recipients, forwards } = recipientsOf(mail)
  const isOurs = (domain: string) => domain === 'example.org'
  return String(loopMarks(recipients, { draft: mail, forwards, isOurs, settings: keys }))
}

function again(mail: Draft, header: string, keys = settings) {
  const found = withoutLoops(recipientsOf(mail), readFields(Buffer.from(`${header}\r\n`)), keys)
  if (found.kind === 'refused') return `${found.reply.code} ${found.reply.enhanced}`
  return {
    to: found.sorted.recipients.map(({ address }) => address),
    gone: found.sorted.discarded.map(({ original }) => original),
  }
}

const kim = 'kim@example.org -> kim@far.example'
const lee = 'lee@example.org -> lee@far.example'

describe('the mark', () => {
  it('of a message with one forward-path of ours is the address (RFC 9228)', () => {
    expect(marks(draft(kim))).toBe('Delivered-To: <kim@example.org>\r\n')
  })

  it('is a hash for several recipients and for a foreign address', () => {
    for (const mail of [draft(kim, lee), draft(kim, 'max@example.org'), draft('x@far.example -> x@far.example')]) {
      expect(marks(mail)).toMatch(/^X-Waypost-Forwarded: [\w-]{16}( [\w-]{16})?\r\n$/)
      expect(marks(mail)).not.toMatch(/kim|lee|far/)
    }
  })

  it('is not added without a forward, and no hash without a key', () => {
    expect(marks(draft('max@example.org'))).toBe('')
    expect(marks(draft(kim, lee), { secrets: [] })).toBe('')
  })
})

describe('a message that returns to a forward', () => {
  it.each([
    ['alone', draft(kim)],
    ['with others', draft(kim, lee)],
    ['for an address handed over', draft('x@far.example -> x@far.example')],
  ])('is refused: %s', (_, mail) => {
    expect(again(mail, marks(mail))).toBe('554 5.4.6')
    expect(again(mail, `Received: from far\r\nX-Other: 1\r\n${marks(mail)}`)).toBe('554 5.4.6')
  })

  it('is detected in upper and lower case, and by an old secret', () => {
    expect(again(draft('KIM@example.org -> kim@far.example'), marks(draft(kim)))).toBe('554 5.4.6')
    const old = marks(draft(kim, lee), { secrets: ['an older secret'] })
    expect(again(draft(kim, lee), old)).toBe('554 5.4.6')
  })

  it('is accepted for forwards that it has not passed', () => {
    const mail = draft(kim, 'bob@example.org -> bob@far.example', 'max@example.org')
    expect(again(mail, marks(draft(kim, lee)))).toEqual({
      to: ['bob@far.example', 'max@example.org'],
      gone: ['kim@example.org'],
    })
  })

  it('is no loop if the mark is that of another address or unknown', () => {
    for (const header of [
      marks(draft(lee)),
      'Delivered-To: kim@far.example\r\n',
      'X-Waypost-Forwarded: 0123456789abcdef\r\n',
    ])
      expect(again(draft(kim), header)).toEqual({ to: ['kim@far.example'], gone: [] })
  })

  it('is accepted for an address that is not forwarded', () => {
    expect(again(draft('kim@example.org'), marks(draft(kim)))).toEqual({ to: ['kim@example.org'], gone: [] })
  })
})
