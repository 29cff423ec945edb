// SRS in both directions with Mail::SRS: each side decodes the other's addresses, and both refuse changed ones.

import { describe, expect, it } from 'vitest'
import { decodeSrs, encodeSrs, type SrsSettings } from '../../src/route/srs/srs.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { askMailSrs } from '../lib/peers/mail-srs.ts'

const senders = [
  'stranger@example.net',
  'Upper.Case@Example.NET',
  'plus+tag@sub.example.co.uk',
  "o'brien_x-1@xn--bcher-kva.example",
  'equal=sign@example.net',
  'SRS0=abcd=XY=example.com=someone@first.example',
  'SRS0-abcd=XY=example.com=someone@first.example',
  'SRS0+abcd=XY=example.com=some=one@first.example',
  'SRS1=wxyz=first.example==abcd=XY=example.com=someone@second.example',
  'SRS1=wxyz=first.example=-abcd=XY=example.com=someone@second.example',
]
const secrets = ['first secret', 'older secret']
const now = Date.now()
const settings = (separator: '=' | '+' | '-'): SrsSettings => ({
  domain: 'srs.example.org',
  secrets,
  separator,
  alphabet: 'base64',
})

function encode(sender: string, by: SrsSettings): string {
  const encoded = encodeSrs(sender, now, by)
  if (encoded.kind !== 'rewritten') throw new Error(`${sender}: ${encoded.kind}`)
  return encoded.address
}

describe.runIf(ensurePeers(['mail-srs'])).for(['=', '+', '-'] as const)('Mail::SRS with separator %s', (separator) => {
  const ours = settings(separator)
  const theirs = { secrets, separator }

  it('decodes our addresses', () => {
    const questions = senders.map((sender) => ({ op: 'reverse', address: encode(sender, ours) }) as const)
    const expected = senders.map((sender) => {
      const decoded = decodeSrs(encode(sender, ours), now, ours)
      return decoded.kind === 'decoded' ? decoded.address : decoded.kind
    })
    expect(askMailSrs(theirs, questions)).toEqual(expected)
  })

  it('writes addresses that we decode', () => {
    const forward = senders.map((address) => ({ op: 'forward', address, domain: 'srs.example.org' }) as const)
    const written = askMailSrs(theirs, forward)
    const reversed = askMailSrs(
      theirs,
      written.map((address) => ({ op: 'reverse', address }) as const),
    )
    expect(written.map((address) => decodeSrs(address, now, ours))).toMatchObject(
      reversed.map((address) => ({
        kind: 'decoded',
        address: address.replace(/@.*/, (domain) => domain.toLowerCase()),
      })),
    )
  })

  it('writes the same bytes for a lower-case sender', () => {
    const lower = senders.filter((sender) => sender === sender.toLowerCase() || sender.startsWith('SRS'))
    const forward = lower.map((address) => ({ op: 'forward', address, domain: 'srs.example.org' }) as const)
    expect(askMailSrs(theirs, forward)).toEqual(lower.map((sender) => encode(sender, ours)))
  })

  it('refuses a changed hash, a changed sender and a foreign secret, too', () => {
    const good = encode('stranger@example.net', ours)
    const bad = [
      good.replace(/(?<=SRS0.)./, (first) => (first === 'x' ? 'y' : 'x')),
      good.replace('stranger', 'strangest'),
      encode('stranger@example.net', { ...ours, secrets: ['foreign'] }),
    ]
    const answers = askMailSrs(
      theirs,
      bad.map((address) => ({ op: 'reverse', address }) as const),
    )
    expect(answers.map((answer) => answer.startsWith('error:'))).toEqual([true, true, true])
    expect(bad.map((address) => decodeSrs(address, now, ours).kind)).toEqual(['refused', 'refused', 'refused'])
  })

  it('decodes an address of the older secret', () => {
    const old = encode('stranger@example.net', { ...ours, secrets: ['older secret'] })
    expect(askMailSrs(theirs, [{ op: 'reverse', address: old }])).toEqual(['stranger@example.net'])
    expect(decodeSrs(old, now, ours)).toMatchObject({ kind: 'decoded', address: 'stranger@example.net' })
  })
})
