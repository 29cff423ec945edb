// The notifier with a queue in memory: one report per message and notice, committed with its mark, repeated after trouble, never twice.

import { Readable } from 'node:stream'
import { afterEach, describe, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import type { Intake } from '../intake/intake.ts'
import type { NotifiedEvent } from '../observe/events.ts'
import type { NewMessage, NoticeRecipient, NoticeTask, StoredMessage } from '../queue/contract/queue.ts'
import { plainMail, plainRecipient } from '../smtp/envelope.ts'
import { BOUNCE_SIZE_LIMIT, type BounceSettings, DEFAULT_FROM_NAME } from './bounce-settings.ts'
import { createNotifier, type Notifier } from './notify.ts'

const START = createFakeClock().now()

type Own = Parameters<Intake['prepare']>[0]

function message(changes: Partial<StoredMessage> = {}): StoredMessage {
  return {
    queueId: 'Q1',
    arrivedAt: START - 1000,
    origin: { kind: 'internet' },
    sender: 'kim@example.net',
    parameters: plainMail,
    header: Buffer.from('Subject: Minutes\r\nMessage-ID: <m@example.net>\r\n\r\n'),
    body: { kind: 'inline', bytes: Buffer.from('The minutes.\r\n') },
    senderProven: true,
    ...changes,
  }
}

let nextId = 1
function recipient(changes: Partial<NoticeRecipient> = {}): NoticeRecipient {
  return {
    recipientId: nextId++,
    address: 'gone@example.com',
    original: 'gone@example.com',
    reversePath: 'kim@example.net',
    nextHop: 'mx:example.com',
    private: false,
    parameters: plainRecipient,
    status: '5.1.1',
    reply: '550 5.1.1 unknown',
    host: 'mx.example.com[192.0.2.1]:25',
    lastAttemptAt: START,
    expiresAt: START + 86_400_000,
    expired: false,
    ...changes,
  }
}

const notifiers: Notifier[] = []
afterEach(async () => {
  await Promise.all(notifiers.splice(0).map((notifier) => notifier.stop()))
})

function setUp(tasks: readonly NoticeTask[], settings: Partial<BounceSettings> = {}) {
  const clock = createFakeClock()
  const due = [...tasks]
  const told: { dsn: NewMessage | null; copies: readonly NewMessage[]; events: readonly NotifiedEvent[] }[] = []
  const prepared: Own[] = []
  const postponed: string[] = []
  const state = { queueDown: false, routingDown: new Set<string>(), unroutable: new Set<string>() }
  const limits: number[] = []
  const notifier = createNotifier(
    {
      hostname: 'mx.example.org',
      from: 'postmaster@example.org',
      fromName: DEFAULT_FROM_NAME,
      sizeLimit: BOUNCE_SIZE_LIMIT,
      ...settings,
    },
    {
      clock,
      random: (octets) => Buffer.alloc(octets, 7),
      queue: {
        noticeTasks: async ({ limit, after = -1 }) => {
          limits.push(limit)
          if (state.queueDown) throw new Error('EIO')
          return due.filter(({ recipients }) => recipients.every((one) => one.recipientId > after)).slice(0, limit)
        },
        notify: async ({ task, dsn, copies = [], events }) => {
          if (state.queueDown) throw new Error('EIO')
          due.splice(due.indexOf(task), 1)
          told.push({ dsn, copies, events: events as NotifiedEvent[] })
        },
        openBody: (body) =>
          body.kind === 'spool' && body.file === 'gone'
            ? new Readable({ read: (): void => undefined }).destroy(new Error('ENOENT'))
            : Readable.from([Buffer.from('from the '), Buffer.from('spool\r\n')]),
      },
      intake: {
        prepare: async (own) => {
          prepared.push(own)
          if (state.routingDown.has(own.recipient)) throw new Error('routing is unavailable')
          return state.unroutable.has(own.recipient) ? null : ({ queueId: `DSN${prepared.length}` } as NewMessage)
        },
      },
      log: { warn: ({ cause }) => postponed.push(String(cause)) },
    },
  )
  notifiers.push(notifier)
  const run = async () => {
    notifier.due()
    for (let i = 0; i < 50; i++) await clock.advance(0)
  }
  return {
    clock,
    notifier,
    due,
    told,
    prepared,
    postponed,
    state,
    run,
    limits: () => limits,
  }
}

const task = (changes: Partial<NoticeTask> = {}): NoticeTask => ({
  message: message(),
  notice: 'failed',
  recipients: [recipient()],
  ...changes,
})

describe('a notice', () => {
  it('becomes one DSN to the sender, committed with its ledger entries', async () => {
    const { run, told, prepared } = setUp([
      task({ recipients: [recipient(), recipient({ address: 'full@example.com', status: '5.2.2' })] }),
    ])
    await run()
    expect(prepared).toHaveLength(1)
    expect(prepared[0]).toMatchObject({ recipient: 'kim@example.net', smtputf8: false })
    const body = prepared[0]?.body.toString() ?? ''
    expect(body).toContain('Final-Recipient: rfc822;gone@example.com')
    expect(body).toContain('Final-Recipient: rfc822;full@example.com')
    expect(body).toContain('The minutes.')
    expect(prepared[0]?.header.toString()).toContain('From: Mail Delivery System <postmaster@example.org>')
    expect(told).toHaveLength(1)
    expect(told[0]?.dsn?.queueId).toBe('DSN1')
    expect(told[0]?.events).toMatchObject([
      {
        kind: 'notified',
        queueId: 'Q1',
        notice: 'failed',
        to: 'kim@example.net',
        dsn: 'DSN1',
        recipient: 'gone@example.com',
      },
      { recipient: 'full@example.com', dsn: 'DSN1' },
    ])
  })

  it('names only the recipients to report, and records the reason for the others', async () => {
    const never = recipient({ address: 'never@example.com', parameters: { notify: ['NEVER'], orcpt: null } })
    const { run, told, prepared } = setUp([task({ recipients: [recipient(), never] })])
    await run()
    expect(prepared[0]?.body.toString()).not.toContain('never@example.com')
    expect(told[0]?.events).toMatchObject([{ dsn: 'DSN1' }, { dsn: null, reason: 'NOTIFY=NEVER' }])
  })

  it.each([
    ['the null sender', message({ sender: null }), 'null sender'],
    ['a sender that nothing proved', message({ senderProven: false }), 'sender not proven'],
  ])('sends no DSN to %s, and records the reason', async (_, stored, reason) => {
    const { run, told, prepared, due } = setUp([task({ message: stored })])
    await run()
    expect(prepared).toHaveLength(0)
    expect(told[0]).toMatchObject({ dsn: null, events: [{ dsn: null, reason }] })
    expect(due).toHaveLength(0)
  })

  it('sends no DSN if there is no route to the sender', async () => {
    const { run, told, state } = setUp([task()])
    state.unroutable.add('kim@example.net')
    await run()
    expect(told[0]).toMatchObject({ dsn: null, events: [{ dsn: null, reason: 'no route to the sender' }] })
  })

  it('never names the destination of a private recipient', async () => {
    const secret = recipient({
      address: 'jane@home.example',
      original: 'press@example.org',
      private: true,
      reply: '550 5.1.1 <jane@home.example> unknown at mx.home.example',
      host: 'mx.home.example[192.0.2.9]:25',
    })
    const { run, prepared } = setUp([task({ recipients: [secret] })])
    await run()
    const all = Buffer.concat([prepared[0]?.header ?? Buffer.alloc(0), prepared[0]?.body ?? Buffer.alloc(0)]).toString()
    expect(all).toContain('Final-Recipient: rfc822;press@example.org')
    expect(all).not.toMatch(/home\.example|jane|192\.0\.2\.9|Remote-MTA/)
  })

  it('does not show how many destinations an address has', async () => {
    const member = (address: string, changes: Partial<NoticeRecipient> = {}) =>
      recipient({ address, original: 'press@example.org', private: true, reply: '550 5.1.1 unknown', ...changes })
    const full = { status: '5.2.2', reply: '552 5.2.2 full', lastAttemptAt: START + 9000 }
    const { run, prepared, told } = setUp([
      task({
        recipients: [
          member('a@home.example'),
          member('b@home.example', { lastAttemptAt: START + 5000 }),
          member('c@home.example', full),
        ],
      }),
    ])
    await run()
    const text = prepared[0]?.body.toString() ?? ''
    expect(text.match(/^ {2}<press@example\.org>/gm)).toHaveLength(2)
    expect(text.match(/^Final-Recipient: .*press@/gm)).toHaveLength(2)
    expect(text.match(/^Status: .*/gm)).toEqual(['Status: 5.1.1', 'Status: 5.2.2'])
    expect(told[0]?.events).toHaveLength(3)
  })
})

describe('the returned part', () => {
  const parts = (own: Own | undefined) =>
    [...(own?.body.toString() ?? '').matchAll(/Content-Type: ([^\s;]+)/g)].map((m) => m[1])

  it.each([
    ['the whole message', 'failed', {}, 'message/rfc822'],
    [
      'the header if the sender said RET=HDRS',
      'failed',
      { parameters: { ...plainMail, ret: 'HDRS' } },
      'text/rfc822-headers',
    ],
    [
      'the header of a large message',
      'failed',
      { body: { kind: 'spool', file: 'x', size: 50_000 } },
      'text/rfc822-headers',
    ],
    [
      'the Message-ID of REQUIRETLS mail',
      'failed',
      { parameters: { ...plainMail, requireTls: true } },
      'text/rfc822-headers',
    ],
    ['the header with a delay notice', 'delayed', {}, 'text/rfc822-headers'],
  ] as const)('is %s', async (_, notice, changes, expected) => {
    const { run, prepared } = setUp([task({ notice, message: message(changes) })])
    await run()
    expect(parts(prepared[0]).at(-1)).toBe(expected)
  })

  it('names REQUIRETLS mail by its Message-ID only, without its subject', async () => {
    const { run, prepared } = setUp([task({ message: message({ parameters: { ...plainMail, requireTls: true } }) })])
    await run()
    const [report] = prepared
    expect(report?.body.toString()).toContain('<m@example.net>')
    expect(`${report?.header.toString()}${report?.body.toString()}`).not.toContain('Minutes')
  })

  it('is read from the spool if it is small enough', async () => {
    const { run, prepared } = setUp([task({ message: message({ body: { kind: 'spool', file: 'x', size: 16 } }) })])
    await run()
    expect(prepared[0]?.body.toString()).toContain('from the spool\r\n')
  })

  it('is cut between fields if the header is too large', async () => {
    const header = Buffer.from(`Subject: x\r\n${'X-Long: a\r\n b\r\n'.repeat(5000)}\r\n`)
    const { run, prepared } = setUp([task({ message: message({ header }) })])
    await run()
    const returned = prepared[0]?.body.toString().split('Header of the message\r\n\r\n')[1] ?? ''
    expect(returned.length).toBeLessThan(BOUNCE_SIZE_LIMIT + 100)
    expect(returned).toMatch(/X-Long: a\r\n b\r\n\r\n--/)
  })
})

describe('errors', () => {
  it('keep a notice due while routing is unavailable, without a delay of the others', async () => {
    const many = Array.from({ length: 30 }, () => task({ message: message({ sender: 'down@example.net' }) }))
    const { run, told, due, postponed, state, limits } = setUp([...many, task()])
    state.routingDown.add('down@example.net')
    await run()
    expect(told).toHaveLength(1)
    expect(due).toHaveLength(30)
    expect(postponed).toHaveLength(30)
    expect(postponed[0]).toContain('routing is unavailable')
    expect(Math.max(...limits())).toBe(20)
    state.routingDown.clear()
    await run()
    expect(due).toHaveLength(0)
    expect(told).toHaveLength(31)
  })

  it('return the header alone if the body cannot be read', async () => {
    const { run, told, postponed, prepared } = setUp([
      task({ message: message({ body: { kind: 'spool', file: 'gone', size: 40_000 } }) }),
    ])
    await run()
    expect(postponed).toEqual([])
    expect(told).toHaveLength(1)
    expect(prepared[0]?.body.toString()).toContain('text/rfc822-headers')
  })

  it('are followed by another run after a minute', async () => {
    const { run, notifier, clock, told, postponed, state } = setUp([task()])
    state.queueDown = true
    notifier.start()
    await run()
    expect(postponed).toContain('EIO')
    state.queueDown = false
    await clock.advance(61_000)
    expect(told).toHaveLength(1)
  })

  it('do not hide notices that become due during a run', async () => {
    const { notifier, clock, due, told } = setUp([task()])
    notifier.due()
    due.push(task())
    notifier.due()
    for (let i = 0; i < 20; i++) await clock.advance(0)
    expect(told).toHaveLength(2)
  })

  it('cause no run after the stop', async () => {
    const { notifier, run, told } = setUp([task()])
    await notifier.stop()
    await run()
    expect(told).toHaveLength(0)
  })
})

describe('the copy for the operator', () => {
  const hidden = recipient({
    private: true,
    address: 'jane@home.example.com',
    original: 'press@example.org',
    reply: '550 5.1.1 <jane@home.example.com> unknown at mx.example.com',
    replyClass: 'unknown-user',
  })

  it('hides nothing, and is committed with the DSN to the sender', async () => {
    const { run, told, prepared } = setUp([task({ recipients: [hidden] })], { copyTo: 'ops@example.org' })
    await run()
    expect(prepared.map((one) => one.recipient)).toEqual(['kim@example.net', 'ops@example.org'])
    const [sender, operator] = prepared.map((one) => `${String(one.header)}${String(one.body)}`)
    expect(sender).not.toMatch(/jane|home|mx\.example\.com|192\.0\.2\.1|unknown-user/)
    expect(operator).toContain('Final-Recipient: rfc822;jane@home.example.com')
    expect(operator).toContain('Original-Recipient: rfc822;press@example.org')
    expect(operator).toContain('Remote-MTA: dns; mx.example.com')
    expect(operator).toContain('X-Waypost-Connection: mx.example.com[192.0.2.1]:25')
    expect(operator).toContain('X-Waypost-Class: unknown-user')
    expect(operator).toContain('X-Waypost-Sender: rfc822;kim@example.net')
    expect(operator).toContain('X-Waypost-Report: copy')
    expect(operator).toContain('The minutes.')
    expect(told[0]?.copies).toHaveLength(1)
    expect(told[0]?.events).toMatchObject([{ to: 'kim@example.net', dsn: 'DSN1', copy: 'DSN2' }])
  })

  it('contains only failures that the sender is notified of', async () => {
    const never = recipient({ parameters: { notify: ['NEVER'], orcpt: null } })
    const tasks = [
      task({ recipients: [recipient()], notice: 'delayed' }),
      task({ recipients: [never] }),
      task({ message: message({ senderProven: false }) }),
    ]
    const { run, prepared } = setUp(tasks, { copyTo: 'ops@example.org' })
    await run()
    expect(prepared.map((one) => one.recipient)).toEqual(['kim@example.net'])
  })

  it('does not delay the DSN to the sender if it has no route', async () => {
    const { run, told, state } = setUp([task()], { copyTo: 'ops@example.org' })
    state.unroutable.add('ops@example.org')
    await run()
    expect(told[0]).toMatchObject({ dsn: { queueId: 'DSN1' }, copies: [] })
  })
})

describe('a double bounce', () => {
  const bounce = (header = 'Subject: Undelivered\r\n\r\n') => message({ sender: null, header: Buffer.from(header) })

  it('goes to the operator if configured', async () => {
    const { run, told, prepared } = setUp([task({ message: bounce() })], { doubleBouncesTo: 'ops@example.org' })
    await run()
    expect(prepared.map((one) => one.recipient)).toEqual(['ops@example.org'])
    expect(String(prepared[0]?.header)).toContain('X-Waypost-Report: double-bounce')
    expect(told[0]).toMatchObject({ dsn: null, copies: [{ queueId: 'DSN1' }] })
    expect(told[0]?.events).toMatchObject([{ notice: 'failed', to: 'ops@example.org', dsn: 'DSN1' }])
  })

  it('of an operator report is not reported', async () => {
    const own = bounce('X-Waypost-Report: copy\r\n\r\n')
    const { run, told, prepared } = setUp([task({ message: own })], { doubleBouncesTo: 'ops@example.org' })
    await run()
    expect(prepared).toEqual([])
    expect(told[0]?.events).toMatchObject([{ dsn: null, reason: 'operator report' }])
  })
})

it('an expansion has its own action', async () => {
  const asked = recipient({
    address: 'team@example.org',
    parameters: { notify: ['SUCCESS'], orcpt: null },
    status: '2.1.5',
    reply: '',
    host: null,
  })
  const { run, prepared } = setUp([task({ notice: 'expanded', recipients: [asked] })])
  await run()
  const body = String(prepared[0]?.body)
  expect(body).toContain('Action: expanded')
  expect(body).toContain('Status: 2.1.5')
  expect(body).toContain('team@example.org')
})
