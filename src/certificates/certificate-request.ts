// A certificate request (PKCS #10, RFC 2986) with the names in subjectAltName and an empty subject, as RFC 8555 7.4 permits.

import { explicit, integer, oid, sequence, set } from '../x509/der.ts'
import { publicKeyInfo } from './key-kind.ts'
import { alternativeNames, signedDer } from './signed-der.ts'

const extensionRequest = oid('1.2.840.113549.1.9.14')

/** DER. @param key PEM */
export function createRequest(names: readonly string[], key: string): Buffer {
  const extensions = set(sequence(alternativeNames(names)))
  return signedDer(key, () =>
    sequence(
      integer(Buffer.from([0])),
      sequence(),
      publicKeyInfo(key),
      explicit(0, sequence(extensionRequest, extensions)),
    ),
  )
}
