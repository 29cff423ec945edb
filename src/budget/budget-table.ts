// Every pool that strangers can fill, in one table: what it holds, how much, whose share is how large, and what is answered at the limit.
// docs/limits.md, the metrics and the health of budgets are made from it. Modules open their pools by name with `Budgets`.

/**
 * For whom or what a unit is taken, most important first. A ceiling keeps part of a pool free for what comes before. `known`: another party
 * that was seen to work lately, such as a destination that accepted mail.
 */
export const purposes = ['delivery', 'fleet', 'known', 'people', 'internet', 'optional'] as const
export type Purpose = (typeof purposes)[number]

interface Described {
  /** One sentence for the page: what one unit is. */
  readonly holds: string
  /** What is answered, or happens, at the limit. Never a permanent refusal. */
  readonly answer: string
  /** Why the numbers are these. */
  readonly reason: string
}

/** Units that are held for a time, such as sessions. */
export interface PoolBudget extends Described {
  readonly kind: 'pool'
  /** What a unit is, if not one holder's place. */
  readonly unit?: 'octets'
  /** Units that all holders together can have. */
  readonly capacity: number
  /** The YAML key that changes the capacity. */
  readonly key?: string
  /** Units that one IPv4 address or IPv6 /64 can have. */
  readonly client?: number
  /** The YAML key that changes the share of a client. */
  readonly clientKey?: string
  /** Units that one IPv4 /24 or IPv6 /48 can have. */
  readonly network?: number
  /** Units that one account can have. */
  readonly account?: number
  /** Units that one mail transaction can have. */
  readonly transaction?: number
  /** Units that one DNS zone can have. */
  readonly zone?: number
  /** Part of the capacity, 0 to 1, above which a purpose gets no more units; 1 if absent. */
  readonly ceilings?: Partial<Readonly<Record<Purpose, number>>>
  /** Part of the capacity, 0 to 1, that all holders of a purpose together can have; 1 if absent. */
  readonly portions?: Partial<Readonly<Record<Purpose, number>>>
  /** What finds no place waits in a queue of its kind, so that a full pool is no matter of health. */
  readonly waits?: true
}

/** Units that are used up and come back with time, such as wrong guesses: the count of each key halves in `halfLifeMs`. */
export interface RateBudget extends Described {
  readonly kind: 'rate'
  /** What is counted separately, such as "a client network". */
  readonly per: string
  /** Units that one key can have. */
  readonly capacity: number
  readonly halfLifeMs: number
  /** Keys that are remembered. Beyond it, those with the lowest counts are forgotten. */
  readonly keys: number
}

export type Budget = PoolBudget | RateBudget

const MINUTE = 60_000
const MIB = 1024 ** 2
const GIB = 1024 * MIB

export const budgetTable = {
  sessions: {
    kind: 'pool',
    holds: 'Open SMTP sessions of a listener',
    capacity: 1000,
    key: 'limits.connections',
    client: 50,
    clientKey: 'limits.connections_per_ip',
    answer: '`421 4.7.0`',
    reason: 'A session takes about 30 KiB, and up to 64 KiB for its message; the share of a client is that of Postfix.',
  },
  spoolOctets: {
    kind: 'pool',
    unit: 'octets',
    holds: 'Octets of arriving bodies above 128 KiB, on disk',
    capacity: 4 * GIB,
    client: 2 * GIB,
    network: 2 * GIB,
    account: 2 * GIB,
    ceilings: { internet: 0.75, people: 0.9 },
    answer: '`452 4.3.1`',
    reason:
      'On a smaller disk the capacity is what is free above `queue.min_free`, and the shares are the same parts of it: one client can fill half. Delivery needs the reserve to record its results.',
  },
  messageMemory: {
    kind: 'pool',
    unit: 'octets',
    holds: 'Octets of arriving messages in memory beyond 64 KiB each: header sections, and bodies up to 128 KiB',
    capacity: 96 * MIB,
    client: 8 * MIB,
    network: 16 * MIB,
    account: 16 * MIB,
    ceilings: { internet: 0.75, people: 0.9 },
    answer: '`452 4.3.1` for a long header section; a body goes to disk at once',
    reason:
      'A thousand sessions could else keep 384 KiB each. The first 64 KiB need no place, so that usual mail gets in.',
  },
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
    holds: 'Destinations computed for a client',
    per: 'client or account',
    capacity: 50_000,
    halfLifeMs: MINUTE,
    keys: 50_000,
    answer: '`450 4.7.1` for recipients',
    reason:
      'A destination takes about 20 µs, so a client gets one second of processor time, then less than that each minute.',
  },
  verifications: {
    kind: 'pool',
    holds: 'Messages whose SPF, DKIM, DMARC and ARC are verified',
    capacity: 600,
    client: 50,
    network: 100,
    answer: '`451 4.3.2`',
    reason:
      'One waits for DNS most of the time and holds its header section in memory, at most 136 KiB. The share of a client is that of its sessions.',
  },
  longVerifications: {
    kind: 'rate',
    holds: 'Milliseconds of verifications that take more than 3 ms',
    per: 'client',
    capacity: 2000,
    halfLifeMs: MINUTE,
    keys: 50_000,
    answer: 'verified in the second thread',
    reason: 'A message with ten signatures can take 100 ms; a client that sends many of them delays no usual mail.',
  },
  deliverySlots: {
    kind: 'pool',
    holds:
      'Delivery attempts: `known` to destinations that worked lately, `internet` to others, `fleet` to peers and configured next hops',
    capacity: 200,
    key: 'delivery.concurrency',
    ceilings: { known: 0.9, internet: 0.9 },
    portions: { known: 0.8, internet: 0.5 },
    waits: true,
    answer: 'mail waits in the queue',
    reason:
      'Destinations that never reply fill at most the half for unknown ones; destinations that work, new destinations and the fleet each keep a part.',
  },
  deliveryReports: {
    kind: 'pool',
    holds: 'Delivery attempts of null-sender mail to destinations that are not known to work',
    capacity: 50,
    key: 'delivery.concurrency',
    waits: true,
    answer: 'mail waits in the queue',
    reason:
      'A stranger chooses where a report goes, but not where other mail does. A quarter of the slots, so that mail to new destinations keeps a quarter too.',
  },
  deliveryHosts: {
    kind: 'pool',
    holds: 'Connections to mail hosts on the internet, by the address and network of the host',
    capacity: 200,
    key: 'delivery.concurrency',
    client: 10,
    network: 20,
    waits: true,
    answer: 'mail waits in the queue',
    reason:
      'Many domains can have one mail host. The shares grow by one with each quick reply, up to a quarter and a half of the capacity, and halve when a host keeps a connection without a result. `concurrency` of an entry in `delivery.destinations` replaces them.',
  },
  dnsQuestions: {
    kind: 'pool',
    holds: 'Open DNS questions, each of which has a socket',
    capacity: 256,
    client: 8,
    network: 24,
    zone: 48,
    // `people`: the policies of author domains. Above them is a part for delivery and for the node itself.
    ceilings: { optional: 0.4, internet: 0.75, people: 0.85, delivery: 0.95 },
    waits: true,
    answer: 'the question waits (`dnsWaiting`)',
    reason:
      'Common resolvers work on 150 to 1024 questions at a time. With eight, a client that resolves in 50 ms asks 160 a second, and twenty clients with silent name servers fill less than the part for the internet.',
  },
  dnsWaiting: {
    kind: 'pool',
    holds: 'DNS questions that wait for a place, for at most five seconds',
    capacity: 1024,
    client: 64,
    network: 128,
    ceilings: { optional: 0.4, internet: 0.75, people: 0.85, delivery: 0.95 },
    answer: 'the look-up is unavailable, which defers what depends on it',
    reason: 'Four for each place: more would not be asked within their time.',
  },
  transferConnections: {
    kind: 'pool',
    holds: 'Connections to the queue-transfer listener',
    capacity: 400,
    client: 40,
    network: 40,
    account: 64,
    ceilings: { internet: 0.5 },
    answer: 'The connection is closed; a new stranger replaces the oldest one',
    reason:
      'A drain opens 32 connections. A client is a stranger for at most 10 s, until its certificate proves a peer; half of the places are for peers.',
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
  passwordChecks: {
    kind: 'pool',
    holds: 'Passwords that are checked or wait for it',
    capacity: 128,
    client: 16,
    network: 32,
    account: 8,
    ceilings: { internet: 0.5 },
    answer: '`454 4.7.0`',
    reason:
      'With 50 ms for each hash on two threads, the last waits three seconds. Half is for clients from which the account has logged in before.',
  },
  failedLoginsOfPair: {
    kind: 'rate',
    holds: 'Failed logins of an account from a client from which it has logged in before',
    per: 'client and account',
    capacity: 20,
    halfLifeMs: 10 * MINUTE,
    keys: 100_000,
    answer: '`454 4.7.0`',
    reason: 'A user mistypes a few times; a mail program with an old password fails more often.',
  },
  failedLoginsOfClient: {
    kind: 'rate',
    holds: 'Failed logins from a client',
    per: 'client',
    capacity: 20,
    halfLifeMs: 10 * MINUTE,
    keys: 100_000,
    answer: '`454 4.7.0`, except for accounts that have logged in from it before',
    reason: 'As for the pair. 100 000 keys take some tens of megabytes under a distributed attack.',
  },
  failedLoginsOfSite: {
    kind: 'rate',
    holds: 'Failed logins from a site (IPv4 /24, IPv6 /48)',
    per: 'site',
    capacity: 100,
    halfLifeMs: 10 * MINUTE,
    keys: 100_000,
    answer: '`454 4.7.0`, except for accounts that have logged in from the client before',
    reason:
      'A /48 has 65 536 clients; without this limit each has its own guesses. A site with many users stays below it.',
  },
  failedLoginsOfAccount: {
    kind: 'rate',
    holds: 'Failed logins of an account from clients from which it has not logged in before',
    per: 'account',
    capacity: 30,
    halfLifeMs: 10 * MINUTE,
    keys: 100_000,
    answer: '`454 4.7.0`, except from clients from which the account has logged in before',
    reason: 'Guesses at one account from many networks. It takes more than five sites to reach it.',
  },
  accountFailuresOfSite: {
    kind: 'rate',
    holds: 'Failures that one site adds to the count of an account',
    per: 'site and account',
    capacity: 5,
    halfLifeMs: 10 * MINUTE,
    keys: 100_000,
    answer: 'further failures count for the client and the site only',
    reason: 'One or two networks must not lock an account out everywhere.',
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
    answer: '`450 4.7.1` for forwards',
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
} as const satisfies Readonly<Record<string, Budget>>

type Named<Kind extends Budget['kind']> = {
  [Name in keyof typeof budgetTable]: (typeof budgetTable)[Name] extends { kind: Kind } ? Name : never
}[keyof typeof budgetTable]

export type BudgetName = keyof typeof budgetTable
export type PoolName = Named<'pool'>
export type RateName = Named<'rate'>
