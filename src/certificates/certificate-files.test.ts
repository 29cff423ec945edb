// Certificates, keys and requests that the node makes, and the file that has them.

import { createPrivateKey, X509Certificate } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAuthority } from '../demo/ca.ts'
import { printCertificateFile, readCertificateFile } from './certificate-file.ts'
import { createRequest } from './certificate-request.ts'
import { emptyState, readState, writeState } from './keeper-state.ts'
import { createKey, keyKinds, publicKeyInfo } from './key-kind.ts'
import { readIfThere, writePrivateFile } from './private-file.ts'
import { createTemporary } from './temporary-certificate.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-certificates-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('a temporary certificate', () => {
  it('has the names, its own key and a short life', () => {
    const made = createTemporary(['mx-01.example.org', 'mx.example.org'], Date.now())
    const certificate = new X509Certificate(made.certificate)
    expect(certificate.subjectAltName).toBe('DNS:mx-01.example.org, DNS:mx.example.org')
    expect(certificate.checkPrivateKey(createPrivateKey(made.key))).toBe(true)
    expect(certificate.verify(certificate.publicKey)).toBe(true)
    expect(Math.abs(Date.parse(certificate.validTo) - made.expiresAt)).toBeLessThan(1000)
    expect(readCertificateFile(printCertificateFile(made))).toEqual({ key: made.key, certificate: made.certificate })
  })
})

describe('a request', () => {
  it.each(keyKinds.filter((kind) => kind !== 'rsa-4096'))(
    'with a key %s is signed by it, as openssl sees it',
    async (kind) => {
      const key = await createKey(kind)
      const file = join(folder, `${kind}.der`)
      writeFileSync(file, createRequest(['a.example.org', 'b.example.org'], key))
      const text = execFileSync('openssl', ['req', '-inform', 'DER', '-in', file, '-noout', '-text', '-verify'], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      expect(text).toContain('DNS:a.example.org, DNS:b.example.org')
    },
  )
})

describe('the file of a certificate', () => {
  const authority = createAuthority('Files')

  it.each([
    ['nothing', ''],
    ['a certificate only', authority.certificate],
    ['a key only', authority.issue({ names: ['x.example.org'] }).key],
  ])('with %s is refused', (_what, text) => {
    expect(readCertificateFile(text)).toBe('found no private key with a certificate')
  })

  it('with parts that do not belong together is refused', () => {
    const [one, other] = [authority.issue({ names: ['x'] }), authority.issue({ names: ['x'] })]
    const mixed = printCertificateFile({ key: one.key, certificate: other.certificate })
    expect(readCertificateFile(mixed)).toBe('the private key does not belong to the certificate')
  })
})

describe('a private file', () => {
  it('is for its owner only, also in a folder that a group can read', async () => {
    chmodSync(folder, 0o750)
    const file = join(folder, 'new/key')
    await writePrivateFile(file, 'one')
    await writePrivateFile(file, 'two')
    expect([statSync(file).mode & 0o777, readFileSync(file, 'utf8')]).toEqual([0o600, 'two'])
    expect(readdirSync(join(folder, 'new'))).toEqual(['key'])
  })

  it('that cannot be replaced stays, and leaves nothing behind', async () => {
    const place = join(folder, 'taken')
    await writePrivateFile(join(place, 'inside'), 'x')
    await expect(writePrivateFile(place, 'y')).rejects.toThrow()
    expect(readdirSync(folder).filter((name) => name.endsWith('.new'))).toEqual([])
    expect(await readIfThere(join(folder, 'absent'))).toBeNull()
  })
})

describe('the state', () => {
  it('survives, and a damaged one is empty', async () => {
    const file = join(folder, 'state')
    expect(await readState(file)).toEqual(emptyState)
    await writeState(file, { ...emptyState, failures: 3, shownSince: 5 })
    expect(await readState(file)).toEqual({ ...emptyState, failures: 3, shownSince: 5 })
    writeFileSync(file, '{')
    expect(await readState(file)).toEqual(emptyState)
  })
})

it('the public key of a key is that of its certificate', () => {
  const { certificate, key } = createAuthority('Keys').issue({ names: ['x'] })
  expect(publicKeyInfo(key).equals(publicKeyInfo(certificate))).toBe(true)
})
