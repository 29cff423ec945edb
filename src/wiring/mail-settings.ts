// Config → the settings of intake and bounce.

import type { BounceSettings } from '../bounce/bounce-settings.ts'
import { BOUNCE_SIZE_LIMIT, DEFAULT_FROM_NAME } from '../bounce/bounce-settings.ts'
import type { Config } from '../config/config.ts'
import type { EditSettings } from '../intake/edit-header.ts'
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
    envelopes: envelopeSettings(config),
    forwards: buildForwardPolicy(config, data),
    ...sealSettings(config),
  }
}

export function editSettings(config: Config): EditSettings {
  const { add_missing, hide_client } = config.role.headers
  return { hostname: config.hostname, authservId: config.authserv_id, complete: add_missing, hideClient: hide_client }
}

/** Every name that the node may use in EHLO. */
export function envelopeSettings({ authserv_id, hostname, delivery }: Config): EnvelopeSettings {
  const helo = [delivery.helo, ...Object.values(delivery.destinations).map((one) => one.helo)]
  const heloNames = [hostname, ...helo.flatMap((one) => [one?.ipv4, one?.ipv6].filter((name) => name !== undefined))]
  return { authservId: authserv_id, heloNames: [...new Set(heloNames)] }
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
