// Config → the settings of the router, of SRS and of its token store.

import { addressKey, parseAddress } from '../directory/address.ts'
import type { MachineSenders, RouterSettings } from '../route/router-settings.ts'
import type { TokenStore } from '../route/srs/srs-token.ts'
import type { Config } from '../config/config.ts'
import type { SrsConfig } from '../config/sections/srs-section.ts'
import type { SrsSettings } from '../route/srs/srs.ts'
import type { ShortHashes } from '../route/srs/srs-hash.ts'
import type { TokenSettings } from '../route/srs/token-database.ts'
import { earlierTokensPath, tokenDatabasePath } from './node-paths.ts'

export interface RouterParts {
  readonly machines: readonly MachineSenders[]
  readonly appSenders: NonNullable<RouterSettings['appSenders']>
  /** Stores senders that are too long for SRS; null where nothing may be stored. */
  readonly tokens: TokenStore | null
  readonly shortHashes: ShortHashes | null
}

const DAY_MS = 86_400_000

/** @param shortHashes those of an earlier length that are still accepted; null if there are none */
export function srsSettings(srs: SrsConfig, shortHashes: ShortHashes | null): SrsSettings {
  return {
    domain: srs.domain,
    formerDomains: srs.former_domains,
    secrets: srs.secrets,
    maxAgeDays: days(srs.max_age),
    hashLength: srs.hash_length,
    ...(srs.hash_minimum === undefined ? {} : { hashMinimum: srs.hash_minimum }),
    ...(shortHashes ? { shortHashes } : {}),
  }
}

/** The store of senders that are too long for SRS; null if the role does not rewrite senders. */
export function tokenSettings(config: Config): Omit<TokenSettings, 'capacity'> | null {
  if (!config.role.srs.rewrite || !config.srs) return null
  const maxAgeDays = days(config.srs.max_age)
  return { path: tokenDatabasePath(config), earlierPath: earlierTokensPath(config), maxAgeDays }
}

export function routerSettings(config: Config, parts: RouterParts): RouterSettings {
  // The previous node has resolved the recipient and made the copies, and its data may be newer.
  const behind = config.role.checks.includes('peer-results')
  const { recipients, srs } = config.role
  return {
    own: recipients.own === 'resolve' ? 'resolve' : 'relay-to-mx',
    forwards: recipients.forwards,
    // DSNs of this node may go to any domain.
    relayFor: [...new Set([...recipients.relay, 'local' as const])],
    ...nextHops(config),
    copies: !behind,
    unknownFromPeer: behind ? 'defer' : 'refuse',
    ...(config.srs === null
      ? {}
      : {
          srs: {
            ...srsSettings(config.srs, parts.shortHashes),
            reverse: srs.reverse,
            rewrite: srs.rewrite,
            ...(parts.tokens ? { tokens: parts.tokens } : {}),
          },
        }),
    postmaster: config.postmaster,
    ...reportAddresses(config),
    ...probeAddress(config),
    machines: parts.machines,
    appSenders: parts.appSenders,
  }
}

function reportAddresses({ reports }: Config): Pick<RouterSettings, 'reports'> {
  if (reports === null) return {}
  const keys = reports.addresses.flatMap((one) => parseAddress(one) ?? []).map(addressKey)
  const forwardTo = reports.forward_to === undefined ? null : parseAddress(reports.forward_to)
  return { reports: { addresses: new Set(keys), forwardTo } }
}

function probeAddress({ probe }: Config): Pick<RouterSettings, 'probe'> {
  const address = probe === null ? null : parseAddress(probe.address)
  return address === null ? {} : { probe: addressKey(address) }
}

/** A client host sends everything to the mta nodes. */
function nextHops({ role, smarthost }: Config): Pick<RouterSettings, 'nextHops'> {
  if (role.recipients.own === 'relay-to-mta') return { nextHops: { own: MTA_PEERS, world: MTA_PEERS } }
  return smarthost === undefined ? {} : { nextHops: { world: smarthost } }
}

const MTA_PEERS = 'peers:mta'

function days(ms: number): number {
  return Math.round(ms / DAY_MS)
}
