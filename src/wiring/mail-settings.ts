// Config → the settings of intake and bounce.

import { isIP } from 'node:net'
import type { BounceSettings } from '../bounce/bounce-settings.ts'
import { BOUNCE_SIZE_LIMIT, DEFAULT_FROM_NAME } from '../bounce/bounce-settings.ts'
import type { Config } from '../config/config.ts'
import type { EditSettings } from '../intake/edit-header.ts'
import type { QuarantineSettings } from '../intake/quarantine.ts'
import type { IntakeSettings } from '../intake/ports.ts'
import type { EnvelopeSettings } from '../intake/safe-envelopes.ts'
import type { LoopSettings } from '../intake/forward-loop.ts'
import type { Router } from '../route/resolution.ts'
import type { Signer } from '../dkim/signer.ts'
import { buildForwardPolicy, sealSettings } from './forward-settings.ts'

/** The routing data and keys that intake uses. */
export interface IntakeData {
  readonly router: Router
  readonly signer: Signer
  readonly loop: LoopSettings
}

export function intakeSettings(config: Config, data: IntakeData): IntakeSettings {
  return {
    edit: editSettings(config),
    sign: config.role.sign,
    expanded: config.bounce.dsn_expanded,
    loop: data.loop,
    ...envelopeSettings(config),
    forwards: buildForwardPolicy(config, data),
    ...sealSettings(config),
  }
}

export function quarantineSettings({ queue: { quarantine } }: Config): QuarantineSettings {
  return { keepMs: quarantine.keep, messages: quarantine.messages, octets: quarantine.size }
}

export function editSettings(config: Config): EditSettings {
  const { add_missing, hide_client } = config.role.headers
  return { hostname: config.hostname, authservId: config.authserv_id, complete: add_missing, hideClient: hide_client }
}

/**
 * For every node that carries mail of the internet. Other nodes send what their own clients and peers wrote: a role that only relays for
 * peers sees no results, and needs none.
 */
export function envelopeSettings(config: Config): Pick<IntakeSettings, 'envelopes'> {
  const { role, listeners } = config
  const carriesInternet =
    role.srs.rewrite ||
    role.checks.includes('peer-results') ||
    listeners.some(({ admit }) => admit.includes('internet'))
  if (!carriesInternet) return {}
  const srsDomain = config.srs?.domain ?? null
  const own = heloNames(config)
  const known = (config.peers.srs ?? []).map(({ name, host }) => name ?? host).filter((one) => isIP(one) === 0)
  // Nodes of a fleet that are known by addresses only have names like ours: to guess the refusal is safer than to learn it after the 250.
  const forwarders = known.length > 0 ? known : own
  return { envelopes: { authservId: config.authserv_id, heloNames: own, srsDomain, forwarders } }
}

/** Every name that the node may use in EHLO. */
function heloNames({ hostname, delivery }: Config): EnvelopeSettings['heloNames'] {
  const helo = [delivery.helo, ...Object.values(delivery.destinations).map((one) => one.helo)]
  const names = helo.flatMap((one) => [one?.ipv4, one?.ipv6].filter((name) => name !== undefined))
  return [...new Set([hostname, ...names])]
}

export function bounceSettings(config: Config): BounceSettings {
  return {
    hostname: config.hostname,
    from: config.postmaster,
    fromName: DEFAULT_FROM_NAME,
    sizeLimit: BOUNCE_SIZE_LIMIT,
    copyTo: config.bounce.copy_to ?? null,
    doubleBouncesTo: config.bounce.double_bounces_to ?? null,
  }
}
