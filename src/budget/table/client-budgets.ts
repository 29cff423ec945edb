// What strangers use up in the course of time: messages, recipients, octets, errors. policy/client-rates.ts applies the shares of sites and
// of all clients.

import type { Budgeted } from '../budget.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const GIB = 1024 ** 3

/** A client can connect from any of its addresses, and a site has many clients. */
const PER = 'client; three times as many for its site, twenty times as many for all clients'
const KEYS = 50_000

export const clientBudgets = {
  clientMessages: {
    kind: 'rate',
    holds: 'Mail transactions that a stranger starts',
    per: PER,
    capacity: 5000,
    key: 'limits.messages_per_ip',
    halfLifeMs: 10 * MINUTE,
    keys: KEYS,
    answer: '`450 4.7.1` at MAIL',
    reason:
      'A list server sends 5000 members a message each at once, and then six a second. From half of what all clients have, the shares shrink to a tenth.',
  },
  clientRecipients: {
    kind: 'rate',
    holds: 'Recipients that a stranger names',
    per: PER,
    capacity: 20_000,
    key: 'limits.recipients_per_ip',
    halfLifeMs: 10 * MINUTE,
    keys: KEYS,
    answer: '`450 4.7.1` at RCPT',
    reason: 'Twenty transactions with the most recipients. The shares shrink as those of `clientMessages`.',
  },
  clientOctets: {
    kind: 'rate',
    unit: 'octets',
    holds: 'Octets of messages that a stranger sends, whole or not, accepted or not',
    per: PER,
    capacity: 2 * GIB,
    key: 'limits.octets_per_ip',
    halfLifeMs: 10 * MINUTE,
    keys: KEYS,
    answer: '`450 4.7.1` at MAIL',
    reason:
      'Forty messages of the largest size at once, then one in 20 seconds. The shares shrink as those of `clientMessages`.',
  },
  clientErrors: {
    kind: 'rate',
    holds: 'Negative replies that count as errors of a stranger',
    per: PER,
    capacity: 400,
    key: 'limits.errors_per_ip',
    halfLifeMs: 10 * MINUTE,
    keys: KEYS,
    answer: '`421 4.7.0` at the connection; from a quarter on, each further error is delayed',
    reason:
      'A session ends after twenty errors, so this is twenty such sessions. A list server with stale addresses gets two errors for each message. The shares shrink as those of `clientMessages`.',
  },
  unknownRecipients: {
    kind: 'rate',
    holds: 'Addresses that do not exist and that a stranger names',
    per: PER,
    capacity: 20,
    key: 'limits.unknown_recipients_per_ip',
    halfLifeMs: HOUR,
    keys: KEYS,
    answer:
      '`450 4.7.1` for every recipient, whether the address exists or not, if they are more than the existing ones of accepted messages, or ten times this number',
    reason:
      'A client that collects addresses gets 14 answers an hour. A list server with stale addresses has more that exist. Above the limit of all clients, a client that delivered nothing lately has a tenth of its share.',
  },
  knownRecipients: {
    kind: 'rate',
    holds: 'Existing recipients of accepted messages, against which `unknownRecipients` is measured',
    per: 'client, site, all clients',
    capacity: 1_000_000,
    halfLifeMs: 24 * HOUR,
    keys: KEYS,
    answer: 'none: it is only counted',
    reason: 'A day, so that a client that delivers mail each night keeps its good name.',
  },
} as const satisfies Budgeted
