// Verifies DKIM signatures with mailauth, which did not make them: our signer is code of our own.

import { dkimVerify } from 'mailauth/lib/dkim/verify.js'
import type { Authority } from './authority.ts'
import { createMailauthResolver } from '../filter/mailauth-adapter.ts'
import { createStubResolver, stubDefaults } from '../dns/stub.ts'

/** `selector (algorithm)=result` for each signature. */
export async function verifySignatures(message: Buffer, dns: Pick<Authority, 'host' | 'port'>): Promise<string[]> {
  const resolver = createMailauthResolver(
    createStubResolver({ ...stubDefaults, servers: [{ host: dns.host, port: dns.port }] }),
  )
  const { results } = await dkimVerify(message, { resolver })
  return results.map((one) => `${one.selector} (${one.algo})=${one.status.result}`)
}
