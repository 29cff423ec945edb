import { describe, expect, test } from 'vitest'
import { readDomainName, readForward, readNode, readPerson, readResolver, readRunner } from './read-values.ts'

const ok = (value: unknown) => ({ kind: 'ok', value })
const bad = (part: string) => ({ kind: 'bad', problem: expect.stringContaining(part) })

describe('values of flags and answers', () => {
  test('domains, in A-labels', () => {
    expect(readDomainName('Bücher.example.')).toEqual(ok('xn--bcher-kva.example'))
    for (const wrong of ['org', '', '192.0.2.1', 'a b.example']) expect(readDomainName(wrong)).toEqual(bad('expected'))
  })

  test('nodes', () => {
    expect(readNode('mx-01=mx:192.0.2.1,2001:db8::1')).toEqual(
      ok({ name: 'mx-01', role: 'mx', addresses: ['192.0.2.1', '2001:db8::1'] }),
    )
    expect(readNode('web-01=client')).toEqual(ok({ name: 'web-01', role: 'client', addresses: [] }))
    for (const wrong of ['mx', 'Mx=mx:192.0.2.1', '=mx', '../x=mx:192.0.2.1'])
      expect(readNode(wrong)).toEqual(bad('NAME='))
    expect(readNode('a=mx:host')).toEqual(bad('found host, expected an IP address'))
  })

  test('persons', () => {
    expect(readPerson('kim=kim@home.example.net')).toEqual(ok({ name: 'kim', forward: 'kim@home.example.net' }))
    for (const wrong of ['kim', '=a@b.example', 'K im=a@b.example', 'kim:x=a@b.example'])
      expect(readPerson(wrong)).toEqual(bad('NAME=ADDRESS'))
    for (const wrong of ['kim', 'kim@localhost', '@b.example', 'a b@c.example'])
      expect(readForward(wrong)).toEqual(bad('address'))
  })

  test('runners and resolvers', () => {
    expect(readRunner('Docker')).toEqual(ok('docker'))
    expect(readRunner('cron')).toEqual(bad('systemd, docker, podman'))
    expect(readResolver('[::1]:53', 'systemd')).toEqual(ok('[::1]:53'))
    expect(readResolver('::1', 'podman')).toEqual(bad('podman container'))
    expect(readResolver('dns.example', 'systemd')).toEqual(bad('expected an IP address'))
  })
})
