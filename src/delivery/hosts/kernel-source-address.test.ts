// Which of our own addresses the kernel would choose.

import { describe, expect, it } from 'vitest'
import { addressTowards } from './kernel-source-address.ts'

describe('our address', () => {
  it('is the one that the system would come from', async () => {
    expect(await addressTowards('127.0.0.1')).toBe('127.0.0.1')
  })

  it('is none where no way leads', async () => {
    // The kernel refuses it, as it does a network without a route.
    expect(await addressTowards('255.255.255.255')).toBeNull()
  })
})
