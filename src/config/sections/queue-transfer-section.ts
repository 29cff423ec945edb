// The listener that accepts the queues of other nodes (`waypost queue drain --to`).

import { z } from 'zod'
import { plainSection } from '../section.ts'
import { bindAddress, text } from '../values.ts'

export const queue_transfer = plainSection(
  z
    .strictObject({
      listen: bindAddress.describe('Address and port of the HTTPS listener; both nodes authenticate by certificate.'),
      peers: z
        .array(text('a role of peers'))
        .min(1, { error: 'at least one role of peers' })
        .optional()
        .describe('Roles of the peers that may transfer their queue; default: every peer with a fingerprint.'),
    })
    .optional()
    .describe('Transfer of queues from other nodes to this one (`waypost queue drain --to`).'),
)
