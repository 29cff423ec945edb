// Config → who decides about forwarded mail that would fail DMARC at its destination.

import type { Config } from '../config/config.ts'
import type { Signer } from '../dkim/signer.ts'
import type { IntakeSettings } from '../intake/ports.ts'
import { createForwardStrategist } from '../policy/forward-strategist.ts'
import type { ForwardStrategist } from '../policy/forward-strategist.ts'
import type { Router } from '../route/resolution.ts'

/** One for every role: where nothing leaves by a forward it is never asked. */
export function buildStrategist(
  config: Config,
  parts: { readonly router: Pick<Router, 'isOurs'>; readonly signer: Pick<Signer, 'signsFor'> },
): ForwardStrategist {
  return createForwardStrategist({
    authservId: config.authserv_id,
    domain: forwardDomain(config),
    via: config.domain,
    usual: config.forwards.when_dmarc_would_fail,
    isOurs: (domain) => parts.router.isOurs(domain),
    signs: (domain) => config.role.sign === 'earned' && parts.signer.signsFor(domain),
  })
}

/** Where rewritten authors live. The SRS domain holds strangers' names already, and MAIL FROM then aligns with From: besides. */
function forwardDomain(config: Pick<Config, 'forwards' | 'srs' | 'domain'>): string {
  return config.forwards.domain ?? config.srs?.domain ?? config.domain
}

/** Nothing where sealing is off. */
export function sealSettings(config: Config): Pick<IntakeSettings, 'seal'> {
  return config.arc.seal ? { seal: { domain: forwardDomain(config), authservId: config.authserv_id } } : {}
}
