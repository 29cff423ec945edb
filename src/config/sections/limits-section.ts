// `limits`: what clients may use.

import { z } from 'zod'
import { plainSection } from '../section.ts'
import { count, duration, size } from '../values.ts'

export const limits = plainSection(
  z
    .strictObject({
      message_size: size.prefault('50M').describe('Maximum size of a message.'),
      recipients: count('a whole number from 1').default(1000).describe('Maximum forward-paths of a transaction.'),
      connections: count('a whole number from 1')
        .default(1000)
        .describe('Maximum sessions of a listener. 40 % more can wait for a certificate, a login or their first MAIL.'),
      connections_per_ip: count('a whole number from 1')
        .default(50)
        .describe('Maximum sessions of one client address.'),
      command_timeout: duration
        .prefault('5m')
        .describe('Time limit for the next command, and for the next data of a message (RFC 5321 4.5.3.2.7).'),
    })
    .prefault({})
    .describe('Limits of clients.'),
)
