import { execFileSync } from 'node:child_process'
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { signProfile } from './sign-profile.ts'

const folder = mkdtempSync(join(tmpdir(), 'waypost-profile-'))
afterAll(() => rmSync(folder, { recursive: true }))
const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })

/** A certificate authority and a certificate of it, as files. */
function issue(newKey: readonly string[]): { readonly certificate: string; readonly key: string } {
  openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=CA')
  openssl('req', '-new', ...newKey, '-nodes', '-keyout', 'node.key', '-out', 'node.csr', '-subj', '/CN=mail')
  openssl('x509', '-req', '-in', 'node.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-out', 'node.pem')
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')
  return { certificate: `${read('node.pem')}${read('ca.pem')}`, key: read('node.key') }
}

it.each([
  ['RSA', ['-newkey', 'rsa:2048']],
  ['ECDSA', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']],
])('OpenSSL verifies a profile that is signed with %s, and finds the chain in it', async (_, newKey) => {
  const signer = issue(newKey)
  const profile = '<?xml version="1.0"?>\n<plist>jörg</plist>\n'
  writeFileSync(join(folder, 'signed'), await signProfile(profile, signer, new Date('2026-11-29T12:00:00Z')))
  const verify = ['cms', '-verify', '-inform', 'DER', '-in', 'signed', '-CAfile', 'ca.pem', '-purpose', 'any']
  openssl(...verify, '-out', 'content', '-certsout', 'certificates')
  expect(readFileSync(join(folder, 'content'), 'utf8')).toBe(profile)
  const pems = readFileSync(join(folder, 'certificates'), 'utf8').match(/BEGIN CERTIFICATE/g)
  expect(pems).toHaveLength(2)
})

it('a changed profile is not valid', async () => {
  const signed = await signProfile('<plist>kim</plist>', issue(['-newkey', 'rsa:2048']), new Date())
  const at = signed.indexOf('kim')
  signed.write('eve', at)
  writeFileSync(join(folder, 'signed'), signed)
  const verify = ['cms', '-verify', '-inform', 'DER', '-in', 'signed', '-CAfile', 'ca.pem', '-purpose', 'any']
  expect(() => openssl(...verify, '-out', 'content')).toThrow()
})

it('names a type of key that devices do not know', async () => {
  const { privateKey } = generateKeyPairSync('ed25519')
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  const { certificate } = issue(['-newkey', 'rsa:2048'])
  expect(new X509Certificate(certificate).subject).toBe('CN=mail')
  await expect(signProfile('x', { certificate, key }, new Date())).rejects.toThrow('a key of the type ed25519')
})
