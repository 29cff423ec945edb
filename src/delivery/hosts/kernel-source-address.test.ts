// The local address that the kernel would choose.

import { describe, expect, it } from 'vitest'
import { addressTowards } from './kernel-source-address.ts'

describe('the local address', () => {
  it('is the address that the kernel would use', async () => {
    expect(await addressTowards('127.0.0.1')).toBe('127.0.0.1')
  })

  it('is null without a route', async () => {
    // The kernel rejects this address like a network without a route.
    expect(await addressTowards('255.255.255.255')).toBeNull()
  })
})
