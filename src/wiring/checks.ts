// The role's list of checks → the checks, in its order. `sender` asks at MAIL (hooks.ts), so it has no part here.

import type { Config } from '../config/config.ts'
import type { Resolver } from '../dns/resolver.ts'
import { checkAuthor } from '../policy/checks/author.ts'
import type { ContentCheck } from '../policy/check.ts'
import { checkLoop } from '../policy/checks/hop-count.ts'
import type { MaySendAs } from '../policy/checks/sender.ts'
import { checkSpam } from '../policy/checks/spam.ts'
import { checkTrustedResults } from '../policy/checks/peer-results.ts'
import { checkVerify } from '../policy/checks/authentication-results.ts'
import type { SpamScanner } from '../filter/spam-scan.ts'
import { lazyAuthenticator } from '../filter/lazy-authenticator.ts'

export interface CheckParts {
  readonly resolver: Resolver
  readonly maySendAs: MaySendAs
  /** Null where no spam filter is configured: then there is no such check. */
  readonly spam: SpamScanner | null
}

export function contentChecks(config: Config, parts: CheckParts): ContentCheck[] {
  const makers: Record<Config['role']['checks'][number], () => ContentCheck | null> = {
    'hop-count': () => checkLoop(config.role.max_hops),
    authentication: () =>
      checkVerify({
        authenticator: lazyAuthenticator(parts.resolver),
        authservId: config.authserv_id,
        rejectByPolicy: config.dmarc.reject,
      }),
    'peer-results': () => checkTrustedResults(config.authserv_id),
    sender: () => null,
    author: () => checkAuthor(parts.maySendAs),
    spam: () => spamCheck(config, parts.spam),
  }
  return config.role.checks.map((name) => makers[name]()).filter((check) => check !== null)
}

/** Who proved himself is not asked about: a stolen account is a matter of limits, not of this check. */
function spamCheck({ authserv_id: authservId, rspamd }: Config, scanner: SpamScanner | null): ContentCheck | null {
  if (!scanner || !rspamd) return null
  return checkSpam({ scanner, authservId, whenDown: rspamd.when_down, origins: ['internet'] })
}
