// What the client says and shows of itself: its confirmed name and HELO.

import { isIP } from 'node:net'
import type { SpamRequest } from '../../filter/spam-scan.ts'
import type { Evidence } from '../evidence.ts'
import { observedIf } from './observe.ts'

export interface OwnHost {
  readonly hostname: string
  /** True for a domain of ours. */
  readonly isOurs: (domain: string) => boolean
}

/** Nothing for messages that the node created. */
export function clientEvidence(
  { remoteIp, remoteName, helo }: Pick<SpamRequest, 'remoteIp' | 'remoteName' | 'helo'>,
  own: OwnHost,
): readonly Evidence[] {
  if (remoteIp === null) return []
  const name = (helo ?? '').toLowerCase().replace(/\.$/, '')
  const isAddress = name.startsWith('[') || isIP(name) !== 0
  return observedIf(
    ['NO_CLIENT_NAME', remoteName === null, remoteIp],
    ['HELO_ADDRESS', isAddress, name],
    ['HELO_NO_DOMAIN', !isAddress && !name.includes('.'), name],
    ['HELO_OURS', !isAddress && (name === own.hostname.toLowerCase() || own.isOurs(name)), name],
  )
}
