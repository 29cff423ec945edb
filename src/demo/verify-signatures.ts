// Verifies DKIM signatures with mailauth, which is independent of our signer.

import { dkimVerify } from 'mailauth/lib/dkim/verify.js'
import type { Authority } from './authority.ts'
import { createMailauthResolver } from '../filter/mailauth-adapter.ts'
import { createStubResolver, stubDefaults } from '../dns/stub.ts'

/** Returns `selector (algorithm)=result` for each signature of `message`. */
export async function verifySignatures(message: Buffer, dns: Pick<Authority, 'host' | 'port'>): Promise<string[]> {
  const resolver = createMailauthResolver(
    createStubResolver({ ...stubDefaults, servers: [{ host: dns.host, port: dns.port }] }),
  )
  const { results } = await dkimVerify(message, { resolver })
  return results.map((one) => `${one.selector} (${one.algo})=${one.status.result}`)
}
