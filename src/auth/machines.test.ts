import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { readFingerprint } from '../lib/fingerprint.ts'
import { loadMachines, parseMachines } from './machines.ts'

const print = (digit: string) => digit.repeat(64)
const certificate = (key: string, fingerprint: string) => ({
  subject: 'CN=web-01',
  keyFingerprint: print(key),
  fingerprint: print(fingerprint),
})
const yaml = (body: string) => parseMachines('machines.yaml', body)
const places = (body: string) => yaml(body).problems.map(({ line, column, message }) => `${line}:${column}: ${message}`)

describe('readFingerprint', () => {
  const colons = print('a').match(/../g)?.join(':') ?? ''
  it.each([
    print('a'),
    print('A'),
    colons,
    colons.toUpperCase(),
    `SHA256:${print('a')}`,
    `sha256:${colons}`,
    `SHA-256:${print('A')}`,
    `sha256 Fingerprint=${colons.toUpperCase()}`,
    ` ${print('a')} `,
  ])('reads %s', (text) => {
    expect(readFingerprint(text)).toBe(print('a'))
  })

  it.each([
    '',
    'sha256:',
    print('g'),
    print('a').slice(1),
    `${print('a')}a`,
    `md5:${print('a')}`,
    colons.replace(':', ''),
    `${colons}:`,
  ])('refuses %s', (text) => {
    expect(readFingerprint(text)).toBeNull()
  })

  it('reads what it is given back, however it is written', () => {
    const hex = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((octets) => Buffer.from(octets).toString('hex'))
    fc.assert(
      fc.property(hex, fc.boolean(), fc.boolean(), (text, upper, split) => {
        const written = split ? (text.match(/../g)?.join(':') ?? '') : text
        expect(readFingerprint(upper ? written.toUpperCase() : written)).toBe(text)
      }),
    )
  })
})

describe('parseMachines', () => {
  it('identifies by key first, then by certificate', async () => {
    const machines = yaml(`
machines:
  - name: Web-01.example.org
    keys: ["${print('1')}", "sha256:${print('2')}"]
    senders: [web@example.org, "@web-01.example.org"]
  - name: db-01
    certificates: "${print('3')}"
  - name: old
    fingerprints: ["${print('4')}"]
`)
    expect(machines.problems).toEqual([])
    expect(machines.list[0]?.senders).toEqual(['web@example.org', '@web-01.example.org'])
    const who = async (key: string, fingerprint: string) => {
      const answer = await machines.identify({ certificate: certificate(key, fingerprint), ip: '192.0.2.1', now: 0 })
      return answer.kind === 'identified' ? answer.identity : answer.kind
    }
    expect(await who('1', 'f')).toBe('web-01.example.org')
    expect(await who('2', 'e')).toBe('web-01.example.org')
    expect(await who('f', '3')).toBe('db-01')
    expect(await who('4', 'f')).toBe('old')
    expect(await who('f', '4')).toBe('old')
    expect(await who('3', 'f')).toBe('wrong')
    expect(await who('f', '1')).toBe('wrong')
  })

  it('says where every problem is, and leaves the machine out', () => {
    const body = `
machines:
  - name: a
    keys: [xyz]
  - name: b
  - keys: ["${print('1')}"]
  - name: c
    key: "${print('1')}"
  - name: d
    keys: ["${print('1')}"]
    senders: ["two words"]
  - just a name
other: 1
`
    expect(places(body)).toEqual([
      '13:1: found the key other, expected machines',
      '12:5: found "just a name", expected a machine with name and fingerprints',
      '4:12: found "xyz", expected a SHA-256 fingerprint of 64 hexadecimal digits',
      '5:5: machine b has no fingerprint',
      '6:5: found no usable name, expected letters, digits, dots and dashes',
      '8:5: found the key key, expected one of name, fingerprints, keys, certificates, senders, recipients, networks, expires',
      '11:15: found "two words", expected an address, @domain or *.domain',
    ])
    expect(yaml(body).list).toEqual([])
  })

  it('refuses what two machines share', () => {
    const body = `machines:\n  - {name: a, keys: ["${print('1')}"]}\n  - {name: b, certificates: ["${print('1')}"]}\n  - {name: A, keys: ["${print('2')}"]}\n`
    expect(places(body)).toEqual([
      `3:5: found ${print('1')} of b again, it belongs to a`,
      '4:5: found name a of a again, it belongs to a',
    ])
  })

  it('limits a machine to networks and days', async () => {
    const machines = yaml(`machines:
  - { name: web-01, keys: ["${print('1')}"], networks: [192.0.2.0/24, "2001:db8::1"], expires: 2027-06-30 }
`)
    const at = async (ip: string, time: string) => {
      const answer = await machines.identify({ certificate: certificate('1', 'f'), ip, now: Date.parse(time) })
      return answer.kind === 'wrong' ? answer.cause : answer.kind
    }
    expect(machines.problems).toEqual([])
    expect(await at('192.0.2.9', '2027-06-30T23:59:59Z')).toBe('identified')
    expect(await at('2001:db8::1', '2026-01-01T00:00:00Z')).toBe('identified')
    expect(await at('198.51.100.1', '2026-01-01T00:00:00Z')).toBe('machine web-01 may not connect from 198.51.100.1')
    expect(await at('192.0.2.9', '2027-07-01T00:00:00Z')).toBe('machine web-01 expired on 2027-06-30')
  })

  it('names bad limits', () => {
    const body = `machines:
  - { name: a, keys: ["${print('1')}"], networks: [10.0.0.0/40] }
  - { name: b, keys: ["${print('2')}"], expires: next year }
  - { name: c, keys: ["${print('3')}"], recipients: ["a b"] }
`
    expect(places(body).map((one) => one.replace(/^\d+:\d+: found "[^"]*", /, ''))).toEqual([
      'expected an address or a network such as 192.0.2.0/24',
      'expected the last day such as 2027-06-30',
      'expected an address, @domain or *.domain',
    ])
  })

  it('reads a folder, one file for each machine, and finds what two of them share', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'waypost-machines-'))
    const write = (name: string, digit: string) =>
      writeFileSync(join(folder, name), `machines:\n  - { name: ${name.split('.')[0]}, keys: ["${print(digit)}"] }\n`)
    write('b.yaml', '2')
    write('a.yml', '1')
    write('c.yaml', '1')
    writeFileSync(join(folder, '.hidden.yaml'), 'x')
    writeFileSync(join(folder, 'notes.txt'), 'x')
    const machines = await loadMachines(folder)
    expect(machines.list.map(({ name }) => name)).toEqual(['a', 'b'])
    expect(machines.files).toEqual(['a.yml', 'b.yaml', 'c.yaml'].map((name) => join(folder, name)))
    expect(machines.problems.map(({ file, message }) => [file, message])).toEqual([
      [join(folder, 'c.yaml'), `found ${print('1')} of c again, it belongs to a`],
    ])
    rmSync(folder, { recursive: true })
  })

  it.each(['', 'machines:', '# nothing'])('takes %j as no machines', (body) => {
    expect(yaml(body)).toMatchObject({ list: [], problems: [] })
  })

  it('names broken YAML and unreadable files', async () => {
    expect(places('machines: [')[0]).toMatch(/^\d+:\d+: /)
    expect(places('machines: web-01')[0]).toMatch(/expected a list of machines/)
    expect((await loadMachines('/nonexistent')).problems[0]?.message).toMatch(/no readable file/)
  })
})
