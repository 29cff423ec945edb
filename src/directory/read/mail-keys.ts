// The keys of mail data: Waypost's own (`mail::aliases`, or `aliases` in a mail.yaml), and equivalent keys of other mail modules.
// docs/reference/routing.md describes each; an unknown key is refused by name.

import { editDistance } from '../../lib/edit-distance.ts'
import type { MergeOptions } from '../hiera/hiera-merge.ts'

/** The content of a key; each has one reader. */
export type Section =
  | 'domains'
  | 'alias_domains'
  | 'generic_domains'
  | 'users'
  | 'aliases'
  | 'alias_records'
  | 'domain_aliases'
  | 'forwards'
  | 'host_aliases'
  | 'transports'
  | 'transport_tables'
  | 'catch_all'
  | 'rewrites'
  | 'send_as'
  | 'discards'
  | 'refusals'
  | 'recipient_bcc'
  | 'forward_policies'
  | 'allow'
  | 'block'
  | 'certificates'
  | 'assertions'
  | 'verify_domains'
  | 'unverifiable_domains'

/** Sections that only keys of other modules have. */
type ForeignSection =
  | 'alias_records'
  | 'domain_aliases'
  | 'transport_tables'
  | 'verify_domains'
  | 'unverifiable_domains'

/** Sections that have a key of Waypost. */
export type OwnSection = Exclude<Section, ForeignSection>

export const NAMESPACE = 'mail::'

/** The sections of Waypost's keys in reading order: domains before addresses. */
export const ownSections: readonly OwnSection[] = [
  'domains',
  'alias_domains',
  'generic_domains',
  'users',
  'aliases',
  'forwards',
  'host_aliases',
  'transports',
  'catch_all',
  'rewrites',
  'send_as',
  'discards',
  'refusals',
  'recipient_bcc',
  'forward_policies',
  'allow',
  'block',
  'certificates',
  'assertions',
]

/** All sections in reading order. */
export const readingOrder: readonly Section[] = [
  'domains',
  'generic_domains',
  'alias_domains',
  'users',
  'aliases',
  'alias_records',
  'domain_aliases',
  'transport_tables',
  ...ownSections.slice(ownSections.indexOf('forwards')),
  'verify_domains',
  'unverifiable_domains',
]

/** Keys of other modules with the same meaning. Their levels merge deeply, as in those modules. */
export const foreignKeys: ReadonlyMap<string, Section> = new Map<string, Section>([
  ['mx.aliases', 'aliases'],
  ['mx::aliases', 'aliases'],
  ['postfix::virtual_aliases', 'aliases'],
  ['postfix::virtuals', 'aliases'],
  ['postfix::mailaliases', 'aliases'],
  ['mailalias', 'aliases'],
  ['mail_aliases', 'aliases'],
  ['mailing-lists', 'aliases'],
  ['etc_aliases__recipients', 'alias_records'],
  ['profile::mx::domain_aliases', 'domain_aliases'],
  ['profile::mx::domain_aliases_generic', 'generic_domains'],
  ['profile::mx::static_transport_maps', 'transport_tables'],
  ['profile::mx::dynamic_transport_maps', 'transport_tables'],
  ['relay_domains', 'domains'],
  ['recipient_discards', 'discards'],
  ['verify_domains', 'verify_domains'],
  ['unverifiable_domains', 'unverifiable_domains'],
])

export const foreignMerge: MergeOptions = { strategy: 'deep' }

/** Settings of other programs in such files: ignored, with a warning that names the setting to use here. */
export const unusedKeys: ReadonlyMap<string, string> = new Map([
  ['mta_mode', 'set "role:" in the node\'s YAML'],
  ['plain_auth_logins', 'put logins into the passwd-file of "users:" in the node\'s YAML (waypost passwd)'],
  [
    'trusted_networks',
    'an IP address does not authorise sending: list fleet nodes under "peers:", machines with their certificates under "machines:"',
  ],
  ['signing_table', 'each domain of ours with a key under "dkim:" in the node\'s YAML is signed'],
  ['key_table', 'put keys under "dkim:" in the node\'s YAML'],
])

/** The section of a key of Waypost, with or without namespace; null for other keys. */
export function ownSection(key: string): OwnSection | null {
  const name = key.startsWith(NAMESPACE) ? key.slice(NAMESPACE.length) : key
  return ownSections.find((section) => section === name) ?? null
}

/** The most similar known key, for "did you mean"; null if none is similar. */
export function nearestKey(key: string): string | null {
  const name = key.toLowerCase().replace(/^mail:+/, '')
  const ranked = ownSections
    .map((section) => ({ section, distance: editDistance(name, section) }))
    .toSorted((a, b) => a.distance - b.distance)
  const best = ranked[0]
  return best && best.distance <= Math.max(2, name.length / 3) ? best.section : null
}
