// Spam and forwards, on the mx that relays forwards and on the srs that forwards: the copies, the reply, the ledger and the header.

import { beforeEach, describe, expect, test } from 'vitest'
import { createDraftIntake } from '../../test/lib/draft-intake.ts'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import type { SpamFinding } from '../filter/spam-scan.ts'
import { readFields } from '../message/header.ts'
import { createForwardPolicy } from '../policy/forward-policy.ts'
import { spamCheck } from '../policy/checks/spam.ts'
import type { NewMessage } from '../queue/contract/queue.ts'
import type { Destination, ForwardTerms, Resolution, Router } from '../route/resolution.ts'
import { plainMail, plainRecipient } from '../smtp/envelope.ts'
import type { Origin } from '../smtp/origin.ts'
import type { Draft } from './intake.ts'
import type { IntakePorts } from './ports.ts'

let accepted: NewMessage[]
let finding: SpamFinding
let notices: number

beforeEach(() => {
  accepted = []
  notices = 0
  finding = scored(9.1)
})

function scored(score: number): SpamFinding {
  return { kind: 'scanned', action: 'add header', named: 'add header', score, required: 15, symbols: [], message: null }
}

const isOurs = (domain: string) => domain === 'example.org'
const strategist = createForwardPolicy({
  authservId: 'example.org',
  domain: 'srs.example.org',
  via: 'example.org',
  defaultTreatment: 'pass',
  defaultCeiling: 6,
  unclearAuthor: 'wrap',
  isOurs,
  signs: () => false,
})

function intake(spam = true) {
  let id = 0
  const scanner = { scan: async () => finding }
  const greylists = () => false
  const check = spamCheck({ scanner, authservId: 'example.org', whenDown: 'accept', greylists, origins: ['internet'] })
  const ports = {
    clock: createFakeClock(Date.UTC(2026, 10, 21)),
    queue: {
      accept: async (message: NewMessage) => (accepted.push(message), []),
      acceptAll: async (messages: readonly NewMessage[]) => (accepted.push(...messages), []),
      shareBody: async (body: unknown) => ({ body, discard: async () => undefined }),
    },
    router: { isOurs } as unknown as Router,
    signer: { signsFor: () => false },
    sealer: {},
    newQueueId: () => `Q${++id}`,
    hasCapacity: () => true,
    takeClaims: () => undefined,
    noticesDue: () => notices++,
    log: {
      bug: (error: unknown) => {
        throw error
      },
    },
  } as unknown as IntakePorts
  const edit = { hostname: 'mx-01.example.org', authservId: 'example.org', complete: false, hideClient: false }
  return createDraftIntake({ edit, sign: 'never', forwards: strategist }, ports, spam ? [check] : [])
}

const usual: ForwardTerms = { action: null }
const terms = (score: number | null): ForwardTerms => ({ action: null, ceiling: { score, source: 'mail.yaml:7' } })

function destination(recipient: string, more: Partial<Destination>): Destination {
  const nextHop = more.relayedForwards ? 'peers:srs' : 'mx:home.example'
  const reversePath = 'ann@s.example'
  return { recipient, mailbox: recipient, original: recipient, reversePath, nextHop, private: true, via: [], ...more }
}

/** `relayed`: a forward on the mx; `leaves`: on the srs; `inside`: a local transport. */
const relayed = (name: string, ...terms: ForwardTerms[]) =>
  destination(`${name}@example.org`, { relayedForwards: terms })
const leaves = (name: string, forward: ForwardTerms) => destination(`${name}@home.example`, { forward })
const inside = destination('list@example.org', { nextHop: 'smtp:[127.0.0.1]:25', private: false })

function draft(destinations: readonly Destination[], change: Partial<Draft> = {}): Draft {
  const recipients = destinations.map((one) => {
    const resolution: Resolution = { kind: 'destinations', destinations: [one] }
    return { forwardPath: one.original, parameters: plainRecipient, resolution }
  })
  return {
    session: null,
    origin: { kind: 'internet' },
    sender: 'ann@s.example',
    parameters: plainMail,
    recipients,
    header: Buffer.from(
      'X-Spam-Status: No, score=-100\r\nFrom: Ann <ann@s.example>\r\nx-spam-flag: NO\r\nX-Spam-Level: *\r\n\r\n',
    ),
    body: { kind: 'inline', bytes: Buffer.from('Hello\r\n') },
    ...change,
  }
}

const names = (message: NewMessage | undefined) => readFields(message?.header ?? Buffer.alloc(0)).map((one) => one.name)
const kept = () => accepted.filter((one) => !one.returned).map((one) => one.recipients.map(({ address }) => address))
const returned = () => accepted.find((one) => one.returned)
const forwardEvents = () =>
  accepted.flatMap(({ events }) => events.filter((one) => one.kind === 'checked' && one.check === 'forward'))

describe('the mx that relays forwards', () => {
  test('refuses at the end of data if every copy would be forwarded', async () => {
    const answer = await intake().accept(draft([relayed('kim', usual), relayed('lee', terms(7))]))
    expect(answer).toMatchObject({
      kind: 'refused',
      reply: { code: 550, enhanced: '5.7.1', cause: 'spam score 9.1 at or above 6 by configuration' },
    })
    if (answer.kind === 'refused') expect(answer.reply.text).toContain('looks like spam')
    expect(accepted).toEqual([])
  })

  test('accepts the other copies and bounces the forwards', async () => {
    const answer = await intake().accept(draft([inside, relayed('kim', usual), relayed('abuse', terms(null))]))
    expect(answer).toMatchObject({ kind: 'accepted', queueId: 'Q1' })
    expect(kept()).toEqual([['list@example.org', 'abuse@example.org']])
    expect(returned()).toMatchObject({
      queueId: 'Q2',
      recipients: [{ address: 'kim@example.org' }],
      returned: { status: '5.7.1', reply: expect.stringMatching(/^550 5\.7\.1 This message looks like spam/) },
    })
    expect(notices).toBe(1)
    expect(forwardEvents()).toEqual([
      expect.objectContaining({
        queueId: 'Q2',
        recipient: 'kim@example.org',
        result: 'reject',
        detail: 'spam score 9.1 at or above 6 by configuration',
      }),
    ])
  })

  test('relays the message if one target of the alias accepts it', async () => {
    await intake().accept(draft([relayed('sales', usual, terms(12))]))
    expect(kept()).toEqual([['sales@example.org']])
    expect(forwardEvents()).toEqual([])
  })

  test('forwards messages below the ceiling and without a score', async () => {
    finding = scored(5.9)
    await intake().accept(draft([relayed('kim', usual)]))
    finding = { kind: 'unavailable', cause: 'down' }
    await intake().accept(draft([relayed('kim', usual)]))
    expect(kept()).toEqual([['kim@example.org'], ['kim@example.org']])
  })

  test('adds its fields directly below its trace fields and removes received ones', async () => {
    await intake().accept(draft([inside]))
    const [message] = accepted
    const own = ['Received', 'Authentication-Results', 'X-Spam-Status', 'X-Spam-Flag']
    expect(names(message)).toEqual([...own, 'From', 'X-Spam-Level'])
    expect(message?.header.toString()).toContain(
      'example.org;\r\n\tx-spam=add-header policy.score=9.1 policy.required=15\r\n',
    )
  })
})

describe('the srs that forwards', () => {
  const mx: Origin = { kind: 'peer', role: 'mx', vouched: 'dmarc-pass' }
  const header = (results: string) =>
    Buffer.from(
      `Received: by mx\r\nAuthentication-Results: example.org; ${results}\r\nReceived: by s\r\nFrom: ann@s.example\r\n\r\n`,
    )
  const nine = { origin: mx, header: header('dmarc=none header.from=s.example; x-spam=add-header policy.score=9.1') }

  test('enforces the ceiling of each forward by the score of the mx', async () => {
    const group = [
      leaves('kim', usual),
      leaves('lee', terms(10)),
      leaves('sam', terms(4)),
      leaves('abuse', terms(null)),
    ]
    await intake(false).accept(draft(group, nine))
    expect(kept()).toEqual([['lee@home.example', 'abuse@home.example']])
    expect(returned()?.recipients.map((one) => one.address)).toEqual(['kim@home.example', 'sam@home.example'])
    expect(forwardEvents().flatMap((one) => ('detail' in one ? [one.detail] : []))).toEqual(
      expect.arrayContaining([
        'spam score 9.1 at or above 6 by configuration',
        'spam score 9.1 at or above 4 by mail.yaml:7',
      ]),
    )
  })

  test('refuses if every forward refuses', async () => {
    expect(await intake(false).accept(draft([leaves('kim', usual)], nine))).toMatchObject({
      kind: 'refused',
      reply: { code: 550, enhanced: '5.7.1' },
    })
  })

  test('uses only the score of a fleet node', async () => {
    const forged = Buffer.from(
      `Received: by mx\r\nAuthentication-Results: example.org; dmarc=none\r\nReceived: by s\r\nAuthentication-Results: example.org; x-spam=reject policy.score=99\r\nFrom: ann@s.example\r\n\r\n`,
    )
    await intake(false).accept(draft([leaves('kim', usual)], { origin: mx, header: forged }))
    expect(kept()).toEqual([['kim@home.example']])
  })

  test('has a text for each of the two causes', async () => {
    const bySpf = 'spf=pass; dmarc=pass header.from=s.example policy.dmarc=reject; x-spam=no-action policy.score=5'
    const refusing: ForwardTerms = { action: { treatment: 'reject', source: 'mail.yaml:3' } }
    const group = [leaves('kim', refusing), leaves('lee', terms(4)), leaves('sam', usual)]
    await intake(false).accept(draft(group, { origin: mx, header: header(bySpf) }))
    const replies = accepted.map((one) => [one.recipients[0]?.address, one.returned?.reply.slice(0, 40) ?? null])
    expect(replies).toEqual([
      ['sam@home.example', null],
      ['kim@home.example', '550 5.7.1 This message would fail the DM'],
      ['lee@home.example', '550 5.7.1 This message looks like spam a'],
    ])
  })
})
