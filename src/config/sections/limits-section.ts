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
      messages_per_ip: count('a whole number from 1')
        .default(5000)
        .describe('Mail transactions that a client without a login can start. The count halves every ten minutes.'),
      recipients_per_ip: count('a whole number from 1')
        .default(20_000)
        .describe('Recipients that a client without a login can name. The count halves every ten minutes.'),
      octets_per_ip: size
        .prefault('2GiB')
        .describe('Octets of messages of a client without a login. The count halves every ten minutes.'),
      errors_per_ip: count('a whole number from 1')
        .default(400)
        .describe('Errors of a client without a login. The count halves every ten minutes.'),
      unknown_recipients_per_ip: count('a whole number from 1')
        .default(20)
        .describe('Unknown recipients that a client without a login can name. The count halves every hour.'),
      command_timeout: duration
        .prefault('5m')
        .describe('Time limit for the next command, and for the next data of a message (RFC 5321 4.5.3.2.7).'),
    })
    .prefault({})
    .describe('Limits of clients.'),
)
