// Config → the rules for single destinations: TLS, credentials, certificates, source addresses, limits.

import type { Config } from '../config/config.ts'
import type { DestinationConfig } from '../config/sections/delivery-destinations.ts'
import type { TlsMaterial } from '../config/read-tls-material.ts'
import type { ClientProfile, Credentials, TokenSource } from '../delivery/smtp-client/client-profile.ts'
import {
  createDestinationRules,
  type DestinationRule,
  type DestinationRules,
} from '../delivery/hosts/destination-rules.ts'
import type { HeloNames, SourceAddresses } from '../delivery/smtp-client/transport-settings.ts'
import { destinationContexts, type TlsOptions } from '../delivery/tls-policy/client-contexts.ts'
import type { DestinationLimits } from '../queue/scheduling/destination-state.ts'
import type { Source } from '../delivery/hosts/source-check.ts'
import { destinationPolicy } from './tls-policy-settings.ts'
import type { Current } from '../lib/current.ts'
import { defaultSchedulerSettings } from '../queue/scheduling/scheduler.ts'

/** What rules need of the running node. */
export interface DestinationParts {
  /** That of this node; null where there is none. */
  readonly certificate: Current<TlsMaterial | null>
  /** Those of `oauth_clients`, by name. */
  readonly tokens: ReadonlyMap<string, TokenSource>
}

export function destinationRules(config: Config, { certificate, tokens }: DestinationParts): DestinationRules {
  const entries = Object.entries(config.delivery.destinations)
  return createDestinationRules(
    entries.map(([key, one]): DestinationRule => {
      const hasOptions = one.tls_version !== undefined || one.tls_ciphers !== undefined
      const isVerified = one.tls === 'verify' || one.tls === 'secure'
      const changesTls = one.shown !== null || one.ca !== null || isVerified || hasOptions
      const options = tlsOptions({ ...config.delivery, ...definedOf(one) })
      const tls = changesTls ? destinationContexts(certificate, { ...one, ...options }) : null
      return {
        key,
        tls: destinationPolicy(one, config.delivery),
        profile: { ...profileOf(key, one, config), credentials: credentialsOf(one, tokens), tls },
        ...(one.prefer !== undefined && { prefer: one.prefer }),
        limits: limitsOf(one),
        ownConcurrency: one.concurrency !== undefined,
      }
    }),
  )
}

/** The options of TLS that an entry sets. */
function definedOf({ tls_version, tls_ciphers }: DestinationConfig) {
  return { ...(tls_version && { tls_version }), ...(tls_ciphers && { tls_ciphers }) }
}

export function tlsOptions({
  tls_version,
  tls_ciphers,
  public_ca,
}: Pick<Config['delivery'], 'tls_version' | 'tls_ciphers' | 'public_ca'>): TlsOptions {
  return { minVersion: tls_version, ciphers: tls_ciphers, publicCa: public_ca }
}

function credentialsOf(
  { user, password, oauth }: DestinationConfig,
  tokens: DestinationParts['tokens'],
): Credentials | null {
  if (user === undefined) return null
  const source = oauth === undefined ? undefined : tokens.get(oauth)
  if (source) return { kind: 'token', user, tokens: source }
  return password === null ? null : { kind: 'password', user, password }
}

function profileOf(key: string, one: DestinationConfig, config: Config): Omit<ClientProfile, 'tls' | 'credentials'> {
  const { source, helo, discard_ehlo } = one
  return {
    name: key,
    discardEhlo: new Set(discard_ehlo),
    source: source ? sourceOf(source, config) : null,
    helo: helo ? heloOf(helo, config) : null,
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

/** An address family that the rule does not name keeps the general setting. */
export function sourceOf(source: Families, config: Config): SourceAddresses {
  const general = config.delivery.source
  return { ipv4: source.ipv4 ?? general.ipv4 ?? null, ipv6: source.ipv6 ?? general.ipv6 ?? null }
}

export function heloOf(helo: Families, config: Config): HeloNames {
  const general = config.delivery.helo
  return {
    ipv4: helo.ipv4 ?? general.ipv4 ?? config.hostname,
    ipv6: helo.ipv6 ?? general.ipv6 ?? config.hostname,
  }
}

/** The source addresses towards the internet, general and of single destinations; empty if the role never sends to the internet. */
export function internetSources({ delivery, role }: Config): Source[] {
  if (role.internet === 'never') return []
  const rules = Object.values(delivery.destinations).map((one) => one.source ?? {})
  const of = (family: 4 | 6, key: 'ipv4' | 'ipv6'): Source[] =>
    [...new Set([delivery.source[key] ?? null, ...rules.flatMap((source) => source[key] ?? [])])].map((address) => ({
      family,
      address,
    }))
  return [...of(4, 'ipv4'), ...of(6, 'ipv6')]
}
