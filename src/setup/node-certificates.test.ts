import { X509Certificate } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createAuthority } from '../demo/ca.ts'
import { publicKeyDigest } from '../lib/public-key-digest.ts'
import { planCertificates } from './node-certificates.ts'
import type { PlannedFile } from './write-files.ts'

const DAY_MS = 86_400_000
const now = Date.now()
const node = { name: 'mx-01', hostname: 'mx-01.example.org' }

/** Files in memory, and a plan from them. */
function plan(files: ReadonlyMap<string, string>, { nodes = [node], at = now } = {}) {
  const disk = { read: (path: string) => files.get(path) ?? null }
  return planCertificates({ domain: 'example.org', nodes, now: at }, disk)
}

function filesOf(result: ReturnType<typeof plan>): Map<string, string> {
  if (result.kind === 'bad') throw new Error(result.problems.join('\n'))
  return new Map(result.files.map(({ path, text }: PlannedFile) => [path, text]))
}

const first = filesOf(plan(new Map()))
const text = (files: ReadonlyMap<string, string>, path: string) => files.get(path) as string

describe('a new fleet', () => {
  test('gets an authority, and a certificate with the host name for each node', () => {
    expect([...first.keys()]).toEqual(['authority/ca.key', 'authority/ca.pem', 'mx-01/key.pem', 'mx-01/cert.pem'])
    const certificate = new X509Certificate(text(first, 'mx-01/cert.pem'))
    expect(certificate.checkIssued(new X509Certificate(text(first, 'authority/ca.pem')))).toBe(true)
    expect(certificate.checkHost(node.hostname)).toBe(node.hostname)
  })

  test('with host names elsewhere permits their domains', () => {
    const other = { name: 'mx-02', hostname: 'mx-02.hoster.example' }
    expect(plan(new Map(), { nodes: [node, other] }).kind).toBe('ok')
    expect(plan(first, { nodes: [node, other] })).toEqual({
      kind: 'bad',
      problems: [
        'mx-02: found the host name mx-02.hoster.example, expected one in example.org: authority/ca.pem issues no others',
      ],
    })
  })
})

describe('a later run', () => {
  test('keeps certificates', () => {
    expect([...filesOf(plan(first)).keys()]).toEqual(['authority/ca.key', 'authority/ca.pem'])
  })

  test('renews with the same key when a third of the validity is left, and for another host name', () => {
    const renewed = filesOf(plan(first, { at: now + 500 * DAY_MS }))
    expect(text(renewed, 'mx-01/cert.pem')).not.toBe(text(first, 'mx-01/cert.pem'))
    expect(publicKeyDigest(text(renewed, 'mx-01/cert.pem'))).toBe(publicKeyDigest(text(first, 'mx-01/cert.pem')))
    const renamed = filesOf(plan(first, { nodes: [{ ...node, hostname: 'mail.example.org' }] }))
    expect(new X509Certificate(text(renamed, 'mx-01/cert.pem')).checkHost('mail.example.org')).toBe('mail.example.org')
  })

  test('after a kill between key and certificate uses the key', () => {
    const half = new Map([...first].filter(([path]) => path !== 'mx-01/cert.pem'))
    expect(text(filesOf(plan(half)), 'mx-01/key.pem')).toBe(text(first, 'mx-01/key.pem'))
  })

  test('keeps a certificate of another authority', () => {
    const { certificate, key } = createAuthority('Public').issue({ names: [node.hostname], days: 1 })
    const files = new Map([...first, ['mx-01/cert.pem', certificate], ['mx-01/key.pem', key]])
    expect([...filesOf(plan(files)).keys()]).toEqual(['authority/ca.key', 'authority/ca.pem'])
  })

  test('asks for a key that was moved away when the certificate is due', () => {
    const files = new Map([...first].filter(([path]) => path !== 'mx-01/key.pem'))
    expect(plan(files)).toMatchObject({ kind: 'ok', notes: [] })
    const due = plan(files, { at: now + 500 * DAY_MS })
    expect(due.kind === 'ok' && due.notes[0]).toMatch(/^mx-01\/cert.pem expires on .*; put mx-01\/key.pem back/)
  })

  test.each([
    ['mx-01/key.pem', 'mx-01/key.pem: found no private key'],
    ['mx-01/cert.pem', 'mx-01/cert.pem: found no certificate'],
    ['authority/ca.key', 'authority/ca.pem, authority/ca.key: cannot be used'],
  ])('names a damaged %s', (path, problem) => {
    const result = plan(new Map([...first, [path, 'x']]))
    expect(result.kind === 'bad' && result.problems[0]).toContain(problem)
  })

  test('without the key of the authority says so', () => {
    const result = plan(new Map([...first].filter(([path]) => path !== 'authority/ca.key')))
    expect(result.kind === 'bad' && result.problems[0]).toContain('authority/ca.key: cannot be used')
  })
})
