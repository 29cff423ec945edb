// Resolution of recipients, SRS addresses and SRS tokens.

import type { Budgeted } from '../budget.ts'

const MINUTE = 60_000

export const routingBudgets = {
  destinations: {
    kind: 'pool',
    holds: 'Destinations of the recipients of open mail transactions',
    capacity: 100_000,
    client: 10_000,
    network: 20_000,
    account: 10_000,
    transaction: 2000,
    ceilings: { internet: 0.7 },
    answer: '`452 4.5.3` for the other recipients of a transaction, `451 4.3.2` for the other limits',
    reason:
      'A destination takes up to 1 KiB until the end of its transaction. The largest alias has 1000 members, so that a first recipient and as many others fit.',
  },
  resolutionWork: {
    kind: 'rate',
    holds: 'Destinations computed for a client; five addresses that lead to no new one count as one',
    per: 'client or account',
    capacity: 50_000,
    halfLifeMs: MINUTE,
    keys: 50_000,
    answer: '`450 4.7.1` for recipients',
    reason:
      'A destination takes about 20 µs, so a client gets one second of processor time, then less than that each minute.',
  },
  srsGuesses: {
    kind: 'rate',
    holds: 'SRS addresses with a wrong hash that were presented',
    per: 'client',
    capacity: 20,
    halfLifeMs: 60 * MINUTE,
    keys: 50_000,
    answer: '`450 4.7.1` for SRS addresses',
    reason: 'Bounces to damaged addresses come one at a time; 50 000 clients take some megabytes.',
  },
  allSrsGuesses: {
    kind: 'rate',
    holds: 'SRS addresses with a wrong hash that all clients together presented',
    per: 'node',
    capacity: 200,
    halfLifeMs: 10 * MINUTE,
    keys: 1,
    answer:
      '`450 4.7.1` for SRS addresses, except from clients that delivered bounces before, and from hosts whose name is confirmed and that did not guess',
    reason:
      'A stranger with many networks gets 20 000 guesses a day. For a hash of 8 characters a hit takes 100 000 years, for the 4 of other programs some weeks.',
  },
  srsTokens: {
    kind: 'pool',
    holds: 'Senders that are too long for SRS, stored on the srs node until their addresses expire',
    capacity: 1_000_000,
    answer: '`451 4.3.0`, only if all were used in the last six hours; else the one used longest ago gives way',
    reason:
      'A million tokens take some 200 MB of disk: 45 000 new senders a day for 22 days. See [SRS](reference/srs.md#tokens).',
  },
  srsTokenSites: {
    kind: 'rate',
    holds: 'Messages to forwards with a sender that is too long for SRS',
    per: 'site (IPv4 /24, IPv6 /48)',
    capacity: 1000,
    halfLifeMs: 60 * MINUTE,
    keys: 50_000,
    answer: '`450 4.7.1` for forwards',
    reason: 'A site gets 16 600 tokens a day: more than a large list, less than the store holds for three weeks.',
  },
  srsTokenDomains: {
    kind: 'rate',
    holds: 'Messages to forwards with a sender of a domain that is too long for SRS',
    per: 'sender domain',
    capacity: 2000,
    halfLifeMs: 60 * MINUTE,
    keys: 50_000,
    answer: '`450 4.7.1` for forwards, to sites with more than 100 in the last hours',
    reason: 'A large sender of bulk mail sends from several sites; its domain gets 33 000 tokens a day.',
  },
  srsBounces: {
    kind: 'rate',
    holds: 'Bounces to an SRS address',
    per: 'SRS address',
    capacity: 50,
    halfLifeMs: 60 * MINUTE,
    keys: 50_000,
    answer: '`450 4.7.1` after the data',
    reason:
      'A sender gets 50 bounces of a message at once and 35 an hour, those of a group of 1000 dead members within a day. A stranger who knows the address can send no more than that.',
  },
  srsTargets: {
    kind: 'rate',
    holds: 'Bounces to a sender, by all of its SRS addresses',
    per: 'original sender',
    capacity: 100,
    halfLifeMs: 60 * MINUTE,
    keys: 50_000,
    answer: '`450 4.7.1` after the data',
    reason: 'A sender has another SRS address each day. Senders of bulk mail have another address for each message.',
  },
} as const satisfies Budgeted
