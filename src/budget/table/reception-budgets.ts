// Sessions, arriving messages, and the lines that refused clients cause.

import type { Budgeted } from '../budget.ts'

const MINUTE = 60_000
const MIB = 1024 ** 2
const GIB = 1024 ** 3

export const receptionBudgets = {
  sessions: {
    kind: 'pool',
    holds:
      'Open SMTP sessions of a listener: `fleet` by address or certificate, `people` by login, certificate or from this host, `internet` from the first accepted MAIL',
    capacity: 1000,
    key: 'limits.connections',
    client: 50,
    clientKey: 'limits.connections_per_ip',
    network: 100,
    ceilings: { internet: 0.75, people: 0.95 },
    answer: '`421 4.7.0`',
    reason:
      'A session takes about 30 KiB, and up to 64 KiB for its message; the share of a client is that of Postfix. From half full on, the shares of strangers shrink to a quarter, and their time limits too. The fleet has no shares, people none by network.',
  },
  unprovenSessions: {
    kind: 'pool',
    holds: 'Connections to a listener without a proof: before a certificate, a login or an accepted MAIL',
    capacity: 400,
    key: 'limits.connections',
    client: 50,
    clientKey: 'limits.connections_per_ip',
    network: 100,
    answer: '`421 4.7.0`',
    reason:
      'A connection is here for a second or two, at most two minutes and ten seconds in a full pool. The capacity is 40 % of the sessions. From half full on, the share of a client shrinks to a tenth; on listeners for peers and machines it is a tenth from the start, and at most 20 seconds.',
  },
  proxyHeaders: {
    kind: 'pool',
    holds: 'Connections of a load balancer (`listen.….proxy`) whose PROXY header has not arrived',
    capacity: 1000,
    client: 500,
    network: 1000,
    answer: 'The connection is closed',
    reason:
      'A balancer sends the header when it connects, so a connection is here for milliseconds, at most five seconds. Then it takes a place of its client. One balancer that hangs leaves half of the places to the others.',
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
  verifications: {
    kind: 'pool',
    holds: 'Messages whose SPF, DKIM, DMARC and ARC are verified',
    capacity: 400,
    client: 50,
    network: 100,
    answer: '`451 4.3.2`',
    reason:
      'One waits for DNS most of the time and holds its header section in memory, at most 264 KiB. The share of a client is that of its sessions; from half full on it shrinks to a tenth, since strangers can make each verification wait for DNS.',
  },
  longVerifications: {
    kind: 'rate',
    holds: 'Milliseconds of verifications that take more than 3 ms',
    per: 'client',
    capacity: 2000,
    halfLifeMs: MINUTE,
    keys: 50_000,
    answer: 'verified in a thread for such clients',
    reason: 'A message with ten signatures can take 100 ms; a client that sends many of them delays no usual mail.',
  },
  virusScans: {
    kind: 'pool',
    holds: 'Messages that clamd scans, or that wait for it',
    capacity: 200,
    client: 50,
    network: 100,
    account: 50,
    ceilings: { internet: 0.75, people: 0.95 },
    answer: '`451 4.3.2`, also with `clamav.when_down: accept`',
    reason:
      'One holds a connection and up to 200 KiB of buffers. clamd scans ten at a time by default; if each takes a second, the last waits 20. The share of a client is that of its sessions; from half full on it shrinks to a tenth, since strangers can send what takes long to scan.',
  },
  runningVirusScans: {
    kind: 'pool',
    holds: 'Messages that clamd scans now',
    capacity: 200,
    client: 4,
    network: 8,
    account: 4,
    waits: true,
    answer: 'the message waits, at most `clamav.timeout`; then `451 4.3.2`',
    reason:
      'clamd has ten threads by default. A stranger whose messages take long to scan holds less than half of them; with 50 ms for each, four at a time are 80 messages a second.',
  },
  greylist: {
    kind: 'pool',
    holds: 'Entries of the greylist: mail that must come back, and mail that did',
    capacity: 500_000,
    network: 200,
    answer:
      'the mail passes. In a full table entries that have waited for six hours give way first. A network that has its share gets one entry for all of its mail',
    reason:
      'Half a million entries take some 150 MB of disk. An origin whose mail came back five times has one entry, so that honest networks need few. Strangers in 2500 networks switch greylisting off for six hours; mail is never refused for it.',
  },
  quarantined: {
    kind: 'rate',
    holds: 'Messages that go into quarantine',
    per: 'site',
    capacity: 50,
    halfLifeMs: 24 * 60 * MINUTE,
    keys: 50_000,
    answer: '`451 4.7.1`',
    reason:
      'The quarantine has `queue.quarantine.messages` places for two weeks. A site that sends suspicious mail without pause takes some 70 a day.',
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
  clientConnections: {
    kind: 'pool',
    holds: 'Connections of mail programs to the HTTPS listener of `autoconfig`',
    capacity: 100,
    client: 8,
    network: 32,
    answer: 'the connection is closed',
    reason: 'A program asks once, when an account is set up, and is disconnected after 10 s without a request.',
  },
  challengeConnections: {
    kind: 'pool',
    holds: 'Connections to the listener that answers the challenges of a certificate authority (`tls.acme.http`)',
    capacity: 50,
    client: 4,
    network: 8,
    answer: 'the connection is closed',
    reason:
      'The listener runs only during an order, some minutes in two months. The authority asks from a few networks.',
  },
  clientRequests: {
    kind: 'rate',
    holds: 'Requests to the HTTPS listener of `autoconfig`',
    per: 'client',
    capacity: 60,
    halfLifeMs: MINUTE,
    keys: 10_000,
    answer: '`429` with Retry-After',
    reason: 'A program asks some five times. A profile is signed for each request, which takes a millisecond.',
  },
  ledgerRejections: {
    kind: 'rate',
    holds: 'Refusals that the ledger records',
    per: 'client',
    capacity: 50,
    halfLifeMs: 60 * MINUTE,
    keys: 50_000,
    answer: 'further refusals are only logged',
    reason: 'A flood of refusals must not become a flood of writes.',
  },
  allLedgerRejections: {
    kind: 'rate',
    holds: 'Refusals of all clients that the ledger records',
    per: 'the node',
    capacity: 20_000,
    halfLifeMs: 60 * MINUTE,
    keys: 1,
    answer: 'further refusals are only logged',
    reason: 'Some 200 MB of ledger a day under attack, where a single host could write 100 GB.',
  },
  logLines: {
    kind: 'rate',
    holds: 'Log lines about refusals that the ledger does not record, and about lost or refused connections',
    per: 'client',
    capacity: 300,
    halfLifeMs: 10 * MINUTE,
    keys: 50_000,
    answer: 'further lines are left out; their number is logged',
    reason: 'A client that connects without pause causes thousands of lines a second.',
  },
  allLogLines: {
    kind: 'rate',
    holds: 'The same lines of all clients',
    per: 'the node',
    capacity: 60_000,
    halfLifeMs: 10 * MINUTE,
    keys: 1,
    answer: 'further lines are left out; their number is logged',
    reason: 'About 100 lines a second, 3 GB a day.',
  },
  droppedMessages: {
    kind: 'rate',
    holds: 'Messages that a user of this host left in the drop directory (`waypost sendmail` while the node was down)',
    per: 'user',
    capacity: 10_000,
    halfLifeMs: 10 * MINUTE,
    keys: 10_000,
    answer: 'none: the file waits',
    reason:
      'A script that fails in a loop must not fill the queue. The users have their turns, so one does not delay another.',
  },
} as const satisfies Budgeted
