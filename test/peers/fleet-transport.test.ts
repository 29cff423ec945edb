// What attackers on the network get of a fleet's outgoing mail: nothing where the receiving domain, the operator or the sender demands security.
// Each kind of mail goes to each kind of domain under each attack, with unbound and nsd. Afterwards every message arrives once.

import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Event } from '../../src/observe/events.ts'
import { type AttackName, type Cell, type Kind, kinds, type PromiseOfDomain } from '../lib/peers/attacked-cells.ts'
import { type AttackedFleet, startAttackedFleet } from '../lib/peers/attacked-fleet.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import { until } from '../lib/until.ts'

/** A node keeps every answer for five seconds (src/dns/answer-store.ts), so an attack on the DNS shows later. */
const KEPT_MS = 6000
/** After each round, late mail is retried by command. */
const ROUNDS = 20
const ROUND_MS = 10_000
/** Only ends a test that hangs. */
const PATIENCE_MS = 300_000

/** The result of an attempt under attack: `delivered` with its level, or `deferred` with its status; then policy and failure of TLS. */
type Expected = string

const impostors: readonly AttackName[] = ['self-signed', 'other-ca', 'expired', 'other-name', 'other-key']

function expectedOf({ promise, attack }: Cell): Expected {
  switch (attack) {
    case 'strip':
    case 'no-ehlo':
      return promise === 'none' ? 'delivered none may starttls-not-supported' : `deferred 4.7.4 ${without(promise)}`
    case 'refuse':
      return promise === 'none' ? 'delivered none may starttls-not-supported' : `deferred 4.7.0 ${without(promise)}`
    case 'deny':
      return promise === 'none' ? 'delivered none may starttls-not-supported' : `deferred 4.5.1 ${without(promise)}`
    case 'inject':
      return `deferred 4.5.0 ${policyOf(promise)} validation-failure`
    case 'cut':
      return promise === 'none'
        ? 'delivered none may validation-failure'
        : `deferred 4.7.5 ${policyOf(promise)} validation-failure`
    default:
      return impostors.includes(attack) ? impostor(promise, attack) : forged(promise, attack)
  }
}

const without = (promise: PromiseOfDomain) => `${policyOf(promise)} starttls-not-supported`

function policyOf(promise: PromiseOfDomain): string {
  return {
    both: 'dane',
    keep: 'dane',
    sts: 'mta-sts',
    mandatory: 'encrypt',
    none: 'may',
    dane: 'dane',
    secure: 'secure',
  }[promise]
}

function impostor(promise: PromiseOfDomain, attack: AttackName): Expected {
  // Nothing names the certificate: TLS with any host.
  if (promise === 'none' || promise === 'mandatory') return `delivered encrypted ${policyOf(promise)}`
  const isByAuthority = promise === 'sts' || promise === 'secure'
  const failure =
    isByAuthority && attack === 'expired'
      ? 'certificate-expired'
      : isByAuthority && attack === 'other-name'
        ? 'certificate-host-mismatch'
        : 'certificate-not-trusted'
  return `deferred 4.7.5 ${policyOf(promise)} ${failure}`
}

function forged(promise: PromiseOfDomain, attack: AttackName): Expected {
  if (promise !== 'sts') return attack.endsWith('-tlsa') ? 'deferred 4.7.5 dane dnssec-invalid' : 'deferred 4.4.3'
  switch (attack) {
    case 'forged-mx':
      return 'deferred 4.7.5 mta-sts validation-failure'
    case 'forged-a':
      return 'deferred 4.7.5 mta-sts certificate-host-mismatch'
    default:
      return 'deferred 4.7.5 mta-sts certificate-not-trusted'
  }
}

/** A domain without an attack. */
const unattacked: Readonly<Record<PromiseOfDomain, Expected>> = {
  dane: 'delivered verified dane',
  both: 'delivered verified dane',
  keep: 'delivered verified dane',
  sts: 'delivered verified mta-sts',
  secure: 'delivered verified secure',
  mandatory: 'delivered encrypted encrypt',
  none: 'delivered encrypted may',
}

type Attempt = Extract<Event, { kind: 'delivered' | 'deferred' | 'failed' }>

const isAttempt = (event: Event): event is Attempt =>
  event.kind === 'delivered' || event.kind === 'deferred' || event.kind === 'failed'

function resultOf({ kind, status, tls }: Attempt): string {
  const reached = kind === 'delivered' ? tls?.level : status
  return [kind, reached, tls?.policy, tls?.failure].filter(Boolean).join(' ')
}

describe.runIf(ensurePeers(['nsd', 'unbound', 'ldns', 'openssl']))('mail to domains under attack', () => {
  let fleet: AttackedFleet
  const results = new Map<string, Attempt[]>()
  /** Senders that got no report because a look-up of their SPF record took too long, and how often. */
  const unproven = new Map<string, number>()
  const repeated = new Map<string, number>()

  beforeAll(async () => {
    fleet = await startAttackedFleet()
  }, 120_000)
  afterAll(() => fleet?.close())

  const nameOf = (kind: Kind, { domain }: Cell, prefix = '') => `${prefix}${kind}@${domain}`
  const each = <Result>(use: (kind: Kind, cell: Cell) => Result): Result[] =>
    fleet.cells.flatMap((cell) => kinds.map((kind) => use(kind, cell)))

  /** Reads the ledgers of all nodes. */
  function readLedgers(): void {
    results.clear()
    unproven.clear()
    for (const node of new Set(Object.values(fleet.sender)))
      for (const event of node.ledger()) {
        if (event.kind === 'notified' && event.dsn === null && event.to !== null)
          unproven.set(event.to, (unproven.get(event.to) ?? 0) + 1)
        if (!isAttempt(event) || event.recipient === undefined) continue
        const known = results.get(event.recipient)
        if (known) known.push(event)
        else results.set(event.recipient, [event])
      }
  }

  /** A busy machine can make the look-up of an SPF record late. Then the sender is not proven, and gets no report. */
  async function repeatReports(): Promise<void> {
    for (const cell of fleet.cells) {
      const name = nameOf('dsn', cell)
      const times = unproven.get(name) ?? 0
      if (times === (repeated.get(name) ?? 0)) continue
      repeated.set(name, times)
      await fleet.causeReport(cell)
    }
  }

  /** Waits until each message has an attempt that `isDone`, and returns the names of those that have none. */
  async function settled(isDone: (kind: Kind, cell: Cell) => boolean): Promise<string[]> {
    const missing = () => {
      readLedgers()
      return each((kind, cell) => (isDone(kind, cell) ? [] : [{ kind, name: nameOf(kind, cell) }])).flat()
    }
    for (let round = 0; round < ROUNDS; round++) {
      await until(() => missing().length === 0, { what: 'each message', timeout: ROUND_MS, every: 1000 }).catch(
        () => undefined,
      )
      const late = missing()
      if (late.length === 0) break
      await repeatReports()
      // Mail for a host that was just unreachable waits for the next try of other mail to it. So each kind is retried alone.
      for (const kind of new Set(late.map((one) => one.kind)))
        await runWaypost(['queue', 'retry', '--recipient', `${kind}@*`, '-c', fleet.sender[kind].config])
    }
    return missing().map(({ name }) => name)
  }

  const attempts = (kind: Kind, cell: Cell) => results.get(nameOf(kind, cell)) ?? []
  const described = (kind: Kind, cell: Cell) =>
    `${nameOf(kind, cell)}: ${[...new Set(attempts(kind, cell).map(resultOf))].join(', ')}`

  it('learns the policies that are attacked later', async () => {
    const early = fleet.cells.filter(({ promise, attack }) => promise === 'sts' && /^(?:forged|denied)-/.test(attack))
    await fleet.send(early, 'early-')
    const isThere = (kind: Kind, cell: Cell) =>
      results.get(nameOf(kind, cell, 'early-'))?.some((one) => resultOf(one) === 'delivered verified mta-sts')
    await until(
      () => {
        readLedgers()
        return early.every((cell) => kinds.every((kind) => isThere(kind, cell)))
      },
      { what: 'the first messages to arrive', timeout: 30_000, every: 250 },
    )
  })

  it('no attempt has another result than the attack allows', { timeout: PATIENCE_MS }, async () => {
    fleet.begin()
    await sleep(KEPT_MS)
    await fleet.send(fleet.cells, '')
    const isExpected = (kind: Kind, cell: Cell) =>
      attempts(kind, cell).some((one) => resultOf(one) === expectedOf(cell))
    const missing = await settled(isExpected)
    const wrong = each((kind, cell) =>
      isExpected(kind, cell) ? [] : [`${described(kind, cell)}; expected ${expectedOf(cell)}`],
    )
    expect([missing.length, wrong.flat()]).toEqual([0, []])
    const early = each((kind, cell) =>
      expectedOf(cell).startsWith('deferred') && attempts(kind, cell).some((one) => one.kind !== 'deferred')
        ? [described(kind, cell)]
        : [],
    )
    expect(early.flat()).toEqual([])
  })

  it('each forgery was sent to unbound', () => {
    expect([...fleet.forger.forgeries.keys()].filter((key) => !fleet.forger.sent.has(key))).toEqual([])
  })

  it('no attacker read a message or the name of a recipient', () => {
    const leaked = each((kind, cell) => {
      if (expectedOf(cell).startsWith('delivered')) return []
      const read = fleet.readBy(cell).toString('latin1')
      return read.includes(nameOf(kind, cell)) ? [nameOf(kind, cell)] : []
    })
    expect(leaked.flat()).toEqual([])
    const marked = fleet.cells.filter(
      (cell) => expectedOf(cell).startsWith('deferred') && fleet.readBy(cell).includes(fleet.marker),
    )
    expect(marked.map(({ label }) => label)).toEqual([])
  })

  it('attackers read what is sent without security', () => {
    const open = fleet.cells.filter((cell) => expectedOf(cell).startsWith('delivered'))
    expect(open.filter((cell) => !fleet.readBy(cell).includes(fleet.marker)).map(({ label }) => label)).toEqual([])
  })

  it('the metrics show policies, levels and broken signatures', async () => {
    const text = await fleet.metrics()
    for (const [policy, level, result] of [
      ['dane', 'none', 'deferred'],
      ['mta-sts', 'none', 'deferred'],
      ['encrypt', 'none', 'deferred'],
      ['encrypt', 'encrypted', 'delivered'],
      ['may', 'none', 'delivered'],
    ])
      expect(text).toMatch(
        new RegExp(`^waypost_tls_policies_total{policy="${policy}",level="${level}",result="${result}"} [1-9]`, 'm'),
      )
    for (const dnssec of ['secure', 'insecure', 'bogus'])
      expect(text).toMatch(new RegExp(`^waypost_dns_answers_total{dnssec="${dnssec}"} [1-9]`, 'm'))
  })

  it.each(['user', 'machine', 'forward', 'bounce'] as const)('operators see why mail waits: %s', async (kind) => {
    const { config } = fleet.sender[kind]
    const cell = fleet.cells.find(({ label }) => label === 'denied-tlsa.dane') as Cell
    const [trace, list] = await Promise.all([
      runWaypost(['trace', nameOf(kind, cell), '-c', config]),
      runWaypost(['queue', 'list', '-c', config]),
    ])
    expect(trace.stdout).toMatch(
      /deferred \w+@denied-tlsa\.dane\S+ [^\n]*TLSA look-up of \S+ is bogus: [^\n]*DNSSEC[^\n]*\[TLS policy dane: dnssec-invalid\]/,
    )
    expect(list.stdout).toContain(nameOf(kind, cell))
    // The last attempt: on a busy machine unbound can be late.
    expect(list.stdout).toMatch(/TLSA look-up of mx\.denied-tlsa\.dane\.signed\.test (?:is bogus|failed)/)
  })

  it('each message arrives once, and its level of TLS is recorded', { timeout: PATIENCE_MS }, async () => {
    fleet.end()
    const missing = await settled((kind, cell) => attempts(kind, cell).some((one) => one.kind === 'delivered'))
    expect(missing).toEqual([])
    const counts = new Map<string, number>()
    for (const { rcpts } of fleet.arrived())
      for (const line of rcpts) {
        const [, name = ''] = /<([^>]+)>/.exec(line) ?? []
        counts.set(name, (counts.get(name) ?? 0) + 1)
      }
    expect(each((kind, cell) => (counts.get(nameOf(kind, cell)) === 1 ? [] : [nameOf(kind, cell)])).flat()).toEqual([])
    const levels = each((kind, cell) => {
      const under = expectedOf(cell)
      const wanted = under.startsWith('delivered') ? under : unattacked[cell.promise]
      const got = attempts(kind, cell)
        .filter((one) => one.kind === 'delivered')
        .map(resultOf)
      return got.length === 1 && got[0] === wanted ? [] : [`${nameOf(kind, cell)}: ${got.join(', ')}`]
    })
    expect(levels.flat()).toEqual([])
  })

  it('messages with REQUIRETLS keep it, and reports about them return nothing of it (RFC 8689 section 5)', () => {
    const kept = fleet.arrived().filter(({ rcpts }) => rcpts.some((line) => line.includes('.keep.')))
    const isReport = ({ rcpts }: { readonly rcpts: readonly string[] }) => rcpts.some((line) => line.includes('<dsn@'))
    expect(kept.filter((one) => !isReport(one) && !one.mail.includes(' REQUIRETLS'))).toEqual([])
    const reports = kept.filter(isReport)
    expect(reports).not.toEqual([])
    expect(reports.filter(({ data }) => data.includes(fleet.marker))).toEqual([])
  })
})
