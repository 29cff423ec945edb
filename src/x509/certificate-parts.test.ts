import { X509Certificate } from 'node:crypto'
import { expect, it } from 'vitest'
import { createAuthority } from '../demo/ca.ts'
import { pathLength, readCertificateParts } from './certificate-parts.ts'
import { boolean, integer, octetString, sequence } from './der.ts'

const authority = createAuthority('Parts')
const der = new X509Certificate(authority.certificate).raw

it('shows the key in its octets, and the extensions with their weight', () => {
  const parts = readCertificateParts(der)
  const { publicKey } = new X509Certificate(authority.certificate)
  expect(parts?.publicKey.equals(publicKey.export({ type: 'spki', format: 'der' }))).toBe(true)
  expect(parts?.extensions.get('2.5.29.19')).toMatchObject({ isCritical: true })
  expect(parts?.extensions.get('2.5.29.14')).toMatchObject({ isCritical: false })
})

it('is null for every shortened certificate, without an exception', () => {
  for (let length = 0; length < der.length; length++) expect(readCertificateParts(der.subarray(0, length))).toBeNull()
})

it.each([
  ['none', sequence(boolean(true)), null],
  ['0', sequence(boolean(true), integer(Buffer.of(0))), 0],
  ['2', sequence(boolean(true), integer(Buffer.of(2))), 2],
  ['a number of five octets', sequence(boolean(true), integer(Buffer.from('0102030405', 'hex'))), 'damaged'],
  ['another structure', octetString(Buffer.of(1)), 'damaged'],
  ['octets that are cut off', sequence(boolean(true), integer(Buffer.of(2))).subarray(0, 6), 'damaged'],
])('reads a path length: %s', (_what, value, expected) => {
  expect(pathLength({ isCritical: true, value })).toBe(expected)
})
