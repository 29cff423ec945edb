// SRS in both directions with postsrsd, as for a site that migrates: bounces of old mail must still reach their senders.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeSrs, encodeSrs, type SrsSettings } from '../../src/route/srs/srs.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { type Postsrsd, startPostsrsd } from '../lib/peers/postsrsd.ts'

const senders = [
  'stranger@example.net',
  'Upper.Case@example.net',
  'plus+tag@sub.example.co.uk',
  "o'brien_x-1@xn--bcher-kva.example",
  'equal=sign@example.net',
  'SRS0=abcd=XY=example.com=someone@first.example',
  'SRS1=wxyz=first.example==abcd=XY=example.com=someone@second.example',
]
const secrets = ['a secret of today', 'a secret of yesterday']

describe.runIf(ensurePeers(['postsrsd'])).for(['=', '+', '-'] as const)('postsrsd with separator %s', (separator) => {
  const ours: SrsSettings = { domain: 'srs.example.org', secrets, separator, alphabet: 'base64' }
  let peer: Postsrsd

  beforeAll(async () => {
    peer = await startPostsrsd({ secrets, domain: 'srs.example.org', separator })
  })
  afterAll(() => peer.stop())

  it.each(senders)('%s: each decodes the other’s addresses, and both write the same', async (sender) => {
    const now = Date.now()
    const encoded = encodeSrs(sender, now, ours)
    if (encoded.kind !== 'rewritten') throw new Error(encoded.kind)
    const theirs = await peer.forward(sender)
    expect(theirs).toBe(encoded.address)
    const home = decodeSrs(encoded.address, now, ours)
    expect(home.kind).toBe('decoded')
    if (home.kind === 'decoded') expect(await peer.reverse(encoded.address)).toBe(home.address)
  })

  it('an older secret still verifies on both sides', async () => {
    const now = Date.now()
    const old = encodeSrs('stranger@example.net', now, { ...ours, secrets: [secrets[1] as string] })
    if (old.kind !== 'rewritten') throw new Error(old.kind)
    expect(await peer.reverse(old.address)).toBe('stranger@example.net')
    expect(decodeSrs(old.address, now, ours)).toMatchObject({ kind: 'decoded', address: 'stranger@example.net' })
  })

  it('both refuse changed addresses', async () => {
    const now = Date.now()
    const made = encodeSrs('stranger@example.net', now, ours)
    if (made.kind !== 'rewritten') throw new Error(made.kind)
    for (const bad of [
      made.address.replace('example.net', 'example.com'),
      made.address.replace('stranger', 'strangers'),
    ]) {
      expect(await peer.reverse(bad)).toBeNull()
      expect(decodeSrs(bad, now, ours)).toEqual({ kind: 'refused', reason: 'wrong hash' })
    }
  })
})
