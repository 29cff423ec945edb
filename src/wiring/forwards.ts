// Config → who decides about forwarded mail: spam, and what would fail DMARC at its destination.

import type { Config } from '../config/config.ts'
import type { Problem } from '../config/problem.ts'
import type { Signer } from '../dkim/signer.ts'
import type { IntakeSettings } from '../intake/ports.ts'
import { createForwardPolicy } from '../policy/forward-policy.ts'
import type { ForwardPolicy } from '../policy/forward-policy.ts'
import type { Router } from '../route/resolution.ts'

/** One for every role: where nothing leaves by a forward it is never asked. */
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
    isOurs: (domain) => parts.router.isOurs(domain),
    signs: (domain) => config.role.sign === 'proven-origin' && parts.signer.signsFor(domain),
  })
}

/** Where rewritten authors live. The SRS domain holds strangers' names already, and MAIL FROM then aligns with From: besides. */
function forwardDomain(config: Pick<Config, 'forwards' | 'srs' | 'domain'>): string {
  return config.forwards.domain ?? config.srs?.domain ?? config.domain
}

/** What `check` tells: a treatment that no key makes possible. Such mail passes as it came, which is not what was asked for. */
export function forwardWarnings(config: Config, signer: Pick<Signer, 'signsFor'>): Problem[] {
  const { role, forwards, file } = config
  const forwarding = role.recipients.forwards === 'resolve' && role.srs.rewrite
  const needsKey = forwards.when_dmarc_would_fail === 'rewrite-from' || forwards.when_dmarc_would_fail === 'wrap'
  const domain = forwardDomain(config)
  if (!forwarding || !needsKey || (role.sign === 'proven-origin' && signer.signsFor(domain))) return []
  const message = `forwards: no key signs for ${domain}: mail that would fail DMARC at its destination passes as it came`
  return [{ file, line: 1, column: 1, message }]
}

/** Nothing where sealing is off. */
export function sealSettings(config: Config): Pick<IntakeSettings, 'seal'> {
  return config.arc.seal ? { seal: { domain: forwardDomain(config), authservId: config.authserv_id } } : {}
}
