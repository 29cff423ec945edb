// The status page over a queue with mail of every kind, and over samples of everything else: for tests of the views, in and without a
// browser, and for the screenshots of the documentation.

import { startAdmin } from '../../src/admin/http.ts'
import { readAccountName, readBanSubject } from '../../src/auth/subject-names.ts'
import { createBudgets } from '../../src/budget/budgets.ts'
import type { FleetClient } from '../../src/fleet-view/fleet-client.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { createFormGuard } from '../../src/lib/form-guard.ts'
import { statusNodes } from '../../src/node/status-nodes.ts'
import type { Event } from '../../src/observe/events.ts'
import type { HealthReport } from '../../src/observe/health-report.ts'
import { createPrivacy, type PrivacySettings } from '../../src/privacy/treatment.ts'
import type { OpenQueue } from '../../src/queue/contract/opened-queue.ts'
import type { Outcome } from '../../src/queue/contract/outcome.ts'
import type { NewMessage } from '../../src/queue/contract/queue.ts'
import { createSessions } from '../../src/self-service/sessions.ts'
import { createStatusAnswer } from '../../src/status/answer-status.ts'
import { createHistory } from '../../src/observe/event-history.ts'
import { createOperatorLogin, type LoginSettings } from '../../src/status/operator-login.ts'
import { createSingle } from '../../src/status/single-query.ts'
import type { StatusPorts } from '../../src/status/status-ports.ts'
import { sampleMessage, sampleRecipient, testQueue } from './queue-samples.ts'
import { atSrs, sampleFleetSources } from './status-fleet-sample.ts'

export interface StatusSample {
  readonly url: string
  readonly ports: StatusPorts
  readonly queue: OpenQueue
  /** Bugs that the page reported. */
  readonly bugs: unknown[]
  /** Lines that the page logged. */
  readonly logged: object[]
  readonly ids: SampleIds
  close(): Promise<void>
}

/** Queue IDs. */
export interface SampleIds {
  readonly waiting: string
  readonly delivered: string
  /** A stranger filled it with text that a page must not obey. */
  readonly hostile: string
  /** The srs node accepted it from this one. */
  readonly forwarded: string
}

export interface SampleOptions {
  readonly login?: Partial<LoginSettings>
  /** The list of operators. */
  readonly operators?: string
  readonly privacy?: Partial<PrivacySettings>
  readonly isOwnHost?: (authority: string) => boolean
  /** The other nodes; null for none, a sample of four if absent. */
  readonly fleet?: Pick<FleetClient, 'sources'> | null
}

const MINUTE = 60_000
/** Text that a page must not obey: markup, marks of direction, control characters, and length. */
export const hostileText = `"><script>alert(1)</script><img src=x onerror=alert(1)>\u202egnp.exe\u0007\u001b[2J&amp;'${'x'.repeat(600)}`

export async function startStatusSample(options: SampleOptions = {}): Promise<StatusSample> {
  const folder = testQueue()
  const now = systemClock.now()
  folder.clock.time = now
  const queue = await folder.open()
  const history = pastHistory(now)
  queue.subscribe((events) => history.record(events))
  const ids = await fillQueue(queue, now)
  const { bugs, logged, ports } = samplePorts(queue, {
    fleet: options.fleet === undefined ? sampleFleetSources(now) : options.fleet,
    history,
    now,
    privacy: options.privacy ?? {},
  })
  const budgets = createBudgets(systemClock)
  const sessions = createSessions(budgets.pool('operatorSessions'), systemClock)
  const login = createOperatorLogin(
    { local: options.login === undefined, operators: null, proxy: null, ...options.login },
    {
      readList: async () => options.operators ?? '',
      sessions,
      failures: budgets.rate('operatorLogins'),
      log: { info: (fields) => void logged.push(fields), warn: (fields) => void logged.push(fields) },
    },
  )
  const page = createStatusAnswer({
    ports,
    login,
    guard: createFormGuard(),
    isOwnHost: options.isOwnHost ?? ((authority) => authority.startsWith('127.0.0.1')),
    cookie: { name: 'waypost-status', isSecure: false },
    single: createSingle(systemClock),
  })
  const started = await startAdmin(
    { host: '127.0.0.1', port: 0, allowRemote: false },
    {
      metrics: async () => ({ contentType: 'text/plain', text: '' }),
      health: ports.health,
      page,
      bug: (error) => void bugs.push(error),
    },
  )
  if (started.kind === 'refused') throw new Error(started.problem)
  return {
    url: `http://127.0.0.1:${started.port}`,
    ports,
    queue,
    bugs,
    logged,
    ids,
    close: async () => {
      await started.close()
      sessions.close()
      await folder.remove()
    },
  }
}

/** A day of mail, busier at noon. The numbers are the same in each run. */
function pastHistory(now: number) {
  let at = now - 6 * 60 * MINUTE
  const history = createHistory({ monotonic: () => at })
  const event = (kind: Event['kind'], more: object = {}): Event => ({ kind, at, queueId: null, ...more }) as Event
  for (let minute = 0; at < now - MINUTE / 2; minute++, at += MINUTE) {
    const load = Math.round(14 + 9 * Math.sin(minute / 23) + 4 * Math.sin(minute / 5))
    const many = (count: number, kind: Event['kind'], more?: object) =>
      history.record(Array.from({ length: Math.max(0, count) }, () => event(kind, more)))
    many(load, 'received')
    many(load + 2, 'delivered')
    many(Math.round(3 + 3 * Math.sin(minute / 9)), 'rejected', { check: 'dnsbl' })
    many(minute % 4 === 0 ? 2 : 0, 'rejected', { check: 'authentication-results' })
    many(minute % 7 === 0 ? 3 : 1, 'deferred')
    many(minute % 31 === 0 ? 1 : 0, 'failed')
    history.sample(Math.round(60 + 40 * Math.sin(minute / 40)))
  }
  at = now
  return history
}

const google = {
  host: 'gmail-smtp-in.l.google.com[142.250.1.26]:25',
  tls: { level: 'verified', policy: 'sts', protocol: 'TLSv1.3' },
} as const
const outlook = {
  host: 'example-net.mail.protection.outlook.com[52.101.8.1]:25',
  tls: { level: 'encrypted', policy: 'may', protocol: 'TLSv1.2' },
} as const
const old = { host: 'mail.old.example[192.0.2.99]:25', tls: { level: 'none', policy: 'may' } } as const
const toSrs = {
  host: 'srs-01.example.org[192.0.2.2]:25',
  tls: { level: 'verified', policy: 'peer', protocol: 'TLSv1.3' },
}
const taken = (to: object): Outcome =>
  ({
    kind: 'delivered',
    dsnPassedOn: false,
    reply: '250 2.0.0 OK 1732190400 a1-20020a17',
    status: '2.0.0',
    ...to,
  }) as Outcome

interface Sent {
  readonly from: string
  readonly to: string
  readonly nextHop: string
  readonly outcome: Outcome | null
  readonly minutesAgo: number
  readonly original?: string
}

async function fillQueue(queue: OpenQueue, now: number): Promise<SampleIds> {
  const waits: Outcome = {
    kind: 'deferred',
    scope: 'site',
    retryAt: now + 17 * MINUTE,
    reply: '421 4.7.28 Our system has detected an unusual rate of mail',
    status: '4.7.28',
    replyClass: 'rate-limited',
    advice: 'send less',
    ...google,
  } as Outcome
  const unreachable: Outcome = {
    kind: 'deferred',
    scope: 'site',
    retryAt: now + 42 * MINUTE,
    reply: 'connection timed out',
    status: '4.4.1',
    host: null,
    tls: null,
  }
  const refused: Outcome = {
    kind: 'failed',
    scope: 'recipient',
    reply: '550 5.1.1 <gone@example.net>: Recipient address rejected: User unknown',
    status: '5.1.1',
    ...outlook,
  } as Outcome
  const sent: Sent[] = [
    {
      from: 'ann@sender.example',
      to: 'kim@gmail.com',
      original: 'kim@example.org',
      nextHop: 'mx:gmail.com',
      outcome: taken(google),
      minutesAgo: 55,
    },
    {
      from: 'news@list.example',
      to: 'lee@gmail.com',
      original: 'board@example.org',
      nextHop: 'mx:gmail.com',
      outcome: waits,
      minutesAgo: 38,
    },
    {
      from: 'bob@sender.example',
      to: 'kim@gmail.com',
      original: 'kim@example.org',
      nextHop: 'mx:gmail.com',
      outcome: waits,
      minutesAgo: 21,
    },
    { from: 'lee@example.org', to: 'gone@example.net', nextHop: 'mx:example.net', outcome: refused, minutesAgo: 30 },
    {
      from: 'lee@example.org',
      to: 'office@example.net',
      nextHop: 'mx:example.net',
      outcome: taken(outlook),
      minutesAgo: 29,
    },
    {
      from: 'kim@example.org',
      to: 'sales@old.example',
      nextHop: 'mx:old.example',
      outcome: taken(old),
      minutesAgo: 14,
    },
    {
      from: 'kim@example.org',
      to: 'ann@down.example',
      nextHop: 'mx:down.example',
      outcome: unreachable,
      minutesAgo: 340,
    },
    {
      from: 'shop@example.org',
      to: 'bill@down.example',
      nextHop: 'mx:down.example',
      outcome: unreachable,
      minutesAgo: 95,
    },
    {
      from: 'root@host-17.example.org',
      to: 'admin@partner.example',
      nextHop: 'mx:partner.example',
      outcome: null,
      minutesAgo: 12,
    },
    {
      from: 'ann@sender.example',
      to: hostileText,
      nextHop: 'mx:hostile.example',
      outcome: {
        kind: 'deferred',
        scope: 'site',
        retryAt: now + 5 * MINUTE,
        reply: `451 4.7.1 ${hostileText}`,
        status: '4.7.1',
        host: `mx.${hostileText}[192.0.2.66]:25`,
        tls: null,
      },
      minutesAgo: 3,
    },
    {
      from: 'ann@sender.example',
      to: 'kim@home.example',
      original: 'kim@example.org',
      nextHop: 'peers:srs',
      outcome: taken({ ...toSrs, reply: `250 2.0.0 Ok: queued as ${atSrs.queueId}` }),
      minutesAgo: 2,
    },
  ]
  const queueIds: string[] = []
  const byAge = [...sent.entries()].toSorted(([, a], [, b]) => b.minutesAgo - a.minutesAgo)
  for (const [index, one] of byAge) queueIds[index] = await send(queue, one, { now, index })
  await queue.suspend({ nextHop: 'mx:partner.example', by: 'anna', reason: 'they move their servers until Monday' })
  const held = sampleMessage({
    queueId: 'F0000000000AA',
    arrivedAt: now - 50 * MINUTE,
    sender: 'winner@lottery.example',
    recipients: [sampleRecipient({ address: 'kim@gmail.com', nextHop: 'mx:gmail.com' })],
    held: { by: 'node', reason: 'quarantine: virus Eicar-Test-Signature', until: now + 5 * 24 * 60 * MINUTE },
  })
  await queue.accept(held, { claim: false })
  await queue.record(refusals(now))
  return {
    delivered: queueIds[0] ?? '',
    waiting: queueIds[1] ?? '',
    hostile: queueIds.at(-2) ?? '',
    forwarded: queueIds.at(-1) ?? '',
  }
}

async function send(
  queue: OpenQueue,
  one: Sent,
  { now, index }: { readonly now: number; readonly index: number },
): Promise<string> {
  const { from, to, nextHop, outcome, minutesAgo, original = to } = one
  const at = now - minutesAgo * MINUTE
  const queueId = `F1000000000${String(index).padStart(2, '0')}`
  const base = { at, queueId }
  const isOwn = from.endsWith('example.org')
  const origin = isOwn ? 'user:kim' : 'internet'
  const events: Event[] = [
    {
      kind: 'received',
      ...base,
      origin,
      sender: from,
      remote: isOwn ? 'laptop.example[198.51.100.7]' : 'mail.sender.example[203.0.113.5]',
      helo: 'mail.sender.example',
      tls: 'TLSv1.3 TLS_AES_256_GCM_SHA384',
      size: 48_213,
      messageId: `<2026.${index}.a81f@${isOwn ? 'example.org' : 'sender.example'}>`,
    },
    ...(isOwn
      ? []
      : ([
          { kind: 'checked', ...base, check: 'spf', result: 'pass', detail: '' },
          { kind: 'checked', ...base, check: 'dkim', result: 'pass', detail: 'sender.example' },
          { kind: 'checked', ...base, check: 'dmarc', result: index === 1 ? 'fail' : 'pass', detail: 'sender.example' },
        ] as Event[])),
    {
      kind: 'timed',
      ...base,
      checks: [
        { check: 'dnsbl', stage: 'rcpt', ms: 34 },
        { check: 'spam', stage: 'data', ms: 87 },
      ],
    },
    {
      kind: 'resolved',
      ...base,
      recipient: to,
      original,
      reversePath: from,
      nextHop,
      steps: [`alias ${original} -> ${to} (mail.yaml:12)`],
    },
    { kind: 'signed', ...base, domain: 'example.org', selector: 'ed', algorithm: 'ed25519-sha256' },
  ]
  const message: NewMessage = sampleMessage({
    queueId,
    arrivedAt: at,
    sender: from,
    origin: isOwn ? { kind: 'user', identity: 'kim' } : { kind: 'internet' },
    recipients: [sampleRecipient({ address: to, original, nextHop, reversePath: from })],
    events,
  })
  const [claim] = await queue.accept(message, { claim: outcome !== null })
  const recipient = claim?.recipients[0]
  if (recipient && outcome)
    await queue.settle({ queueId, nextHop, outcomes: [{ recipientId: recipient.recipientId, outcome }] })
  return queueId
}

function refusals(now: number): readonly Event[] {
  const one = (check: string, reply: string, minute: number): Event => ({
    kind: 'rejected',
    at: now - minute * MINUTE,
    queueId: null,
    session: `s${check}${minute}`,
    stage: 'rcpt',
    sender: 'spam@bulk.example',
    recipient: 'kim@example.org',
    remote: 'unknown[203.0.113.77]',
    reply,
    cause: 'listed',
    check,
    ms: 12,
  })
  return [
    ...Array.from({ length: 14 }, (_, index) =>
      one('dnsbl', `550 5.7.1 203.0.113.${index} is listed by zen.example`, index * 2),
    ),
    ...Array.from({ length: 5 }, (_, index) =>
      one('recipient', `550 5.1.1 <nobody${index}@example.org>: no such address`, index * 3),
    ),
    one('rate', `450 4.7.1 ${hostileText}`, 4),
  ]
}

interface SampleFacts {
  readonly fleet: Pick<FleetClient, 'sources'> | null
  readonly history: ReturnType<typeof createHistory>
  readonly now: number
  readonly privacy: Partial<PrivacySettings>
}

function samplePorts(queue: OpenQueue, { fleet, history, now, privacy }: SampleFacts) {
  const bugs: unknown[] = []
  const logged: object[] = []
  const health: HealthReport = {
    kind: 'degraded',
    checks: {
      queue: { kind: 'ok' },
      certificate: { kind: 'degraded', reason: 'the certificate expires in 9 days; renew it' },
      running: { kind: 'ok' },
      directory: {
        kind: 'degraded',
        reason: 'ldap: the server does not answer, failing since 2026-11-30T02:10:00.000Z',
      },
      'peer-srs': { kind: 'ok' },
      bans: { kind: 'ok' },
      accounts: { kind: 'ok' },
      dns: { kind: 'ok', note: 'the DNS has warnings, such as example.org CAA: any authority may issue' },
    },
  }
  const waits = {
    stopped: null,
    destinations: new Map([
      [
        'mx:down.example',
        { nextHop: 'mx:down.example', reason: 'unreachable', until: now + 42 * MINUTE, active: 0, limit: 5 },
      ],
      ['mx:gmail.com', { nextHop: 'mx:gmail.com', reason: 'pause', until: now + 17 * MINUTE, active: 0, limit: 20 }],
    ] as const),
  }
  const node = 'mx-01.example.org'
  const { reader } = queue
  const ports: StatusPorts = {
    clock: { now: () => systemClock.now(), monotonic: () => systemClock.monotonic() },
    log: { bug: (error) => void bugs.push(error), info: (fields) => void logged.push(fields) },
    facts: {
      hostname: node,
      role: 'mx',
      startedAt: now - 6.2 * 3_600_000,
      listeners: [
        { name: 'smtp', address: '[::]:25' },
        { name: 'submissions', address: '[::]:465' },
      ],
    },
    health: async () => health,
    history,
    queue: {
      reader,
      control: queue,
      destinations: () => queue.destinations(),
      health: () => queue.health(),
      waits: async () => waits,
    },
    nodes: statusNodes(node, fleet, { reader, clock: systemClock }),
    ...sampleState(now),
    privacy: createPrivacy({
      addresses: 'keep',
      ips: 'keep',
      subjects: 'drop',
      hashKey: () => Buffer.alloc(32, 7),
      ...privacy,
    }),
  }
  return { bugs, logged, ports }
}

function sampleState(now: number): Pick<StatusPorts, 'accounts' | 'bans' | 'directory' | 'certificates'> {
  const holds = [
    {
      account: 'user:lee',
      at: now - 2 * 3_600_000,
      by: 'node',
      reason: 'unusual, score 8 of 6',
      evidence: 'RECIPIENTS 4: 412 in an hour, usual day 23; NEW_DOMAINS 4: 61 in an hour',
    },
  ]
  const ban = { at: now - 20 * MINUTE, until: now + 40 * MINUTE, by: 'node', reason: 'failed logins', times: 1 }
  const bans = [
    { kind: 'address', value: '203.0.113.77', evidence: '20 failed logins from 203.0.113.77, of user:kim', ...ban },
    {
      kind: 'network',
      value: '198.51.100.0/24',
      evidence: `100 failed logins, the last of ${hostileText}`,
      ...ban,
      times: 3,
    },
  ] as const
  return {
    accounts: {
      readName: readAccountName,
      holds: async () => holds,
      hold: async () => true,
      release: async () => true,
    },
    bans: {
      readSubject: readBanSubject,
      standing: async () => bans,
      order: async (one) => ({ ...one, evidence: '', times: 1 }),
      end: async () => bans[0],
      problem: () => null,
    },
    directory: {
      sources: async () => [
        {
          key: 'ldap',
          name: 'ldaps://ldap.example.org',
          version: 41,
          pinned: null,
          confirmedAt: now - 52 * MINUTE,
          failures: 4,
          incomplete: 'ldaps://ldap.example.org: the server does not answer',
          counts: { users: 812, passwords: 812, aliases: 1403, forwards: 96 },
          versions: [41, 40, 39],
        },
        {
          key: 'files',
          name: 'files of this node',
          version: 7,
          pinned: null,
          confirmedAt: now - 3 * 3_600_000,
          failures: 0,
          incomplete: null,
          counts: null,
          versions: [7, 6],
        },
      ],
      diff: async () => ({
        kind: 'compared',
        from: 'version 40',
        to: 'version 41',
        total: 3,
        changes: [
          {
            change: 'added',
            what: 'alias',
            name: 'press@example.org',
            source: 'ldap',
            before: null,
            after: 'kim@example.org, lee@example.org',
          },
          {
            change: 'changed',
            what: 'forward',
            name: 'old@example.org',
            source: 'ldap',
            before: 'a@gmail.com',
            after: 'b@gmail.com',
          },
          {
            change: 'removed',
            what: 'user',
            name: hostileText,
            source: 'ldap',
            before: 'gone@example.org',
            after: null,
          },
        ],
      }),
    },
    certificates: {
      certificates: () => [
        {
          key: 'tls',
          names: ['mx-01.example.org', 'mail.example.org'],
          issuer: "C=US, O=Let's Encrypt, CN=E7",
          expiresAt: now + 9 * 86_400_000,
          keyFingerprint: 'a3f1'.repeat(16),
          tlsa: [`_25._tcp.mx-01.example.org. IN TLSA 3 1 1 ${'a3f1'.repeat(16)}`],
        },
      ],
      renewal: async () => 'The node renews it at 2026-12-01T03:20:00.000Z.',
      dns: () => ({
        checkedAt: now - 11 * MINUTE,
        problem: null,
        findings: [
          {
            severity: 'error',
            subject: 'ed._domainkey.example.org TXT',
            problem: 'the record of an active key is not published',
            breaks: 'DKIM signatures of example.org',
            advice: 'publish it: waypost dns records',
            since: now - 4 * 3_600_000,
          },
          {
            severity: 'warning',
            subject: 'example.org CAA',
            problem: 'any authority may issue certificates',
            breaks: null,
            advice: null,
            since: now - 90 * 3_600_000,
          },
        ],
      }),
    },
  }
}
