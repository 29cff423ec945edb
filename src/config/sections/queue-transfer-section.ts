// The listener that accepts the queues of other nodes (`waypost queue drain --to`).

import { z } from 'zod'
import { plainSection } from '../section.ts'
import { bindAddress, text } from '../values.ts'

export const queue_transfer = plainSection(
  z
    .strictObject({
      listen: bindAddress.describe(
        'Address and port of the HTTPS listener, also for `fleet_view`; both nodes authenticate by certificate.',
      ),
      peers: z
        .array(text('a role of peers, or the host of a peer'))
        .default([])
        .describe('The peers that may transfer their queue: roles of `peers`, or single hosts of them.'),
    })
    .optional()
    .describe('Transfer of queues from other nodes to this one (`waypost queue drain --to`).'),
)
