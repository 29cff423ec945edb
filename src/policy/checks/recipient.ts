// One RCPT: routing's answer, held against where mail of this node may leave to.

import type { Resolution, Router } from '../../route/resolution.ts'
import { parseNextHop } from '../../smtp/nexthop.ts'
import type { Origin } from '../../smtp/origin.ts'
import { refusal } from '../../smtp/reply.ts'
import { accept, refuse } from '../verdict.ts'
import type { Verdict } from '../verdict.ts'

export interface RecipientRequest {
  readonly forwardPath: string
  readonly reversePath: string | null
  readonly origin: Origin
  readonly at: number
}

export interface RecipientSettings {
  readonly router: Router
  /** The role's `internet`. */
  readonly internet: 'always' | 'bounces' | 'never'
}

export type RecipientVerdict = Verdict & { readonly resolution?: Resolution }

/** Resolves a forward-path and refuses what cannot or must not be sent. */
export async function checkRecipient(
  settings: RecipientSettings,
  request: RecipientRequest,
): Promise<RecipientVerdict> {
  const resolution = await settings.router.resolve(request)
  switch (resolution.kind) {
    case 'refused':
    case 'unavailable':
      return refuse(resolution.reply)
    case 'discard':
      return { ...accept, resolution }
    case 'destinations':
      return leaves(settings.internet, request, resolution) ?? { ...accept, resolution }
  }
}

/** A destination on the internet that this role must not send to is our mistake, not the sender's: 451, so that it can be mended. */
function leaves(
  internet: RecipientSettings['internet'],
  request: RecipientRequest,
  resolution: Resolution & { kind: 'destinations' },
): Verdict | null {
  if (internet === 'always' || (internet === 'bounces' && request.reversePath === null)) return null
  const stray = resolution.destinations.find((one) => parseNextHop(one.nextHop)?.kind === 'mx')
  if (!stray) return null
  return refuse(
    refusal(
      451,
      '4.3.5',
      'Routing of this address is misconfigured here',
      `${request.forwardPath} resolves to ${stray.recipient} by ${stray.nextHop}, but this role sends nothing to the internet`,
    ),
  )
}
