// Config → the settings of the queue, the log, the resolver and the admin listener.

import type { AdminSettings } from '../admin/http.ts'
import type { Config } from '../config/config.ts'
import type { ResolverSettings } from '../dns/open-resolver.ts'
import type { ValidationSettings } from '../dns/validation.ts'
import type { LogSettings } from '../observe/create-log.ts'
import type { QueueSettings } from '../queue/contract/queue-settings.ts'
import { queueDirectory } from './node-paths.ts'

export function queueSettings(config: Pick<Config, 'data' | 'queue'>): QueueSettings {
  const { minimal_backoff, maximal_backoff, lifetime, delay_warning, min_free } = config.queue
  return {
    directory: queueDirectory(config),
    retry: {
      minimalGapMs: minimal_backoff,
      maximalGapMs: maximal_backoff,
      lifetimeMs: lifetime,
      bounceLifetimeMs: lifetime,
      delayWarningMs: delay_warning ?? null,
    },
    reserveBytes: min_free,
  }
}

/** `hashKey` gives the key of the hashes that replace personal data. */
export function logSettings(config: Pick<Config, 'hostname' | 'log' | 'privacy'>, hashKey: () => Buffer): LogSettings {
  const { output } = config.privacy
  const { level, format, addresses = output, ips = output } = config.log
  return { level, format, privacy: { addresses, ips, subjects: 'drop', hashKey }, base: { node: config.hostname } }
}

export function resolverSettings({ dns }: Pick<Config, 'dns'>): ResolverSettings {
  return { servers: dns.servers ?? null, timeoutMs: dns.timeout }
}

/** How the node finds out whether its resolver validates DNSSEC. */
export function validationSettings({ dns, delivery }: Pick<Config, 'dns' | 'delivery'>): ValidationSettings {
  const isRequired = Object.values(delivery.destinations).some(({ tls }) => tls === 'dane-only')
  return { ...dns.probe, isRequired }
}

/** Null if the configuration has no address for it. */
export function adminSettings({ admin }: Pick<Config, 'admin'>): AdminSettings | null {
  return admin?.listen ? { ...admin.listen, allowRemote: admin.allow_remote } : null
}
