// The authenticator of a role that verifies, loaded when such a role is built: mailauth and what it brings take some 40 MiB, which srs,
// submission and mta nodes need not pay for.

import type { Resolver } from '../dns/resolver.ts'
import type { Authenticator } from '../filter/authentication.ts'
import { systemClock } from '../lib/clock.ts'

/** Loading begins at once, so that the first mail need not wait for it. */
export function lazyAuthenticator(resolver: Resolver): Authenticator {
  const loading = import('../filter/verify-message.ts').then((filter) =>
    filter.createAuthenticator({ clock: systemClock, resolver }),
  )
  return { authenticate: async (request) => (await loading).authenticate(request) }
}
