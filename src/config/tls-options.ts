// Options of TLS that OpenSSL reads: a list of ciphers is checked by the library that uses it.

import { createSecureContext } from 'node:tls'
import { z } from 'zod'

/** RFC 8996 forbids older versions. */
export const tlsVersion = z.enum(['TLSv1.2', 'TLSv1.3'])

const CIPHERS_EXPECTED = 'a list of OpenSSL ciphers such as ECDHE+AESGCM:TLS_AES_256_GCM_SHA384'

export const ciphers = z.string({ error: CIPHERS_EXPECTED }).refine(isCipherList, { error: CIPHERS_EXPECTED })

function isCipherList(list: string): boolean {
  try {
    createSecureContext({ ciphers: list })
    return list !== ''
  } catch {
    return false
  }
}
