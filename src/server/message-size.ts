// The largest message of a session (RFC 1870): announced at EHLO, asked at MAIL, held in DATA.

import { HOP_OCTETS } from '../message/header-limits.ts'
import type { Session } from '../smtp/session.ts'
import type { ServerLimits } from './server-limits.ts'

/** Octets. A node of ours may bring what it accepted within the same limit, with what it put on top. */
export function messageSizeOf(limits: Pick<ServerLimits, 'messageSize'>, { origin }: Pick<Session, 'origin'>): number {
  return limits.messageSize + (origin?.kind === 'peer' ? HOP_OCTETS : 0)
}
