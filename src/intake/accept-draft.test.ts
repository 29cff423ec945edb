import { Readable } from 'node:stream'
import { beforeEach, describe, expect, test } from 'vitest'
import { createDraftIntake } from '../../test/lib/draft-intake.ts'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import type { Signer } from '../dkim/signer.ts'
import type { Check } from '../policy/check.ts'
import type { NewMessage } from '../queue/contract/queue.ts'
import { QueueUnavailable } from '../queue/contract/queue-unavailable.ts'
import type { Destination, Resolution, Router } from '../route/resolution.ts'
import { plainMail, plainRecipient } from '../smtp/envelope.ts'
import { refusal } from '../smtp/reply.ts'
import type { Draft } from './intake.ts'
import type { IntakePorts, IntakeSettings } from './ports.ts'

const AT = Date.UTC(2026, 10, 21)
const header = (text: string) => Buffer.from(`${text.trim().replaceAll('\n', '\r\n')}\r\n\r\n`)

let accepted: { message: NewMessage; claim: boolean }[]
let recorded: unknown[]
let bugs: unknown[]
let failure: Error | null

const signer: Signer = {
  signsFor: (domain) => domain === 'example.org',
  hasKey: (_, selector) => selector === 's1',
  sign: async () => ({
    kind: 'signed',
    fields: Buffer.from('DKIM-Signature: v=1; d=example.org\r\n'),
    signatures: [{ domain: 'example.org', selector: 's1', algorithm: 'rsa-sha256' }],
  }),
}

const sealer = { seal: async () => ({ kind: 'unsealed' as const, reason: 'not asked for' }) }

beforeEach(() => {
  accepted = []
  recorded = []
  bugs = []
  failure = null
})

function ports(more: Partial<IntakePorts> = {}): IntakePorts {
  const queue = {
    accept: async (message: NewMessage, { claim }: { claim: boolean }) => {
      if (failure) throw failure
      accepted.push({ message, claim })
      return []
    },
    record: async (events: readonly unknown[]) => void recorded.push(...events),
    openBody: () => Readable.from([]),
  } as unknown as IntakePorts['queue']
  const router: Router = {
    resolve: async (request) => destinations({ original: request.forwardPath, recipient: request.forwardPath }),
    isOurs: () => true,
    ownNames: () => ({ highestAbove: () => null, hasBelow: () => false }),
    rewriteSender: async () => ({ kind: 'unchanged' }),
    maySendAs: async () => ({ kind: 'no', allowed: [] }),
    recipientLimit: () => null,
  }
  return {
    clock: createFakeClock(AT),
    queue,
    quarantine: { admit: () => Promise.reject(new Error('no quarantine')) },
    router,
    signer,
    sealer,
    newQueueId: () => 'Q1',
    hasCapacity: () => true,
    takeClaims: () => undefined,
    noticesDue: () => undefined,
    log: { bug: (error) => void bugs.push(error) },
    ...more,
  }
}

function settings(more: Partial<IntakeSettings> = {}): IntakeSettings {
  return {
    edit: { hostname: 'mx.example.org', authservId: 'example.org', complete: false, hideClient: false },
    sign: 'never',
    ...more,
  }
}

function destinations(...given: Partial<Destination>[]): Resolution {
  const whole = given.map((one) => ({
    recipient: 'kim@home.example.net',
    original: 'kim@example.org',
    reversePath: 'ann@stranger.example',
    nextHop: 'mx:home.example.net',
    private: false,
    via: [],
    mailbox: one.recipient ?? 'kim@home.example.net',
    ...one,
  }))
  return { kind: 'destinations', destinations: whole }
}

function draft(more: Partial<Draft> = {}): Draft {
  return {
    session: null,
    origin: { kind: 'internet' },
    sender: 'ann@stranger.example',
    parameters: plainMail,
    recipients: [{ forwardPath: 'kim@example.org', parameters: plainRecipient, resolution: destinations({}) }],
    header: header('From: ann@stranger.example\nSubject: Hello\nMessage-ID: <1@stranger.example>'),
    body: { kind: 'inline', bytes: Buffer.from('Hello\r\n') },
    ...more,
  }
}

const kinds = () => accepted[0]?.message.events.map((event) => event.kind)
const top = () => accepted[0]?.message.header.toString().split('\r\n') ?? []

describe('an accepted message', () => {
  test('is committed once, with trace field, recipients and ledger events', async () => {
    expect(await createDraftIntake(settings(), ports()).accept(draft())).toEqual({
      kind: 'accepted',
      queueId: 'Q1',
      bodyKept: true,
    })
    expect(accepted).toHaveLength(1)
    expect(accepted[0]).toMatchObject({
      claim: true,
      message: { queueId: 'Q1', arrivedAt: AT, sender: 'ann@stranger.example', senderProven: false },
    })
    expect(top()[0]).toMatch(/^Received: by mx\.example\.org/)
    expect(kinds()).toEqual(['received', 'resolved'])
  })

  test('waits in the queue where delivery has no capacity', async () => {
    await createDraftIntake(settings(), ports({ hasCapacity: () => false })).accept(draft())
    expect(accepted[0]?.claim).toBe(false)
  })

  test('goes once to an address that two forward-paths resolve to, with the first as its original', async () => {
    const one = {
      forwardPath: 'press@example.org',
      parameters: plainRecipient,
      resolution: destinations({ original: 'press@example.org' }),
    }
    const two = {
      forwardPath: 'kim@example.org',
      parameters: plainRecipient,
      resolution: destinations({}, { recipient: 'lee@mail.example.com', nextHop: 'mx:mail.example.com' }),
    }
    await createDraftIntake(settings(), ports()).accept(draft({ recipients: [one, two] }))
    expect(accepted[0]?.message.recipients.map((each) => `${each.original} ${each.address}`)).toEqual([
      'press@example.org kim@home.example.net',
      'kim@example.org lee@mail.example.com',
    ])
  })

  test('whose recipients are all discarded is only recorded in the ledger', async () => {
    const resolution: Resolution = { kind: 'discard', reason: 'not read', via: [] }
    const answer = await createDraftIntake(settings(), ports()).accept(
      draft({ recipients: [{ forwardPath: 'noreply@example.org', parameters: plainRecipient, resolution }] }),
    )
    expect(answer.kind).toBe('accepted')
    expect(accepted).toEqual([])
    expect(recorded).toMatchObject([
      { kind: 'received' },
      { kind: 'discarded', recipient: 'noreply@example.org', reason: 'not read' },
    ])
  })

  test('records a member of an alias that has no destination', async () => {
    const resolution: Resolution = {
      ...destinations({}),
      failedMembers: [{ reply: refusal(550, '5.1.1', 'No such address', 'unknown address gone@example.org'), via: [] }],
    } as Resolution
    await createDraftIntake(settings(), ports()).accept(
      draft({ recipients: [{ forwardPath: 'press@example.org', parameters: plainRecipient, resolution }] }),
    )
    expect(accepted[0]?.message.events.at(-1)).toMatchObject({
      kind: 'discarded',
      recipient: 'press@example.org',
      reason: expect.stringContaining('unknown address gone@example.org'),
    })
  })
})

describe('checks', () => {
  const passes: Check = {
    name: 'passes',
    message: () => ({
      verdict: { kind: 'accept' },
      senderProven: true,
      results: 'example.org; spf=pass',
      origin: { kind: 'peer', role: 'mx', vouched: 'dmarc-pass' },
    }),
  }
  const refuses: Check = {
    name: 'refuses',
    message: () => ({ verdict: { kind: 'reject', reply: refusal(550, '5.7.1', 'No') } }),
  }

  test('the stored message has what they found', async () => {
    await createDraftIntake(settings(), ports(), [passes]).accept(draft())
    expect(accepted[0]?.message).toMatchObject({ senderProven: true, origin: { vouched: 'dmarc-pass' } })
  })

  test('a refused message is not queued', async () => {
    const answer = await createDraftIntake(settings(), ports(), [refuses]).accept(draft())
    expect(answer).toMatchObject({ kind: 'refused', reply: { code: 550 } })
    expect(accepted).toEqual([])
    expect(bugs).toEqual([])
  })

  test('Authentication-Results is directly below our Received field; forged ones are removed, others stay', async () => {
    const forged = header(
      'Authentication-Results: example.org; dmarc=pass\nAuthentication-Results: other.example; spf=pass\nFrom: ann@stranger.example',
    )
    await createDraftIntake(settings(), ports(), [passes]).accept(draft({ header: forged }))
    const text = accepted[0]?.message.header.toString() ?? ''
    expect(text.match(/^Authentication-Results: example\.org.*$/gm)).toEqual([
      'Authentication-Results: example.org; spf=pass',
    ])
    expect(text).toContain('Authentication-Results: other.example; spf=pass')
    expect(text.indexOf('Received:')).toBeLessThan(text.indexOf('Authentication-Results:'))
  })

  test.each<[Draft['origin'], boolean]>([
    [{ kind: 'internet' }, false],
    [{ kind: 'user', identity: 'lee' }, false],
    [{ kind: 'machine', identity: 'web-01' }, false],
    [{ kind: 'peer', role: 'mx', vouched: 'nothing' }, true],
  ])('without that check, results with our authserv-id stay only from a peer: %j', async (origin, stay) => {
    const claimed = header('Authentication-Results: example.org; auth=pass\nFrom: ann@stranger.example')
    await createDraftIntake(settings(), ports()).accept(draft({ origin, header: claimed }))
    expect(accepted[0]?.message.header.includes('auth=pass')).toBe(stay)
  })
})

describe('signing', () => {
  const ours = (origin: Draft['origin'], text = 'From: lee@example.org\nSubject: x') =>
    draft({ origin, header: header(text) })
  const signed = async (given: Draft) => {
    await createDraftIntake(settings({ sign: 'proven-origin' }), ports()).accept(given)
    return accepted.at(-1)?.message.header.includes('DKIM-Signature') ?? null
  }

  test.each([
    ['a user', { kind: 'user', identity: 'lee' }, true],
    ['a machine', { kind: 'machine', identity: 'ci-01' }, true],
    ['a peer that vouches for the author', { kind: 'peer', role: 'mx', vouched: 'dmarc-pass' }, true],
    ['a peer that vouches for a login', { kind: 'peer', role: 'mx', vouched: 'authenticated' }, true],
    ['a peer that vouches for the envelope only', { kind: 'peer', role: 'mx', vouched: 'sender-pass' }, false],
    ['a peer that vouches for nothing', { kind: 'peer', role: 'mx', vouched: 'nothing' }, false],
    ['the internet', { kind: 'internet' }, false],
  ] as const)('own-domain mail of %s: %o → %s', async (_, origin, expected) => {
    expect(await signed(ours(origin))).toBe(expected)
    expect(kinds()?.at(-1)).toBe(expected ? 'signed' : 'unsigned')
  })

  test('no signature for a foreign domain, for authors of two domains, or for two From: fields', async () => {
    const user = { kind: 'user', identity: 'lee' } as const
    expect(await signed(ours(user, 'From: a@stranger.example'))).toBe(false)
    expect(await signed(ours(user, 'From: lee@example.org, a@stranger.example'))).toBe(false)
    expect(await signed(ours(user, 'From: lee@example.org\nFrom: a@stranger.example'))).toBe(false)
  })

  test('no second signature', async () => {
    const again = 'DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=old; b=x\nFrom: lee@example.org'
    expect(kinds()).toBeUndefined()
    await signed(ours({ kind: 'user', identity: 'lee' }, again))
    expect(accepted[0]?.message.events.at(-1)).toMatchObject({
      kind: 'unsigned',
      reason: 'already signed for example.org',
    })
  })

  test('a signature by one of our keys goes to the signer, which checks it: a list server may have broken it', async () => {
    const listed = 'DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=s1; b=x\nFrom: lee@example.org'
    await signed(ours({ kind: 'machine', identity: 'lists' }, listed))
    expect(accepted[0]?.message.events.at(-1)).toMatchObject({ kind: 'signed' })
  })
})

describe('mail of a user', () => {
  const edit = { hostname: 'submission.example.org', authservId: 'example.org', complete: true, hideClient: true }
  const user = { kind: 'user', identity: 'lee' } as const

  test('gets Date and Message-ID where they are missing', async () => {
    await createDraftIntake(settings({ edit }), ports()).accept(
      draft({ origin: user, header: header('From: lee@example.org') }),
    )
    await createDraftIntake(settings({ edit }), ports()).accept(
      draft({
        origin: user,
        header: header('From: lee@example.org\nDate: Sat, 21 Nov 2026 10:00:00 +0100\nMessage-ID: <mine@example.org>'),
      }),
    )
    const [first, second] = accepted.map(({ message }) => message.header.toString())
    expect(first).toContain('Date: Sat, 21 Nov 2026 00:00:00 +0000')
    expect(first).toContain('Message-ID: <Q1@submission.example.org>')
    expect(second?.match(/^(Date|Message-ID):/gim)).toHaveLength(2)
  })

  test('has the fields that a check inserts below the signature, which covers them', async () => {
    let signable = ''
    const recording: Signer = {
      ...signer,
      sign: (content, options) => ((signable = content.header.toString()), signer.sign(content, options)),
    }
    const insert = Buffer.from('From: "Doe, Lee" <lee@example.org>\r\n')
    const check: Check = {
      name: 'author',
      message: () => ({ verdict: { kind: 'accept' }, fields: { remove: ['from'], add: Buffer.alloc(0), insert } }),
    }
    const written = header('From: Doe, Lee <lee@example.org>\nSubject: x')
    const intake = createDraftIntake(settings({ edit, sign: 'proven-origin' }), ports({ signer: recording }), [check])
    await intake.accept(draft({ origin: user, header: written }))
    expect(signable.match(/^From:.*/gm)).toEqual(['From: "Doe, Lee" <lee@example.org>'])
    expect(accepted[0]?.message.header.toString()).toMatch(/DKIM-Signature: [^]*\r\nFrom: "Doe, Lee"/)
  })

  test('loses an empty Date or Message-ID', async () => {
    const empty = header('From: lee@example.org\nMessage-ID:\nDate: \nSubject: x')
    await createDraftIntake(settings({ edit }), ports()).accept(draft({ origin: user, header: empty }))
    const text = accepted[0]?.message.header.toString() ?? ''
    expect(text.match(/^(Date|Message-ID):.*/gim)?.toSorted()).toEqual([
      'Date: Sat, 21 Nov 2026 00:00:00 +0000',
      'Message-ID: <Q1@submission.example.org>',
    ])
  })

  test('loses Bcc and the fields that disclose the client', async () => {
    const told = header(
      'From: lee@example.org\nBcc: gina@example.org\nResent-Bcc: max@example.org\nUser-Agent: Mail 1.0\nX-Mailer: Mail\nX-Originating-IP: 192.0.2.1\nSubject: x',
    )
    await createDraftIntake(settings({ edit }), ports()).accept(draft({ origin: user, header: told }))
    expect(accepted[0]?.message.header.toString()).not.toMatch(/Bcc|User-Agent|X-Mailer|X-Originating|192\.0\.2\.1/)
  })
})

describe('an error', () => {
  test.each([
    ['full', 452, '4.3.1'],
    ['failing', 451, '4.3.0'],
    ['corrupt', 451, '4.3.0'],
  ] as const)('a queue that is %s answers %i %s and is no bug', async (cause, code, enhanced) => {
    failure = new QueueUnavailable(cause, 'SQLITE')
    expect(await createDraftIntake(settings(), ports()).accept(draft())).toMatchObject({
      kind: 'refused',
      reply: { code, enhanced },
    })
    expect(bugs).toEqual([])
  })

  test('of another kind is temporary and a bug', async () => {
    failure = new TypeError('x is not a function')
    expect(await createDraftIntake(settings(), ports()).accept(draft())).toMatchObject({
      kind: 'refused',
      reply: { code: 451, enhanced: '4.3.0' },
    })
    expect(bugs).toEqual([failure])
  })
})

describe('a message of the node', () => {
  const own = {
    recipient: 'ann@stranger.example',
    header: header('From: postmaster@example.org\nSubject: Undelivered'),
    body: Buffer.from('x'),
    smtputf8: false,
  }

  test('is routed, signed and gets a trace field; the caller commits it', async () => {
    const message = await createDraftIntake(settings({ sign: 'proven-origin' }), ports()).prepare(own)
    expect(message).toMatchObject({
      sender: null,
      origin: { kind: 'local' },
      senderProven: true,
      recipients: [{ address: 'ann@stranger.example', parameters: { notify: [] } }],
    })
    expect(message?.header.toString()).toMatch(/^Received: by mx\.example\.org .*with local/)
    expect(message?.events.map((event) => event.kind)).toEqual(['received', 'resolved', 'signed'])
    expect(accepted).toEqual([])
  })

  test('is signed in every role if there is a key, without an event if there is none', async () => {
    const signed = await createDraftIntake(settings({ sign: 'never' }), ports()).prepare(own)
    expect(signed?.header.toString()).toContain('DKIM-Signature:')
    expect(signed?.events.map((event) => event.kind)).toEqual(['received', 'resolved', 'signed'])
    const keyless = ports({ signer: { ...signer, signsFor: () => false } })
    const plain = await createDraftIntake(settings({ sign: 'never' }), keyless).prepare(own)
    expect(plain?.header.toString()).not.toContain('DKIM-Signature:')
    expect(plain?.events.map((event) => event.kind)).toEqual(['received', 'resolved'])
  })

  test('is vouched for only to the next fleet node', async () => {
    const to = (nextHop: string) => {
      const resolve = async () => destinations({ nextHop, recipient: 'kim@example.org' })
      return createDraftIntake(settings(), ports({ router: { ...ports().router, resolve } })).prepare(own)
    }
    const relayed = (await to('peers:srs'))?.header.toString() ?? ''
    expect(relayed).toMatch(/^Received: [^]*\r\nAuthentication-Results: example\.org;\s+auth=pass\r\nDKIM/)
    expect((await to('mx:stranger.example'))?.header.toString()).not.toContain('Authentication-Results')
  })

  test('is null if routing refuses it, and an error if routing is unavailable', async () => {
    const gone: Resolution = { kind: 'refused', reply: refusal(550, '5.1.1', 'x'), via: [] }
    const down: Resolution = { kind: 'unavailable', reply: refusal(451, '4.3.0', 'x'), via: [] }
    const routed = (resolution: Resolution) => ports({ router: { ...ports().router, resolve: async () => resolution } })
    expect(await createDraftIntake(settings(), routed(gone)).prepare(own)).toBeNull()
    await expect(createDraftIntake(settings(), routed(down)).prepare(own)).rejects.toThrow('cannot be routed now')
  })
})
