import { connect } from 'node:net'
import dnsPacket from 'dns-packet'
import { afterEach, describe, expect, test } from 'vitest'
import { createStubResolver } from '../dns/stub.ts'
import { type Authority, startAuthority } from './authority.ts'

let dns: Authority | null = null
afterEach(async () => {
  await dns?.close()
  dns = null
})

function resolver(authority: Authority) {
  return createStubResolver({ servers: [authority], timeoutMs: 2_000, tries: 1, trustAuthentic: false })
}

describe('startAuthority', () => {
  test('uses changes of the table at once and counts the questions', async () => {
    dns = await startAuthority({ 'A.Example': { A: '192.0.2.1' } })
    const asked = resolver(dns)
    expect(await asked.resolve('a.example', 'A')).toMatchObject({ records: ['192.0.2.1'] })
    dns.zone.set('a.example', { A: ['192.0.2.2'], ttl: 5 })
    expect(await asked.resolve('a.example', 'A')).toMatchObject({ records: ['192.0.2.2'], ttl: 5 })
    dns.zone.delete('a.example')
    expect(await asked.resolve('a.example', 'A')).toMatchObject({ kind: 'absent', nxdomain: true })
    expect(dns.count('A.example', 'A')).toBe(3)
    expect(dns.count('a.example', 'AAAA')).toBe(0)
  })

  test('splits long texts into character-strings and keeps given chunks', async () => {
    dns = await startAuthority({ 'a.example': { TXT: ['x'.repeat(600), ['a', 'b'], ''] } })
    const answer = await resolver(dns).resolve('a.example', 'TXT')
    if (answer.kind !== 'found') throw new Error(answer.kind)
    expect(answer.records.map((chunks) => chunks.map((chunk) => chunk.length))).toEqual([[255, 255, 90], [1, 1], [0]])
  })

  test('fails only for types that a name does not list', async () => {
    dns = await startAuthority({ 'a.example': { A: '192.0.2.1', fail: 'SERVFAIL' } })
    expect(await resolver(dns).resolve('a.example', 'A')).toMatchObject({ kind: 'found' })
    expect(await resolver(dns).resolve('a.example', 'MX')).toMatchObject({ kind: 'unavailable' })
  })

  test('listens on the given port and releases it', async () => {
    const first = await startAuthority()
    await first.close()
    dns = await startAuthority({}, { port: first.port })
    expect(dns.port).toBe(first.port)
    await expect(startAuthority({}, { port: first.port })).rejects.toThrow('EADDRINUSE')
  })

  test('ignores malformed questions and answers several questions on one TCP connection', async () => {
    dns = await startAuthority({ 'a.example': { A: '192.0.2.1' } })
    const socket = connect(dns.port, dns.host)
    const frame = (payload: Buffer): Buffer => {
      const length = Buffer.alloc(2)
      length.writeUInt16BE(payload.length)
      return Buffer.concat([length, payload])
    }
    const question = (id: number): Buffer =>
      dnsPacket.encode({ type: 'query', id, questions: [{ name: 'a.example', type: 'A' }] })
    const stream = Buffer.concat([frame(Buffer.from('garbage')), frame(question(1)), frame(question(2))])
    socket.write(stream.subarray(0, 20))
    socket.write(stream.subarray(20))
    const ids: number[] = []
    let received = Buffer.alloc(0)
    for await (const data of socket) {
      received = Buffer.concat([received, data as Buffer])
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        ids.push(dnsPacket.decode(received.subarray(2)).id ?? 0)
        received = received.subarray(2 + received.readUInt16BE(0))
      }
      if (ids.length === 2) break
    }
    expect(ids).toEqual([1, 2])
  })
})
