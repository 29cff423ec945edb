import { createSecureContext } from 'node:tls'
import { expect, it } from 'vitest'
import type { TlsMaterial } from '../../config/read-tls-material.ts'
import { followCertificate } from './client-contexts.ts'

it('builds contexts once for each certificate', () => {
  const material = (certificate: string): TlsMaterial => ({ certificate, key: '', ca: null, expiresAt: 0 })
  const current: { value: TlsMaterial | null } = { value: material('first') }
  const made: (string | undefined)[] = []
  const contexts = followCertificate(current, (one) => {
    made.push(one?.certificate)
    return { opportunistic: createSecureContext(), verified: createSecureContext(), public: createSecureContext() }
  })
  const { opportunistic, verified } = contexts
  expect([contexts.opportunistic, contexts.verified]).toEqual([opportunistic, verified])
  expect(made).toEqual(['first'])
  current.value = material('renewed')
  expect(contexts.verified).not.toBe(verified)
  expect(contexts.opportunistic).not.toBe(opportunistic)
  current.value = null
  expect(contexts.verified).toBeDefined()
  expect(made).toEqual(['first', 'renewed', undefined])
})
