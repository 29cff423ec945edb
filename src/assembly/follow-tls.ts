// TLS as a client with the certificate of the moment: a renewed one counts from the next connection on, without a restart.

import type { TlsMaterial } from '../config/tls-material.ts'
import type { TlsContexts } from '../delivery/transport-settings.ts'

/** Contexts that are made again when the material in force is another. */
export function followTls(
  current: () => TlsMaterial | null,
  make: (material: TlsMaterial | null) => TlsContexts,
): TlsContexts {
  let made: { readonly material: TlsMaterial | null; readonly contexts: TlsContexts } | null = null
  const now = () => {
    const material = current()
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
