// Config → how we behave towards single destinations: security, passwords, certificates, addresses, limits.

import { createSecureContext } from 'node:tls'
import type { Config } from '../config/config.ts'
import type { DestinationConfig } from '../config/sections/delivery-destinations.ts'
import type { TlsMaterial } from '../config/read-tls-material.ts'
import type { ClientProfile } from '../delivery/smtp-client/client-profile.ts'
import {
  createDestinationRules,
  type DestinationRule,
  type DestinationRules,
} from '../delivery/hosts/destination-rules.ts'
import { tlsPolicies } from '../delivery/tls-policy/configured-policies.ts'
import type { TlsContexts } from '../delivery/tls-policy/tls-policy.ts'
import type { HeloNames, SourceAddresses } from '../delivery/smtp-client/transport-settings.ts'
import { followTls } from '../delivery/tls-policy/follow-tls.ts'
import type { DestinationLimits } from '../queue/scheduling/destination-state.ts'
import { defaultSchedulerSettings } from '../queue/scheduling/scheduler.ts'

const LEAST_TLS = 'TLSv1.2'

/** `tls`: this node's own certificate at the moment. */
export function destinationRules(config: Config, tls: () => TlsMaterial | null): DestinationRules {
  const entries = Object.entries(config.delivery.destinations)
  return createDestinationRules(entries.map(([key, one]) => ruleOf({ key, one, tls }, config)))
}

interface Exception {
  readonly key: string
  readonly one: DestinationConfig
  readonly tls: () => TlsMaterial | null
}

function ruleOf(exception: Exception, config: Config): DestinationRule {
  const { key, one } = exception
  return {
    key,
    tls: one.tls === null ? null : tlsPolicies[one.tls],
    profile: profileOf(exception, config),
    limits: limitsOf(one),
  }
}

function profileOf({ key, one, tls }: Exception, config: Config): ClientProfile {
  const { user, password, source, helo, discard_ehlo } = one
  return {
    name: key,
    credentials: user === undefined || password === null ? null : { user, password },
    tls: one.shown || one.ca !== null || one.tls === 'verify' ? followTls(tls, (own) => contextsOf(one, own)) : null,
    discardEhlo: new Set(discard_ehlo),
    source: source ? sourceOf(source, config) : null,
    helo: helo ? heloOf(helo, config) : null,
  }
}

/** Verified by the CA that is named, or by the public ones: the fleet's own CA says nothing about others. */
function contextsOf(one: DestinationConfig, ownTls: TlsMaterial | null): TlsContexts {
  const shown = one.shown ?? ownTls
  const own = shown ? { cert: shown.certificate, key: shown.key } : {}
  const ca = one.ca ?? undefined
  return {
    opportunistic: createSecureContext({ ...own, minVersion: LEAST_TLS }),
    verified: createSecureContext({ ...own, ca, minVersion: LEAST_TLS }),
  }
}

function limitsOf({ concurrency, rate }: DestinationConfig): Partial<DestinationLimits> | null {
  if (concurrency === undefined && rate === undefined) return null
  const { initialConcurrency } = defaultSchedulerSettings
  return {
    ...(concurrency === undefined
      ? {}
      : { maximalConcurrency: concurrency, initialConcurrency: Math.min(initialConcurrency, concurrency) }),
    ...(rate === undefined ? {} : { intervalMs: rate }),
  }
}

type Families = { readonly ipv4?: string | undefined; readonly ipv6?: string | undefined }

/** The family that an exception does not name is as for all others. */
export function sourceOf(source: Families, config: Config): SourceAddresses {
  const usual = config.delivery.source
  return { ipv4: source.ipv4 ?? usual.ipv4 ?? null, ipv6: source.ipv6 ?? usual.ipv6 ?? null }
}

export function heloOf(helo: Families, config: Config): HeloNames {
  const usual = config.delivery.helo
  return {
    ipv4: helo.ipv4 ?? usual.ipv4 ?? config.hostname,
    ipv6: helo.ipv6 ?? usual.ipv6 ?? config.hostname,
  }
}
