// The bytes of a claimed message as the transport wants them.

import type { Readable } from 'node:stream'
import type { Claim, StoredBody } from '../../queue/contract/queue.ts'
import type { TransportContent } from '../smtp-client/transport.ts'

export type OpenBody = (body: StoredBody) => Readable

export function contentOf(claim: Claim, openBody: OpenBody): TransportContent {
  const { header, body } = claim.message
  return {
    header,
    inline: body.kind === 'inline' ? body.bytes : null,
    bodySize: body.kind === 'inline' ? body.bytes.length : body.size,
    open: () => openBody(body),
  }
}
