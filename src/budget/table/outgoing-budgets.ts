// Delivery and DNS questions.

import type { Budgeted } from '../budget.ts'

export const outgoingBudgets = {
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
      'Common resolvers work on 150 to 1024 questions at a time. With eight, a client that resolves in 50 ms asks 160 a second, and twenty clients with silent name servers fill less than the part for the internet. Deliveries have a share of each zone for themselves.',
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
  strangerRequests: {
    kind: 'pool',
    holds: 'Requests to HTTPS servers that strangers name: MTA-STS policies, and TLS reports to their receivers',
    capacity: 100,
    client: 8,
    network: 16,
    waits: true,
    answer: 'the request waits (`strangerWaiting`)',
    reason:
      'A request takes some 100 ms and up to 100 KiB. A server can hold it for a minute. Strangers choose where reports go, and these fill half of the places (`deliveryReports`); other mail keeps the rest. One server and one network hold a small part.',
  },
  strangerWaiting: {
    kind: 'pool',
    holds: 'Requests to HTTPS servers that wait for a place, for at most twenty seconds',
    capacity: 200,
    client: 50,
    network: 100,
    answer: 'a policy that is known counts; mail for a domain without one waits in the queue, and a report too',
    reason:
      'As many as delivery attempts. A provider has one server for the policies of many domains, and mail to all of them may come at once.',
  },
  stsPolicies: {
    kind: 'pool',
    holds: 'MTA-STS policies of other domains that the node keeps',
    capacity: 10_000,
    answer: 'the policy that was used longest ago gives way, and is fetched again when mail needs it',
    reason:
      'Some megabytes. Strangers make the node keep policies of their domains, but those of domains that get mail were used later.',
  },
  tlsResults: {
    kind: 'pool',
    holds:
      'Different results of TLS sessions that are to be reported, by day and domain; a domain has at most 500 a day',
    capacity: 200_000,
    answer: 'the session is missing in the report',
    reason: 'Some 60 MB of disk. A domain without failures has one result a day, and results stay at most three days.',
  },
} as const satisfies Budgeted
