// Loads mailauth only where a role verifies messages: it takes some 20 MiB, which other nodes do not need.

import type { Resolver } from '../dns/resolver.ts'
import { systemClock } from '../lib/clock.ts'
import type { Authenticator } from './authentication.ts'

/** An error of the loading is that of the message that needs it, and the next one loads again. */
export function lazyAuthenticator(resolver: Resolver): Authenticator {
  let loading: Promise<Authenticator> | null = null
  const load = async () => {
    const { createAuthenticator } = await import('./verify-message.ts')
    return createAuthenticator({ clock: systemClock, resolver })
  }
  const loaded = () =>
    (loading ??= load().catch((error: unknown) => {
      loading = null
      throw error
    }))
  return {
    prepare: () => void loaded().catch(() => undefined),
    authenticate: async (request) => (await loaded()).authenticate(request),
  }
}
