// Config → the policy and seal of forwarded mail, and the warning about a missing key.

import type { Config } from '../config/config.ts'
import type { Problem } from '../config/problem.ts'
import type { Signer } from '../dkim/signer.ts'
import type { IntakeSettings } from '../intake/ports.ts'
import { createForwardPolicy } from '../policy/forward-policy.ts'
import type { ForwardPolicy } from '../policy/forward-policy.ts'
import type { Router } from '../route/resolution.ts'

export function buildForwardPolicy(
  config: Config,
  parts: { readonly router: Pick<Router, 'isOurs'>; readonly signer: Pick<Signer, 'signsFor'> },
): ForwardPolicy {
  return createForwardPolicy({
    authservId: config.authserv_id,
    domain: forwardDomain(config),
    via: config.domain,
    defaultTreatment: config.forwards.when_dmarc_would_fail,
    defaultCeiling: config.forwards.spam_ceiling,
    unclearAuthor: config.dmarc.unclear_author === 'refuse' ? 'reject' : 'wrap',
    isOurs: (domain) => parts.router.isOurs(domain),
    signs: (domain) => config.role.sign === 'proven-origin' && parts.signer.signsFor(domain),
  })
}

/** Domain of rewritten authors. The SRS domain already has addresses of strangers, and with it MAIL FROM aligns with From:. */
function forwardDomain(config: Pick<Config, 'forwards' | 'srs' | 'domain'>): string {
  return config.forwards.domain ?? config.srs?.domain ?? config.domain
}

/** For `check`: the treatment needs a key that does not exist, so such mail would pass unchanged. */
export function forwardWarnings(config: Config, signer: Pick<Signer, 'signsFor'>): Problem[] {
  const { role, forwards, file } = config
  const forwarding = role.recipients.forwards === 'resolve' && role.srs.rewrite
  const needsKey = forwards.when_dmarc_would_fail === 'rewrite-from' || forwards.when_dmarc_would_fail === 'wrap'
  const domain = forwardDomain(config)
  if (!forwarding || !needsKey || (role.sign === 'proven-origin' && signer.signsFor(domain))) return []
  const message = `forwards: no key signs for ${domain}, so mail that would fail DMARC at its destination passes unchanged; create a key with waypost dkim keygen`
  return [{ file, line: 1, column: 1, message }]
}

/** Empty where sealing is off. */
export function sealSettings(config: Config): Pick<IntakeSettings, 'seal'> {
  return config.arc.seal ? { seal: { domain: forwardDomain(config), authservId: config.authserv_id } } : {}
}
