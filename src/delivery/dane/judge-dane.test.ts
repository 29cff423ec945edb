// Hosts with real certificates in real handshakes against TLSA records (RFC 7671 section 5, RFC 7672 section 3).

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:tls'
import { afterAll, describe, expect, it } from 'vitest'
import { createCertificateTree, type TreeCertificate } from '../../../test/lib/certificate-tree.ts'
import { judgeDane } from './judge-dane.ts'
import { strongestRecords, type TlsaRecord } from './tlsa-record.ts'

const tree = createCertificateTree()
afterAll(() => tree.close())

const root = tree.authority('Root')
const middle = tree.authority('Middle', root)
const host = tree.host(['mx.example.test', '*.wild.test'], middle)
const stranger = tree.authority('Stranger')
/** Later than the last certificate of these tests. */
const now = Date.now() + 60_000
const DAY = 86_400_000

/** Such as `3 1 1` of a certificate. */
function record(form: string, { der, publicKey }: TreeCertificate): TlsaRecord {
  const [usage = 0, selector = 0, matchingType = 0] = form.split(' ').map(Number)
  const selected = selector === 1 ? publicKey : der
  const hash = matchingType === 1 ? 'sha256' : 'sha512'
  return {
    usage,
    selector,
    matchingType,
    data: matchingType === 0 ? selected : createHash(hash).update(selected).digest(),
  }
}

interface Case {
  /** In the order of the handshake, the host first. */
  readonly sends?: readonly TreeCertificate[]
  readonly records: readonly TlsaRecord[]
  readonly names?: readonly string[]
  readonly at?: number
}

/** `verified`, or the failure. */
async function judged({ sends = [host, middle], records, names = ['mx.example.test'], at = now }: Case) {
  const { key } = sends[0] as TreeCertificate
  const server = createServer({ cert: sends.map(({ pem }) => pem).join('\n'), key })
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, servername: 'mx.example.test' })
  await once(socket, 'secureConnect')
  const judgement = judgeDane(socket, { records, names }, at)
  socket.destroy()
  server.close()
  return judgement.kind === 'accepted' ? judgement.level : judgement.failure
}

describe('DANE-EE (usage 3)', () => {
  it.each(['3 0 0', '3 0 1', '3 0 2', '3 1 0', '3 1 1', '3 1 2'])(
    'accepts the certificate of the host by %s',
    async (form) => {
      expect(await judged({ records: [record(form, host)] })).toBe('verified')
    },
  )

  it('does not check the name (RFC 7672 3.1.1)', async () => {
    expect(await judged({ records: [record('3 1 1', host)], names: ['other.test'] })).toBe('verified')
  })

  it('does not check the dates', async () => {
    expect(await judged({ records: [record('3 1 1', host)], at: now + 400 * DAY })).toBe('verified')
  })

  it('rejects another key', async () => {
    expect(await judged({ records: [record('3 1 1', stranger)] })).toBe('certificate-not-trusted')
  })

  it('never accepts another certificate of the chain: a known fault of peers', async () => {
    expect(await judged({ records: [record('3 1 1', middle)] })).toBe('certificate-not-trusted')
    const own = tree.host(['evil.test'])
    expect(await judged({ sends: [own, host, middle], records: [record('3 1 1', host)] })).toBe(
      'certificate-not-trusted',
    )
  })

  it('accepts any of several records, for a roll-over', async () => {
    expect(await judged({ records: [record('3 1 1', stranger), record('3 1 1', host)] })).toBe('verified')
  })
})

describe('DANE-TA (usage 2)', () => {
  it.each(['2 0 0', '2 0 1', '2 0 2', '2 1 0', '2 1 1', '2 1 2'])('accepts a chain to a CA by %s', async (form) => {
    expect(await judged({ records: [record(form, middle)] })).toBe('verified')
    expect(await judged({ sends: [host, middle, root], records: [record(form, root)] })).toBe('verified')
  })

  it('finds the chain in any order of the handshake', async () => {
    expect(await judged({ sends: [host, stranger, root, middle], records: [record('2 1 1', root)] })).toBe('verified')
  })

  it('needs the CA in the handshake, unless the record has it in full', async () => {
    expect(await judged({ sends: [host, middle], records: [record('2 0 1', root)] })).toBe('certificate-not-trusted')
    expect(await judged({ sends: [host, middle], records: [record('2 0 0', root)] })).toBe('verified')
    expect(await judged({ sends: [host, middle], records: [record('2 1 0', root)] })).toBe('verified')
    expect(await judged({ sends: [host], records: [record('2 0 0', middle)] })).toBe('verified')
    expect(await judged({ sends: [host], records: [record('2 1 0', middle)] })).toBe('verified')
  })

  it('rejects a CA that is sent along and did not issue the chain', async () => {
    const own = tree.host(['mx.example.test'], stranger)
    expect(await judged({ sends: [own, stranger, middle, root], records: [record('2 1 1', root)] })).toBe(
      'certificate-not-trusted',
    )
  })

  it('rejects a CA of the same name with another key', async () => {
    const forged = tree.authority('Middle', stranger)
    const own = tree.host(['mx.example.test'], forged)
    expect(await judged({ sends: [own, forged, middle], records: [record('2 1 1', middle)] })).toBe(
      'certificate-not-trusted',
    )
  })

  it('does not accept the certificate of the host as its CA', async () => {
    expect(await judged({ records: [record('2 1 1', host)] })).toBe('certificate-not-trusted')
  })

  it('does not accept a certificate of a host as a CA', async () => {
    const leaf = tree.host(['mx.example.test'], host)
    expect(await judged({ sends: [leaf, host, middle], records: [record('2 1 1', middle)] })).toBe(
      'certificate-not-trusted',
    )
  })

  it('checks the name against any of the names, with wildcards (RFC 7672 3.2.2)', async () => {
    const records = [record('2 1 1', middle)]
    expect(await judged({ records, names: ['other.test'] })).toBe('certificate-host-mismatch')
    expect(await judged({ records, names: ['other.test', 'mx.example.test'] })).toBe('verified')
    expect(await judged({ records, names: ['a.wild.test'] })).toBe('verified')
    expect(await judged({ records, names: ['a.b.wild.test'] })).toBe('certificate-host-mismatch')
  })

  it('checks the dates', async () => {
    const records = [record('2 1 1', middle)]
    expect(await judged({ records, at: now + 40 * DAY })).toBe('certificate-expired')
    expect(await judged({ records, at: now - 40 * DAY })).toBe('certificate-expired')
  })

  it('keeps to what a certificate is for and what a CA may sign', async () => {
    const records = [record('2 1 1', root)]
    const client = tree.host(['mx.example.test'], middle, ['extendedKeyUsage = clientAuth'])
    expect(await judged({ sends: [client, middle, root], records })).toBe('certificate-not-trusted')
    const short = tree.authority('Short', undefined, ['basicConstraints = critical,CA:TRUE,pathlen:0'])
    const deeper = tree.authority('Deeper', short)
    const deep = tree.host(['mx.example.test'], deeper)
    expect(await judged({ sends: [deep, deeper, short], records: [record('2 1 1', short)] })).toBe(
      'certificate-not-trusted',
    )
    expect(await judged({ sends: [deep, deeper, short], records: [record('2 1 1', deeper)] })).toBe('verified')
    const limited = tree.authority('Limited', root, ['nameConstraints = critical,permitted;DNS:other.test'])
    const below = tree.host(['mx.example.test'], limited)
    expect(await judged({ sends: [below, limited, root], records })).toBe('certificate-not-trusted')
  })
})

describe('the records that count', () => {
  it('leaves out what cannot be used', () => {
    const bad = { ...record('3 1 1', host), data: Buffer.alloc(20) }
    const odd = { ...record('3 0 0', host), data: Buffer.from('no certificate') }
    const forms = ['0 0 1', '1 0 1', '4 0 1', '3 2 1', '3 1 3']
    const unknown = forms.map((form) => ({ ...record(form, host) }))
    expect(strongestRecords([bad, odd, ...unknown])).toEqual([])
  })

  it('prefers the strongest digest of each usage and selector, and keeps full data (RFC 7671 section 9)', () => {
    const records = ['3 1 1', '3 1 2', '3 0 1', '2 1 1', '3 1 0'].map((form) => record(form, host))
    expect(strongestRecords(records)).toEqual(['3 1 2', '3 0 1', '2 1 1', '3 1 0'].map((form) => record(form, host)))
  })

  it('does not fall back to a weaker digest that fits', async () => {
    const strong = { ...record('3 1 2', stranger) }
    const records = strongestRecords([record('3 1 1', host), strong])
    expect(await judged({ records })).toBe('certificate-not-trusted')
  })
})
