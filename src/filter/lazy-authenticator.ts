// Loads mailauth only where a role verifies messages: it takes some 40 MiB, which srs, submission and mta nodes do not need.

import type { Resolver } from '../dns/resolver.ts'
import { systemClock } from '../lib/clock.ts'
import type { Authenticator } from './authentication.ts'

/** Loading begins at once, so that the first message does not wait for it. */
export function lazyAuthenticator(resolver: Resolver): Authenticator {
  const loading = import('./verify-message.ts').then((filter) =>
    filter.createAuthenticator({ clock: systemClock, resolver }),
  )
  return { authenticate: async (request) => (await loading).authenticate(request) }
}
