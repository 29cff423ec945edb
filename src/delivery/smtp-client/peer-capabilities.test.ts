// Messages that a peer does not support: size, 8-bit content, SMTPUTF8, and addresses that would end their command.

import { describe, expect, it } from 'vitest'
import { contentFrom, envelopeFor } from '../../../test/lib/transport-settings.ts'
import { plainMail } from '../../smtp/envelope.ts'
import { type Extensions, noExtensions } from './extensions.ts'
import { checkCapabilities } from './peer-capabilities.ts'
import type { TransportContent, TransportEnvelope, DeliveryError } from './transport.ts'

const full: Extensions = { ...noExtensions, eightBitMime: true, smtputf8: true, size: 1000 }
const ascii = contentFrom('Subject: test\r\n\r\n', 'Hello.\r\n')
const eightBit = contentFrom('Subject: test\r\n\r\n', 'Grüße.\r\n')
const utf8Header = contentFrom('Subject: Grüße\r\n\r\n', 'Hello.\r\n')
const declared = { ...plainMail, body: '8BITMIME' as const }
const withUtf8 = { ...plainMail, smtputf8: true, body: '8BITMIME' as const }

interface Question {
  readonly extensions?: Extensions
  readonly envelope?: Partial<TransportEnvelope>
  readonly to?: readonly string[]
  readonly content?: TransportContent
}

async function check({ extensions = full, envelope = {}, to = ['a@example.net'], content = ascii }: Question) {
  return checkCapabilities(envelopeFor(to, envelope), content, { extensions, verified: false })
}

const status = (error: DeliveryError | null | undefined) =>
  error?.kind === 'unsupported' ? error.status : (error?.kind ?? null)

describe('size', () => {
  it('is compared with the limit of the peer (RFC 1870)', async () => {
    const large = contentFrom('A: b\r\n\r\n', 'x'.repeat(1000))
    expect(status((await check({ content: large })).message)).toBe('5.3.4')
    expect(status((await check({ content: large, extensions: { ...full, size: 0 } })).message)).toBeNull()
    expect(status((await check({ content: large, extensions: { ...full, size: null } })).message)).toBeNull()
  })
})

describe('8-bit content', () => {
  const seven = { ...full, eightBitMime: false }

  it('that is declared is not sent to a peer without 8BITMIME (RFC 6152)', async () => {
    expect(
      status((await check({ extensions: seven, envelope: { parameters: declared }, content: eightBit })).message),
    ).toBe('5.6.3')
    const streamed = contentFrom('A: b\r\n\r\n', `${'x'.repeat(200_000)}ü`, true)
    const wide = { ...seven, size: 0 }
    expect(
      status((await check({ extensions: wide, envelope: { parameters: declared }, content: streamed })).message),
    ).toBe('5.6.3')
  })

  it('is sent if it is not declared, and a declaration without 8-bit content is ignored', async () => {
    expect((await check({ extensions: seven, envelope: { parameters: declared } })).message).toBeNull()
    expect((await check({ extensions: seven, content: eightBit })).message).toBeNull()
  })

  it('is declared to a peer with 8BITMIME, even if the client did not', async () => {
    expect((await check({ content: eightBit })).traits.eightBit).toBe(true)
    expect((await check({})).traits.eightBit).toBe(false)
  })

  it('is an error of the node if the spool cannot be read', async () => {
    const open = () => {
      throw new Error('EIO')
    }
    const content = { ...ascii, inline: null, open }
    expect(status((await check({ extensions: seven, envelope: { parameters: declared }, content })).message)).toBe(
      'unreadable',
    )
  })
})

describe('SMTPUTF8 (RFC 6531)', () => {
  const plain = { ...full, smtputf8: false }

  it('is used only if something needs it', async () => {
    expect((await check({ envelope: { parameters: withUtf8 } })).traits.utf8).toBe(false)
    expect((await check({ envelope: { parameters: withUtf8 }, content: utf8Header })).traits.utf8).toBe(true)
    expect((await check({ to: ['jörg@example.net'] })).traits.utf8).toBe(true)
    expect((await check({ envelope: { reversePath: 'jörg@example.org' } })).traits.utf8).toBe(true)
  })

  it('missing, stops a message whose sender or header needs it, else only the recipients that need it', async () => {
    expect(status((await check({ extensions: plain, envelope: { reversePath: 'jörg@example.org' } })).message)).toBe(
      '5.6.7',
    )
    expect(
      status((await check({ extensions: plain, envelope: { parameters: withUtf8 }, content: utf8Header })).message),
    ).toBe('5.6.9')
    const mixed = await check({ extensions: plain, to: ['a@example.net', 'jörg@example.net'] })
    expect(mixed.message).toBeNull()
    expect(mixed.recipients.map(status)).toEqual([null, '5.6.7'])
    // With the parameter the server would refuse MAIL, and with it all recipients.
    expect(mixed.traits.utf8).toBe(false)
  })

  it('missing, does not stop a message that declares it and does not need it', async () => {
    expect((await check({ extensions: plain, envelope: { parameters: withUtf8 } })).message).toBeNull()
  })
})

describe('addresses', () => {
  it('cannot contain a second command', async () => {
    const found = await check({ to: ['a@example.net>\r\nDATA', 'b@example.net'] })
    expect(found.recipients.map(status)).toEqual(['5.1.3', null])
  })
})
