// Which stage each hook runs, what it returns, and which refusals the ledger gets.

import { PassThrough, Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { allActive, sampleSession } from '../../test/lib/check-facts.ts'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { createPool } from '../budget/pool.ts'
import type { Checked, Intake } from '../intake/intake.ts'
import type { Check } from '../policy/check.ts'
import { type CheckPorts, createChecks } from '../policy/run-checks.ts'
import type { TestedChecks } from '../policy/test-mode.ts'
import { accept, refuse } from '../policy/verdict.ts'
import type { Resolution } from '../route/resolution.ts'
import { type InterruptionKind, MessageInterrupted } from '../server/interruption.ts'
import type { Transaction } from '../server/server-hooks.ts'
import { plainMail, plainRecipient } from '../smtp/envelope.ts'
import { refusal } from '../smtp/reply.ts'
import { createHooks } from './session-hooks.ts'

const resolution: Resolution = { kind: 'discard', reason: 'test', via: [] }
const kim = { forwardPath: 'kim@example.org', parameters: plainRecipient }
const bounce: Transaction<Resolution> = { reversePath: null, parameters: plainMail, recipients: [] }
const session = sampleSession({ origin: { kind: 'internet' } })
const no = refusal(550, '5.7.1', 'No')

let noted: string[]
let metered: string[]
let bugs: unknown[]
let accepted: Checked[]
let answer: Awaited<ReturnType<Intake['accept']>>

beforeEach(() => {
  noted = []
  metered = []
  bugs = []
  accepted = []
  answer = { kind: 'accepted', queueId: 'Q1', bodyKept: true }
})

/** The budget of message memory; every test gives back what it took. */
const memory = createPool({ capacity: 64 * 1024 }, () => {})
afterEach(() => expect(memory.used).toBe(0))

const bodies = {
  createSpoolFile: () => Promise.reject(new Error('no spool file is needed')),
  openBody: () => Readable.from([]),
}

function hooksOf(...checks: Check[]) {
  return hooksWith({}, ...checks)
}

function hooksWith(tested: Partial<CheckPorts>, ...checks: Check[]) {
  const clock = createFakeClock()
  const log = { bug: (error: unknown) => void bugs.push(error) }
  const takeChecked = async (checked: Checked) => {
    accepted.push(checked)
    return answer
  }
  return createHooks({
    checks: createChecks(checks, { clock, log, ...allActive, ...tested }),
    login: null,
    watch: { watch: () => undefined, ended: () => null },
    machines: null,
    intake: { accept: takeChecked, prepare: async () => null },
    queue: bodies,
    memory,
    rejections: {
      note: (_, { stage, reply, envelope = {} }) =>
        void noted.push(
          `${stage} ${envelope.sender ?? '<>'} ${envelope.recipient ?? '-'}: ${reply.code} ${reply.enhanced}`,
        ),
      record: (_, { kind, stage, sender, recipient }) =>
        void noted.push(`${kind} ${stage} ${sender ?? '<>'} ${recipient ?? '-'}`),
    },
    messageMeter: {
      connected: (_, answered) => void metered.push(`connected ${answered}`),
      answered: (_, answered, ms) => void metered.push(`${answered} after ${ms} ms`),
    },
    newQueueId: () => 'Q1',
    clock,
    log,
    bareNewline: 'reject',
    messageSize: 100_000,
  })
}

describe('connect and secured', () => {
  test('return the origin and the name that the checks found', async () => {
    const origin = { kind: 'peer', role: 'mx', vouched: 'nothing' } as const
    const hooks = hooksOf({ name: 'c', connect: () => ({ verdict: accept, origin, remoteName: 'mx.example.org' }) })
    expect(await hooks.connect(sampleSession())).toEqual({ kind: 'accept', origin, remoteName: 'mx.example.org' })
  })

  test('keep what the session has already', async () => {
    const known = sampleSession({ origin: { kind: 'internet' }, remoteName: 'mail.a.example' })
    expect(await hooksOf().secured(known)).toEqual({
      kind: 'accept',
      origin: { kind: 'internet' },
      remoteName: 'mail.a.example',
    })
  })

  test('record refusals as stage connect', async () => {
    const refuses = () => ({ verdict: refuse(no) })
    const hooks = hooksOf({ name: 'c', connect: refuses, secured: refuses })
    expect(await hooks.connect(session)).toEqual({ kind: 'reject', reply: no })
    expect(metered).toEqual(['connected rejected'])
    expect(await hooks.secured(session)).toEqual({ kind: 'reject', reply: no })
    expect(noted).toEqual(['connect <> -: 550 5.7.1', 'connect <> -: 550 5.7.1'])
  })
})

test('helo, mail and rcpt record refusals with their envelope, and nothing where all checks accept', async () => {
  const refuses = () => ({ verdict: refuse(no) })
  const strict = hooksOf({ name: 'c', helo: refuses, mail: refuses, rcpt: refuses })
  await strict.helo(session)
  await strict.mail(session, 'ann@stranger.example', plainMail)
  await strict.rcpt(session, bounce, kim)
  expect(noted).toEqual([
    'helo <> -: 550 5.7.1',
    'mail ann@stranger.example -: 550 5.7.1',
    'rcpt <> kim@example.org: 550 5.7.1',
  ])
  noted = []
  const open = hooksOf({ name: 'c', rcpt: () => ({ verdict: accept, resolution }) })
  expect(await open.helo(session)).toEqual(accept)
  expect(await open.mail(session, null, plainMail)).toEqual(accept)
  expect(await open.rcpt(session, bounce, kim)).toEqual({ kind: 'accept', resolution })
  expect(noted).toEqual([])
})

test('without a resolution no recipient is accepted, whatever the checks say', async () => {
  expect(await hooksOf().rcpt(session, bounce, kim)).toMatchObject({ kind: 'defer', reply: { code: 451 } })
  expect(bugs).toHaveLength(1)
})

test('a session without an origin class has the rights of the internet at RCPT', async () => {
  let seen: unknown = null
  const looks: Check = {
    name: 'looks',
    rcpt: ({ origin }) => {
      seen = origin
      return { verdict: accept, resolution }
    },
  }
  await hooksOf(looks).rcpt(sampleSession(), bounce, kim)
  expect(seen).toEqual({ kind: 'internet' })
})

test('AUTH is refused where it is not offered', async () => {
  const answered = await hooksOf().authenticate(session, { kind: 'external', authzid: null })
  expect(answered).toMatchObject({ kind: 'refused', reply: { code: 503 } })
  expect(noted).toEqual(['auth <> -: 503 5.5.1'])
})

const to = (...addresses: string[]): Transaction<Resolution> => ({
  ...bounce,
  recipients: addresses.map((forwardPath) => ({ forwardPath, parameters: plainRecipient, resolution })),
})

const messageOf = (text: string) => {
  const message = new PassThrough()
  message.end(text)
  return message
}

describe('data', () => {
  test('hands an accepted message to intake with what the checks found', async () => {
    const check: Check = { name: 'c', message: () => ({ verdict: accept, senderProven: true }) }
    const reply = await hooksOf(check).data(session, to('kim@example.org'), messageOf('Subject: x\r\n\r\nhello\r\n'))
    expect(reply).toMatchObject({ code: 250, text: 'Ok: queued as Q1' })
    expect(accepted).toMatchObject([
      {
        draft: { sender: null, recipients: [{ resolution }] },
        mail: { queueId: 'Q1', recipients: ['kim@example.org'] },
        findings: { senderProven: true, origin: { kind: 'internet' } },
      },
    ])
  })

  test('a message that a check refuses does not reach intake', async () => {
    const check: Check = { name: 'c', message: () => ({ verdict: refuse(no) }) }
    expect(await hooksOf(check).data(session, to('kim@example.org'), messageOf('Subject: x\r\n\r\n'))).toEqual(no)
    expect(accepted).toEqual([])
    expect(noted).toEqual(['data <> kim@example.org: 550 5.7.1'])
    expect(metered).toEqual(['rejected after 0 ms'])
  })

  test('the ledger has a refused message under each of its recipients', async () => {
    const transaction = to('kim@example.org', 'lee@example.org')
    const reply = await hooksOf().data(session, transaction, messageOf('Subject: a bare\nnewline\r\n'))
    expect(reply).toMatchObject({ code: 550 })
    // It did not arrive in full.
    expect(metered).toEqual([])
    expect(noted).toEqual(['data <> kim@example.org: 550 5.5.2', 'data <> lee@example.org: 550 5.5.2'])
  })

  test('a refused message to a thousand recipients does not fill the ledger', async () => {
    const transaction = to(...Array.from({ length: 1000 }, (_, i) => `list-${i}@example.org`))
    await hooksOf().data(session, transaction, messageOf('Subject: a bare\nnewline\r\n'))
    expect(noted).toHaveLength(5)
  })

  test('a refusal of intake is recorded too', async () => {
    answer = { kind: 'refused', reply: no }
    expect(await hooksOf().data(session, to('kim@example.org'), messageOf('Subject: x\r\n\r\n'))).toEqual(no)
    expect(noted).toEqual(['data <> kim@example.org: 550 5.7.1'])
  })

  test.each<[InterruptionKind, string]>([
    ['too-large', '552 5.3.4'],
    ['too-slow', '421 4.4.2'],
    ['shutdown', '421 4.3.2'],
    ['disconnected', '451 4.4.2'],
  ])('for a message interrupted by %s the ledger has the reply that the client gets', async (kind, expected) => {
    const message = new PassThrough()
    message.on('error', () => {})
    message.write('Subject: x\r\n')
    const reply = hooksOf().data(session, to('kim@example.org'), message)
    message.destroy(new MessageInterrupted(kind))
    expect(`${(await reply).code}`).toBe(expected.slice(0, 3))
    expect(noted).toEqual([`data <> kim@example.org: ${expected}`])
  })
})

test('a message with a long header section beyond the memory of its client is deferred and read to its end', async () => {
  const held = memory.take({ purpose: 'fleet' }, 60 * 1024)
  const message = Readable.from([Buffer.from(`Subject: ${'x'.repeat(70_000)}\r\n\r\nHello.\r\n`)])
  const reply = await hooksOf().data(session, { ...bounce, recipients: [{ ...kim, resolution }] }, message)
  expect(reply).toMatchObject({ code: 452, enhanced: '4.3.1', cause: expect.stringContaining('messageMemory') })
  expect(message.readableEnded).toBe(true)
  expect(accepted).toEqual([])
  if (held.kind === 'lease') held.release()
})

describe('a check in test mode', () => {
  const tested = { tested: { value: new Map([['tried', 'whole']]) as TestedChecks } }
  const tried: Check = {
    name: 'tried',
    rcpt: () => ({ verdict: refuse(no) }),
    message: () => ({ verdict: refuse(no) }),
  }
  const routes: Check = { name: 'routes', rcpt: () => ({ verdict: accept, resolution }) }
  const transaction = { ...bounce, recipients: [{ ...kim, resolution }] }

  test('lets the message pass, and its history says what would have happened', async () => {
    const hooks = hooksWith(tested, tried, routes)
    expect(await hooks.rcpt(session, bounce, kim)).toMatchObject({ kind: 'accept' })
    expect(await hooks.data(session, transaction, messageOf('Subject: x\r\n\r\nhello\r\n'))).toMatchObject({
      code: 250,
    })
    expect(accepted[0]?.findings.events).toMatchObject([
      { kind: 'would-reject', queueId: 'Q1', check: 'tried', stage: 'rcpt', recipient: 'kim@example.org' },
      { kind: 'would-reject', queueId: 'Q1', check: 'tried', stage: 'data' },
    ])
    hooks.ended(session, transaction, 0)
    expect(noted).toEqual([])
  })

  test('is in the ledger also if another check refuses the message', async () => {
    const hooks = hooksWith(tested, tried, routes, { name: 'acts', message: () => ({ verdict: refuse(no) }) })
    expect(await hooks.data(session, transaction, messageOf('Subject: x\r\n\r\nhello\r\n'))).toMatchObject({
      code: 550,
    })
    hooks.ended(session, transaction, 0)
    expect(noted).toEqual(['data <> kim@example.org: 550 5.7.1', 'would-reject data <> kim@example.org'])
  })
})
