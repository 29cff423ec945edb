// `dns`: the resolvers that the node asks.

import { z } from 'zod'
import { plainSection } from '../section.ts'
import { duration, serverAddress } from '../values.ts'

export const dns = plainSection(
  z
    .strictObject({
      servers: z
        .array(serverAddress)
        .min(1)
        .optional()
        .describe('Validating resolvers; default: the resolvers of the system.'),
      timeout: duration.prefault('5s').describe('Time limit of one query to one server.'),
    })
    .prefault({})
    .describe('DNS resolvers.'),
)
