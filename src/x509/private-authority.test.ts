import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawnSync } from 'node:child_process'
import { afterAll, describe, expect, test } from 'vitest'
import { createRoot, issueCertificate } from './private-authority.ts'
import { readSigner } from './read-signer.ts'

const folder = mkdtempSync(join(tmpdir(), 'waypost-x509-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const now = Date.now()
const root = createRoot({ name: 'Fleet', domains: ['example.org'], days: 3650, now })
const issue = (names: readonly string[], ips: readonly string[] = []) =>
  issueCertificate(readSigner(root), { names, ips, days: 730, now }).certificate

/** OpenSSL's judgement, which is that of Node's TLS. */
function verify(certificate: string): string {
  writeFileSync(join(folder, 'ca.pem'), root.certificate)
  writeFileSync(join(folder, 'cert.pem'), certificate)
  const { stdout, stderr } = spawnSync('openssl', ['verify', '-CAfile', 'ca.pem', 'cert.pem'], {
    cwd: folder,
    encoding: 'utf8',
  })
  return `${stdout}${stderr}`
}

describe('an authority for one domain', () => {
  test('is marked as such, for ten years', () => {
    const parsed = new X509Certificate(root.certificate)
    expect(parsed.ca).toBe(true)
    expect(Date.parse(parsed.validTo) - now).toBeGreaterThan(3649 * 86_400_000)
  })

  test('certifies names in it', () => {
    expect(verify(issue(['mx-01.example.org']))).toContain('cert.pem: OK')
    expect(new X509Certificate(issue(['mx-01.example.org'])).checkHost('mx-01.example.org')).toBe('mx-01.example.org')
  })

  test('OpenSSL refuses its certificates for other names and for addresses', () => {
    expect(verify(issue(['www.bank.example']))).toContain('permitted subtree violation')
    expect(verify(issue(['mx-01.example.org'], ['192.0.2.1']))).toContain('excluded subtree violation')
    expect(verify(issue(['mx-01.example.org'], ['2001:db8::1']))).toContain('excluded subtree violation')
  })
})

test('an authority of other software works, with its name as it is', () => {
  const args = '-x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 10 -keyout o.key -out o.pem'.split(' ')
  spawnSync('openssl', ['req', ...args, '-subj', '/C=DE/O=Example/CN=Own CA'], { cwd: folder })
  const pem = (name: string) => spawnSync('cat', [name], { cwd: folder, encoding: 'utf8' }).stdout
  const own = { certificate: pem('o.pem'), key: pem('o.key') }
  const leaf = new X509Certificate(
    issueCertificate(readSigner(own), { names: ['a.example.org'], days: 9, now }).certificate,
  )
  expect(leaf.checkIssued(new X509Certificate(own.certificate))).toBe(true)
  expect(leaf.verify(new X509Certificate(own.certificate).publicKey)).toBe(true)
})

test('a key of another certificate is refused, and so is a text that is no certificate', () => {
  const other = createRoot({ name: 'Other', domains: [], days: 1, now })
  expect(() => readSigner({ ...root, key: other.key })).toThrow('does not belong')
  expect(() => readSigner({ ...root, certificate: 'x' })).toThrow()
  expect(() => readSigner(issueCertificate(root.signer, { names: ['a.example.org'], days: 1, now }))).toThrow(
    'not that of an authority',
  )
})
