// One forwarded message, several copies: what each recipient gets, in one commit, with a real queue and real signatures.

import { generateKeyPairSync } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createDraftIntake } from '../../test/lib/draft-intake.ts'
import { type TestQueue, testQueue } from '../../test/lib/queue-samples.ts'
import { createSealer } from '../dkim/seal.ts'
import { createSigner } from '../dkim/sign.ts'
import { fieldsNamed, readFields } from '../message/header.ts'
import type { Event } from '../observe/events.ts'
import { createForwardPolicy } from '../policy/forward-policy.ts'
import type { ForwardPolicySettings, Treatment } from '../policy/forward-policy.ts'
import type { OpenQueue } from '../queue/contract/opened-queue.ts'
import type { Claim, StoredBody } from '../queue/contract/queue.ts'
import type { Destination, Resolution, Router } from '../route/resolution.ts'
import { plainMail, plainRecipient } from '../smtp/envelope.ts'
import { BodySpool } from './body-spool.ts'
import type { Draft } from './intake.ts'
import type { IntakePorts, IntakeSettings } from './ports.ts'

let place: TestQueue
let queue: OpenQueue
let claims: Claim[]
let events: Event[]
let notices: number
let bugs: unknown[]

beforeEach(async () => {
  place = testQueue()
  queue = await place.open()
  claims = []
  events = []
  notices = 0
  bugs = []
  queue.subscribe((more) => events.push(...more))
})
afterEach(() => place.remove())

const { privateKey } = generateKeyPairSync('ed25519')
const key = { algorithm: 'ed25519-sha256', privateKey, stage: 'active', since: null, file: 'key' } as const
const signer = createSigner({ keys: [{ ...key, domain: 'example.org', selector: 'ed' }], parents: ['example.org'] })
const sealer = createSealer({ keys: [{ ...key, domain: 'example.org', selector: 'ed' }], parents: ['example.org'] })
const isOurs = (domain: string) => domain === 'example.org' || domain === 'srs.example.org'

const policySettings: ForwardPolicySettings = {
  authservId: 'example.org',
  domain: 'srs.example.org',
  via: 'example.org',
  defaultTreatment: 'pass',
  defaultCeiling: 6,
  unclearAuthor: 'wrap',
  isOurs,
  signs: (domain) => signer.signsFor(domain),
}

const settings: IntakeSettings = {
  edit: { hostname: 'srs-01.example.org', authservId: 'example.org', complete: false, hideClient: false },
  sign: 'proven-origin',
  forwards: createForwardPolicy(policySettings),
}

function intake(change: Partial<IntakePorts> = {}, more: Partial<IntakeSettings> = {}) {
  let id = 0
  return createDraftIntake(
    { ...settings, ...more },
    {
      clock: place.clock,
      queue,
      quarantine: { admit: () => Promise.reject(new Error('no quarantine')) },
      router: { isOurs } as unknown as Router,
      signer,
      sealer,
      newQueueId: () => `Q${++id}`,
      hasCapacity: () => true,
      takeClaims: (more) => void claims.push(...more),
      noticesDue: () => notices++,
      log: { bug: (error) => void bugs.push(error) },
      ...change,
    },
  )
}

const bySpf = 'spf=pass; dkim=none; dmarc=pass header.from=stranger.example policy.dmarc=reject'

function headerOf(results = bySpf, from = 'Ann <ann@stranger.example>') {
  const lines = [
    'Received: from mail.stranger.example by mx-01.example.org',
    `Authentication-Results: example.org; ${results}`,
    `From: ${from}`,
    'To: press@example.org',
    'Subject: Hello',
    'Message-ID: <1@stranger.example>',
  ]
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`)
}

/** One destination for each action; null means no action. */
function to(...wishes: (Treatment | null)[]): Resolution {
  const destinations = wishes.map((wish, n): Destination => {
    const treatment = wish && { treatment: wish, source: `mail.yaml:${n}` }
    const address = `u${n}@home.example`
    const reversePath = 'SRS0=x=y=stranger.example=ann@srs.example.org'
    const forward = { action: treatment }
    return {
      recipient: address,
      mailbox: address,
      original: 'press@example.org',
      reversePath,
      nextHop: 'mx:home.example',
      private: true,
      forward,
      via: [],
    }
  })
  return { kind: 'destinations', destinations }
}

function draft(resolution: Resolution, change: Partial<Draft> = {}): Draft {
  return {
    session: null,
    origin: { kind: 'peer', role: 'mx', vouched: 'dmarc-pass' },
    sender: 'ann@stranger.example',
    parameters: plainMail,
    recipients: [{ forwardPath: 'press@example.org', parameters: plainRecipient, resolution }],
    header: headerOf(),
    body: { kind: 'inline', bytes: Buffer.from('Hello\r\n') },
    ...change,
  }
}

async function spooled(octets: Buffer): Promise<StoredBody> {
  const sink = new BodySpool(queue)
  for (let at = 0; at < octets.length; at += 10_000) await sink.write(octets.subarray(at, at + 10_000))
  return sink.finish()
}

const spoolFiles = () =>
  readdirSync(join(place.directory, 'spool'), { recursive: true, withFileTypes: true }).filter((one) => one.isFile())
const copyFor = (address: string) => claims.find(({ recipients }) => recipients.some((one) => one.address === address))
const forwardEvents = () => events.filter((event) => event.kind === 'checked' && event.check === 'forward')
const value = (claim: Claim | undefined, name: string) =>
  fieldsNamed(readFields(claim?.message.header ?? Buffer.alloc(0)), name).map((field) => field.value)

describe('a message whose author is not clear', () => {
  const inside = 'ceo@bank.example, eve@evil.example'

  test('is attached to a message of ours that copies nothing of the author', async () => {
    const header = headerOf('spf=pass; dmarc=permerror', inside)
    await intake().accept(draft(to('pass'), { header }))
    expect(value(claims[0], 'from')).toEqual(['"Unclear author via example.org" <unclear-author@srs.example.org>'])
    expect(value(claims[0], 'reply-to')).toEqual([])
    expect(value(claims[0], 'content-type')).toEqual([expect.stringMatching(/^multipart\/mixed/)])
    const { body } = claims[0]?.message ?? {}
    const text = body?.kind === 'inline' ? body.bytes.toString() : ''
    expect(text).toContain(`From: ${inside}\r\n`)
    expect(text).toContain('does not name one author clearly')
    expect(forwardEvents()).toMatchObject([{ result: 'wrap', detail: expect.stringContaining('not clear') }])
    expect(events.some((event) => event.kind === 'signed')).toBe(true)
  })

  test('is refused where the configuration says so', async () => {
    const forwards = createForwardPolicy({ ...policySettings, unclearAuthor: 'reject' })
    const header = headerOf('spf=pass; dmarc=permerror', inside)
    expect(await intake({}, { forwards }).accept(draft(to('pass'), { header }))).toMatchObject({
      kind: 'refused',
      reply: { code: 550, text: expect.stringContaining('does not name one author clearly') },
    })
  })
})

describe('a message that passes unchanged', () => {
  test('is one message for all actions, because DMARC does not fail', async () => {
    const signed =
      'dkim=pass header.d=stranger.example header.s=a policy.aligned=yes; dmarc=pass header.from=stranger.example policy.dmarc=reject'
    const header = headerOf(signed)
    await intake().accept(draft(to('wrap', 'rewrite-from', 'reject', null), { header }))
    expect(new Set(claims.map(({ message }) => message.queueId))).toEqual(new Set(['Q1']))
    expect(claims[0]?.message.header.subarray(-header.length).equals(header)).toBe(true)
    expect(forwardEvents()).toMatchObject([{ result: 'pass', detail: expect.stringContaining('predicted pass') }])
  })

  test('from an author of ours needs no decision', async () => {
    const header = headerOf('auth=pass', 'Lee <lee@example.org>')
    const origin = { kind: 'peer', role: 'mx', vouched: 'authenticated' } as const
    await intake().accept(draft(to('wrap'), { header, origin }))
    expect(forwardEvents()).toEqual([])
    expect(events.some((event) => event.kind === 'signed')).toBe(true)
  })

  test('by configuration has the prediction in the ledger', async () => {
    await intake().accept(draft(to(null)))
    expect(value(claims[0], 'from')).toEqual(['Ann <ann@stranger.example>'])
    expect(forwardEvents()).toMatchObject([
      { recipient: 'u0@home.example', result: 'pass', detail: expect.stringContaining('predicted fail') },
    ])
  })
})

describe('a message whose recipients need different copies', () => {
  test('becomes one message for each treatment, with one reply', async () => {
    const answer = await intake().accept(draft(to('pass', 'rewrite-from', 'wrap', 'rewrite-from', 'reject')))
    expect(answer).toEqual({ kind: 'accepted', queueId: 'Q1', bodyKept: true })
    expect(claims.map(({ message, recipients }) => [message.queueId, recipients.map((one) => one.address)])).toEqual([
      ['Q1', ['u0@home.example']],
      ['Q2', ['u1@home.example', 'u3@home.example']],
      ['Q3', ['u2@home.example']],
    ])
    expect((await queue.reader.stats()).messages).toBe(4)
  })

  test('has a new signed author in the rewritten copy and keeps the other fields', async () => {
    await intake().accept(draft(to('rewrite-from')))
    const [claim] = claims
    expect(value(claim, 'from')).toEqual(['"Ann via example.org" <ann=stranger.example@srs.example.org>'])
    expect(value(claim, 'reply-to')).toEqual(['Ann <ann@stranger.example>'])
    expect(value(claim, 'subject')).toEqual(['Hello'])
    expect(value(claim, 'dkim-signature')[0]).toContain('d=example.org; s=ed;')
    expect(value(claim, 'received')).toHaveLength(2)
    expect(claim?.message.body).toEqual({ kind: 'inline', bytes: Buffer.from('Hello\r\n') })
    expect(claim?.reversePath).toContain('SRS0=')
  })

  test('directs replies to the author of the rewritten copy if Reply-To is empty', async () => {
    const header = Buffer.from(headerOf().toString().replace('To: press', 'Reply-To: \r\nTo: press'))
    await intake().accept(draft(to('rewrite-from'), { header }))
    expect(value(claims[0], 'reply-to')).toEqual(['Ann <ann@stranger.example>'])
  })

  test('attaches the whole message to the wrapped copy', async () => {
    await intake().accept(draft(to('wrap')))
    const [claim] = claims
    const body = (await buffer(queue.openBody(claim?.message.body as StoredBody))).toString()
    expect(body).toContain(`Content-Type: message/rfc822\r\n\r\n${headerOf().toString()}Hello\r\n\r\n--`)
    expect(value(claim, 'content-type')[0]).toMatch(/^multipart\/mixed/)
    expect(value(claim, 'message-id')).toEqual(['<Q1.wrapped@srs-01.example.org>'])
    expect(value(claim, 'dkim-signature')).toHaveLength(1)
    expect(events.find((event) => event.kind === 'received')).toMatchObject({ messageId: '<1@stranger.example>' })
  })

  test('has the events of every copy in the ledger: received, decided, resolved, and one final event', async () => {
    await intake().accept(draft(to('pass', 'rewrite-from', 'reject')))
    for (const [queueId, address] of [
      ['Q1', 'u0@home.example'],
      ['Q2', 'u1@home.example'],
      ['Q3', 'u2@home.example'],
    ]) {
      const own = events.filter((event) => event.queueId === queueId)
      expect(own.map((event) => event.kind)).toEqual(expect.arrayContaining(['received', 'resolved', 'checked']))
      expect(own.filter((event) => event.kind === 'resolved')).toMatchObject([{ recipient: address }])
    }
    expect(events.filter((event) => event.kind === 'failed')).toMatchObject([
      {
        queueId: 'Q3',
        recipient: 'u2@home.example',
        reply: expect.stringMatching(/^550 5\.7\.1 This message would fail the DMARC check/),
      },
    ])
  })
})

describe('sealing', () => {
  const seal = { domain: 'srs.example.org', authservId: 'example.org' }
  const own = 'Authentication-Results: forged.example; arc=pass\r\n'

  test('is off by default', async () => {
    await intake().accept(draft(to('pass', 'rewrite-from')))
    for (const claim of claims) expect(value(claim, 'arc-seal')).toEqual([])
  })

  test('adds the results of the mx above our signature', async () => {
    const header = Buffer.concat([headerOf().subarray(0, -2), Buffer.from(`${own}\r\n`)])
    await intake({}, { seal }).accept(draft(to('pass', 'rewrite-from', 'wrap'), { header }))
    for (const address of ['u0@home.example', 'u1@home.example']) {
      const fields = readFields(copyFor(address)?.message.header ?? Buffer.alloc(0)).map((field) => field.key)
      expect(fields.slice(0, 5)).toEqual([
        'delivered-to',
        'received',
        'arc-seal',
        'arc-message-signature',
        'arc-authentication-results',
      ])
      const results = value(copyFor(address), 'arc-authentication-results')[0]?.replace(/\s+/g, ' ')
      expect(results).toBe(`i=1; example.org; ${bySpf}`)
    }
    expect(value(copyFor('u2@home.example'), 'arc-seal')).toEqual([])
    expect(events.filter((event) => event.kind === 'checked' && event.check === 'arc-seal')).toMatchObject([
      { queueId: 'Q1', result: 'sealed', detail: 'set 1 of example.org (ed)' },
      { queueId: 'Q2', result: 'sealed' },
    ])
  })

  test('leaves out mail of our authors', async () => {
    const header = headerOf('auth=pass', 'Lee <lee@example.org>')
    await intake({}, { seal }).accept(draft(to(null), { header }))
    expect(value(claims[0], 'arc-seal')).toEqual([])
  })
})

describe('refused', () => {
  test('in the reply if every copy is refused: 550 5.7.1, nothing is stored', async () => {
    const answer = await intake().accept(draft(to('reject', 'reject')))
    expect(answer).toMatchObject({ kind: 'refused', reply: { code: 550, enhanced: '5.7.1' } })
    if (answer.kind === 'refused') expect(answer.reply.cause).toContain('SPF alone')
    expect((await queue.reader.stats()).messages).toBe(0)
    expect(notices).toBe(0)
  })

  test('by a bounce if other recipients get the message', async () => {
    await intake().accept(draft(to('pass', 'reject')))
    expect(notices).toBe(1)
    expect(await queue.noticeTasks({ limit: 5, now: place.clock.now() })).toMatchObject([
      { notice: 'failed', recipients: [{ address: 'u1@home.example', original: 'press@example.org', private: true }] },
    ])
  })
})

describe('a large body', () => {
  const octets = Buffer.alloc(200_000, 'large body\r\n')

  test('is shared by the copies and read by each', async () => {
    const body = await spooled(octets)
    expect(await intake().accept(draft(to('pass', 'rewrite-from', 'wrap'), { body }))).toMatchObject({ bodyKept: true })
    for (const address of ['u0@home.example', 'u1@home.example']) {
      const stored = copyFor(address)?.message.body as StoredBody
      expect((await buffer(queue.openBody(stored))).equals(octets)).toBe(true)
    }
    const wrapped = await buffer(queue.openBody(copyFor('u2@home.example')?.message.body as StoredBody))
    expect(wrapped.includes(octets)).toBe(true)
    expect(spoolFiles()).toHaveLength(3)
  })

  test('that only a wrapped copy contains is not kept', async () => {
    const body = await spooled(octets)
    expect(await intake().accept(draft(to('wrap'), { body }))).toMatchObject({ kind: 'accepted', bodyKept: false })
  })

  test('leaves no file if the commit fails', async () => {
    const body = await spooled(octets)
    const broken = new Proxy(queue, {
      get: (target, name) => {
        if (name === 'acceptAll') return () => Promise.reject(new Error('no commit'))
        const found: unknown = Reflect.get(target, name, target)
        return typeof found === 'function' ? (found.bind(target) as unknown) : found
      },
    })
    const answer = await intake({ queue: broken }).accept(draft(to('pass', 'rewrite-from', 'wrap'), { body }))
    expect(answer).toMatchObject({ kind: 'refused', reply: { code: 451 } })
    expect(bugs).toHaveLength(1)
    expect(spoolFiles()).toHaveLength(1)
  })

  test('leaves no file if the disk is full during a copy', async () => {
    const body = await spooled(octets)
    const full = new Proxy(queue, {
      get: (target, name) => {
        if (name === 'openBody')
          return (one: StoredBody) => {
            const stream = target.openBody(one)
            setImmediate(() => stream.destroy(new Error('disk')))
            return stream
          }
        const found: unknown = Reflect.get(target, name, target)
        return typeof found === 'function' ? (found.bind(target) as unknown) : found
      },
    })
    const answer = await intake({ queue: full }).accept(draft(to('wrap'), { body }))
    expect(answer).toMatchObject({ kind: 'refused', reply: { code: 451 } })
    expect(spoolFiles()).toHaveLength(1)
    await pipeline(queue.openBody(body), new Writable({ write: (_chunk, _encoding, done) => done() }))
  })
})
