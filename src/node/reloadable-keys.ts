// Which keys of a node's YAML a reload activates. The others require a restart, and the log says so: an operator who has just removed a
// stolen peer must not read "reloaded" and believe it.

import type { Config } from '../config/config.ts'

/** Keys that the modules use only when they are built. All other keys are data, which every reload reads again. */
const restartKeys = [
  'hostname',
  'domain',
  'data',
  'listeners',
  'dns',
  'dns_check',
  'peers',
  'bans',
  'identity',
  'local_names',
  'drop',
  'submission_socket',
  'forwards',
  'arc',
  'postmaster',
  'help_link',
  'authserv_id',
  'dmarc',
  'clamav',
  'dnsbl',
  'rspamd',
  'outgoing_spam',
  'score',
  'queue',
  'delivery',
  'oauth_clients',
  'bounce',
  'limits',
  'watch',
  'admin',
  'queue_transfer',
  'fleet_view',
  'webhooks',
  'alerts',
  'digest',
  'autoconfig',
  'tls_reports',
  'log',
  'privacy',
] as const satisfies readonly (keyof Config)[]

/** Keys of which a part is data; each function returns the part that requires a restart. */
const partialRestartKeys = {
  // The modes of checks are data.
  role: ({ role }) => ({ ...role, modes: null }),
  // A certificate can be renewed, but whether there is one decides if listeners offer STARTTLS, and a CA decides if peers are verified.
  tls: ({ tls }) => [tls !== null, (tls?.ca ?? null) !== null, tls?.newKeys, { ...tls?.acme, isTemporary: null }],
  // Whether there are any decides if listeners request certificates.
  user_certificates: ({ user_certificates }) => user_certificates !== null,
  // Whether there are tokens decides which mechanisms listeners offer.
  oauth: ({ oauth }) => oauth !== null,
  // Rules and accounts are data.
  self_service: ({ self_service: page }) =>
    page && [page.listen, page.host_name, page.name, page.help, page.min_length, page.require_second_factor],
  // Addresses, domains and ages are data. Whether there is a store, and what is sent, is not.
  reports: ({ reports }) => reports && [reports.send ?? null],
  // Secrets and hash lengths are data. The domain is that of rewritten authors, and the token store uses the age.
  srs: ({ srs }) => [srs?.domain, srs?.max_age],
} as const satisfies Partial<Record<keyof Config, (config: Config) => unknown>>

export interface ReloadPlan {
  /** The wanted configuration, with the active value of every key that requires a restart. */
  readonly config: Config
  /** The changed keys that require a restart. */
  readonly restartFor: readonly string[]
}

/** `running` is the active configuration with the certificate in use. */
export function applyReloadable(running: Config, wanted: Config): ReloadPlan {
  const whole = restartKeys.filter((key) => differs(running[key], wanted[key]))
  const parts = Object.entries(partialRestartKeys)
    .filter(([, part]) => differs(part(running), part(wanted)))
    .map(([key]) => key as keyof typeof partialRestartKeys)
  const restartFor = [...whole.map((key) => (key === 'listeners' ? 'listen' : key)), ...parts]
  const kept = Object.fromEntries([...restartKeys, ...parts].map((key) => [key, running[key]]))
  return { config: { ...wanted, ...kept }, restartFor }
}

function differs(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) !== JSON.stringify(other)
}
