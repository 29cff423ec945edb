// Client TLS contexts that follow the node's certificate: a renewed certificate is used from the next connection, without a restart.

import type { Current } from '../../lib/current.ts'
import type { TlsContexts } from './tls-policy.ts'

/** Contexts that are built again when the certificate has changed. `make` builds them; null is a node without a certificate. */
export function followTls<Material>(
  certificate: Current<Material | null>,
  make: (material: Material | null) => TlsContexts,
): TlsContexts {
  let made: { readonly material: Material | null; readonly contexts: TlsContexts } | null = null
  const now = () => {
    const material = certificate.value
    if (!made || made.material !== material) made = { material, contexts: make(material) }
    return made.contexts
  }
  return {
    get opportunistic() {
      return now().opportunistic
    },
    get verified() {
      return now().verified
    },
  }
}
