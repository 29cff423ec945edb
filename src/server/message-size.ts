// The size limit of a session (RFC 1870): announced at EHLO, checked at MAIL and in DATA.

import { HOP_OCTETS } from '../message/header-limits.ts'
import type { Session } from '../smtp/session.ts'
import type { ServerLimits } from './server-limits.ts'

/** Octets. A fleet node may exceed the limit by the trace fields that it added, or it could accept messages that it cannot relay. */
export function messageSizeOf(limits: Pick<ServerLimits, 'messageSize'>, { origin }: Pick<Session, 'origin'>): number {
  return limits.messageSize + (origin?.kind === 'peer' ? HOP_OCTETS : 0)
}
