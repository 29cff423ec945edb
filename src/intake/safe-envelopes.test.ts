// What leaves this node, judged as the destination judges it: a message that fails DMARC for a domain of ours must not pass there. The
// oracle knows organizational domains from a table and shares no code with the choice of envelopes.

import { Readable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { authorFinding, findings, unaligned } from '../../test/lib/authentication-samples.ts'
import { createDraftIntake } from '../../test/lib/draft-intake.ts'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import type { Directory, DomainRecord } from '../directory/directory.ts'
import type { Signer } from '../dkim/signer.ts'
import type { Authenticator, AuthorFinding } from '../filter/authentication.ts'
import { buildResults } from '../message/results-field.ts'
import { fieldsNamed, readFields } from '../message/header.ts'
import { readShownAuthors } from '../message/shown-authors.ts'
import type { Event } from '../observe/events.ts'
import { authenticationResultsCheck } from '../policy/checks/authentication-results.ts'
import { peerResultsCheck } from '../policy/checks/peer-results.ts'
import { createForwardPolicy } from '../policy/forward-policy.ts'
import type { NewMessage } from '../queue/contract/queue.ts'
import { createRouter } from '../route/router.ts'
import type { RouterSettings } from '../route/router-settings.ts'
import { encodeSrs } from '../route/srs/srs.ts'
import { plainMail, plainRecipient } from '../smtp/envelope.ts'
import { domainOf, parseMailbox } from '../smtp/mailbox.ts'
import type { Draft } from './intake.ts'
import type { IntakePorts, IntakeSettings } from './ports.ts'

const AT = Date.UTC(2026, 10, 29)
const ourDomains = ['example.org', 'example.com', 'dept.university.example']
const organizations = [
  'example.org',
  'example.com',
  'university.example',
  'forwards.example',
  'bank.example',
  'evil.example',
  'home.example',
]
const organizationOf = (domain: string) => organizations.find((one) => domain === one || domain.endsWith(`.${one}`))

const signer: Signer = {
  signsFor: (domain) => ['example.org', 'example.com', 'forwards.example'].includes(organizationOf(domain) ?? ''),
  hasKey: () => false,
  sign: async (_, { fromDomain: domain }) => ({
    kind: 'signed',
    fields: Buffer.from(`DKIM-Signature: v=1; d=${domain}\r\n`),
    signatures: [{ domain, selector: 's1', algorithm: 'rsa-sha256' }],
  }),
}

const forward: DomainRecord = { source: 'mail.yaml:1' }

function directory(): Directory {
  const domains = new Map(ourDomains.map((name) => [name, forward]))
  return {
    mainDomain: 'example.org',
    rewrites: [],
    domains,
    domain: (name) => domains.get(name),
    find: (key) =>
      key === 'kim@example.org'
        ? {
            kind: 'found',
            value: {
              forward: { targets: [{ local: 'kim', domain: 'home.example' }], source: 'mail.yaml:2' },
              copies: { targets: [{ local: 'archive', domain: 'bank.example' }], source: 'mail.yaml:3' },
            },
          }
        : { kind: 'absent' },
    grants: () => ({ kind: 'absent' }),
  }
}

interface Case {
  readonly node: 'srs' | 'solo' | 'mx'
  readonly srsDomain: string
  readonly from: string
  readonly sender: string | null
  /** The finding of the verifying node for the first author domain; null: no results. */
  readonly finding: AuthorFinding | null
  readonly spfPasses: boolean
  readonly refuse: boolean
  /** A forward with a copy (recipient_bcc), a foreign address that a peer relays, or a bounce to an SRS address. */
  readonly to: 'forward' | 'relayed' | 'bounce'
  readonly smarthost: boolean
}

const readFrom = (from: string) => readShownAuthors(readFields(Buffer.from(`From: ${from}\r\n\r\n`)))
const shownBy = (from: string) => readFrom(from).domains

function build(one: Case) {
  const stored: NewMessage[] = []
  const settings: RouterSettings = {
    own: 'resolve',
    forwards: one.node === 'mx' ? 'relay-to-srs' : 'resolve',
    relayFor: ['local', 'peer'],
    ...(one.smarthost ? { nextHops: { world: 'smtp:[relay.example]:587' } } : {}),
    srs: { domain: one.srsDomain, secrets: ['a secret only for tests'], reverse: true, rewrite: one.node !== 'mx' },
  }
  const router = createRouter(settings, directory)
  const queue = {
    acceptAll: async (messages: readonly NewMessage[]) => (stored.push(...messages), []),
    accept: async (message: NewMessage) => (stored.push(message), []),
    record: async () => undefined,
    openBody: () => Readable.from([Buffer.from('Hello\r\n')]),
    shareBody: async (body: NewMessage['body']) => ({ body, discard: async () => undefined }),
    createSpoolFile: () => Promise.reject(new Error('no body is large')),
  } as unknown as IntakePorts['queue']
  const intakeSettings: IntakeSettings = {
    edit: { hostname: 'srs-01.example.org', authservId: 'example.org', complete: false, hideClient: false },
    sign: 'proven-origin',
    envelopes: {
      authservId: 'example.org',
      heloNames: ['srs-01.example.org'],
      srsDomain: one.srsDomain,
      forwarders: ['srs-01.example.org'],
    },
    forwards: createForwardPolicy({
      authservId: 'example.org',
      domain: one.srsDomain,
      via: 'example.org',
      defaultTreatment: 'rewrite-from',
      defaultCeiling: 6,
      unclearAuthor: 'wrap',
      isOurs: (domain) => router.isOurs(domain),
      signs: () => true,
    }),
  }
  let id = 0
  const bugs: unknown[] = []
  const ports: IntakePorts = {
    clock: createFakeClock(AT),
    queue,
    quarantine: { admit: () => Promise.reject(new Error('no quarantine')) },
    router,
    signer,
    sealer: { seal: async () => ({ kind: 'unsealed', reason: 'not asked for' }) },
    newQueueId: () => `Q${++id}`,
    hasCapacity: () => true,
    takeClaims: () => undefined,
    noticesDue: () => undefined,
    log: { bug: (error) => void bugs.push(error) },
  }
  return { intake: createDraftIntake(intakeSettings, ports, [checkOf(one, router)]), router, stored, bugs }
}

function resultsOf({ finding, spfPasses }: Case): string {
  const spf = { method: 'spf', result: spfPasses ? 'pass' : 'fail', properties: [] }
  if (!finding) return buildResults('example.org', [spf])
  const { domain, result, policy, organizationalDomain, strictSpf } = finding
  const properties = [
    { name: 'header.from', value: domain },
    ...(policy === null ? [] : [{ name: 'policy.dmarc', value: policy }]),
    ...(policy === null || organizationalDomain === null || organizationalDomain === domain
      ? []
      : [{ name: 'policy.org-domain', value: organizationalDomain }]),
    ...(strictSpf ? [{ name: 'policy.aspf', value: 's' }] : []),
  ]
  return buildResults('example.org', [spf, { method: 'dmarc', result, properties }])
}

function checkOf(one: Case, router: ReturnType<typeof createRouter>) {
  if (one.node === 'srs') return peerResultsCheck('example.org')
  const { domains: shown, problem } = readFrom(one.from)
  const others = shown.slice(1).map((domain) => authorFinding(domain, 'none'))
  const [first] = shown
  const author = one.finding ?? authorFinding(first ?? '', 'temperror')
  const several = others.length > 0
  const main = several
    ? { result: 'permerror' as const, domain: null, policy: null }
    : { result: author.result, domain: author.domain, policy: author.policy }
  const authenticator: Authenticator = {
    authenticate: async () =>
      findings({
        spf: { result: one.spfPasses ? 'pass' : 'fail', domain: domainOf(one.sender ?? ''), explanation: null },
        dmarc: { ...unaligned, ...main, severalAuthors: several, authors: [author, ...others], problem },
        results: resultsOf(one),
      }),
  }
  return authenticationResultsCheck({
    authenticator,
    authservId: 'example.org',
    policy: {
      rejectByPolicy: false,
      ownDomains: { names: () => router.ownNames(), refuse: one.refuse, services: [] },
      refuseUnclear: false,
    },
  })
}

async function pass(one: Case) {
  const { intake, router, stored, bugs } = build(one)
  const origin = one.node === 'srs' ? ({ kind: 'peer', role: 'mx', vouched: 'nothing' } as const) : internet
  const request = { reversePath: one.sender, origin, at: AT }
  const forwardPath = pathOf(one)
  const resolution = await router.resolve({ ...request, forwardPath })
  if (resolution.kind !== 'destinations') return { acceptance: null, sent: [] }
  const trace = `Received: from x by mx\r\nAuthentication-Results: ${resultsOf(one)}\r\n`
  const header = `${one.node === 'srs' ? trace : ''}From: ${one.from}\r\nSubject: Hello\r\n\r\n`
  const draft: Draft = {
    session: null,
    origin,
    sender: one.sender,
    parameters: plainMail,
    recipients: [{ forwardPath, parameters: plainRecipient, resolution }],
    header: Buffer.from(header),
    body: { kind: 'inline', bytes: Buffer.from('Hello\r\n') },
  }
  const acceptance = await intake.accept(draft)
  expect(bugs).toEqual([])
  return { acceptance, sent: stored.filter((message) => !message.returned) }
}

const internet = { kind: 'internet' } as const

function pathOf({ to, srsDomain }: Case): string {
  if (to === 'forward') return 'kim@example.org'
  if (to === 'relayed') return 'member@home.example'
  const bounce = encodeSrs('ann@home.example', AT, { domain: srsDomain, secrets: ['a secret only for tests'] })
  return bounce.kind === 'rewritten' ? bounce.address : ''
}

/** The author domains for which DMARC passes at the destination: none without a record. SPF passes for every name of ours, whose records list our hosts. */
function passesFor(message: NewMessage, { srsDomain, finding, from }: Case): readonly string[] {
  if (finding?.result === 'none' && shownBy(from).length === 1) return []
  const fields = readFields(message.header)
  const signers = fieldsNamed(fields, 'dkim-signature').map((field) => /d=([^;\s]+)/.exec(field.value)?.[1] ?? '')
  const envelopes = message.recipients.map(({ reversePath }) => domainOf(reversePath ?? 'x@srs-01.example.org'))
  const ours = envelopes.filter((domain) => isOurName(domain, srsDomain))
  return readShownAuthors(fields).domains.filter((author) => {
    const strict = finding?.strictSpf === true && finding.domain === author
    const aligned = (domain: string) =>
      strict ? domain === author : domain === author || organizationOf(domain) === organizationOf(author)
    return ours.some(aligned) || signers.some((domain) => organizationOf(domain) === organizationOf(author))
  })
}

function isKnownAsOurs(domain: string, { srsDomain, finding }: Case): boolean {
  const below = [...ourDomains, srsDomain].some((one) => domain === one || domain.endsWith(`.${one}`))
  return below || (finding?.domain === domain && finding.policy !== null)
}

function isOurName(domain: string, srsDomain: string): boolean {
  return [...ourDomains, srsDomain].some((one) => organizationOf(domain) === organizationOf(one))
}

const authors = [
  ...ourDomains,
  'hr.example.org',
  'university.example',
  'other.university.example',
  'srs.example.org',
  'forwards.example',
  'x.forwards.example',
  'bank.example',
]
const forms = [
  (domain: string) => `The boss <boss@${domain}>`,
  (domain: string) => `boss@${domain}>`,
  (domain: string) => `Boss [HR] <boss@${domain}>`,
  (domain: string) => `Doe, Boss <boss@${domain}`,
  (domain: string) => `boss@${domain}, eve@evil.example`,
  (domain: string) => `boss@${domain} <eve@evil.example>`,
  (domain: string) => `=?utf-8?q?boss=40${domain}?=`,
]
const outcomes = [
  ['pass', 'reject'],
  ['fail', 'none'],
  ['fail', 'reject'],
  ['none', null],
  ['temperror', null],
] as const

const cases: fc.Arbitrary<Case> = fc
  .record({
    node: fc.constantFrom('srs', 'solo'),
    srsDomain: fc.constantFrom('srs.example.org', 'forwards.example'),
    domain: fc.constantFrom(...authors),
    form: fc.constantFrom(...forms),
    sender: fc.constantFrom('null', 'evil', 'author', 'ours', 'srs', 'bank'),
    outcome: fc.option(fc.constantFrom(...outcomes)),
    strictSpf: fc.boolean(),
    spfPasses: fc.boolean(),
    refuse: fc.boolean(),
    to: fc.constantFrom('forward', 'forward', 'relayed', 'bounce'),
    smarthost: fc.boolean(),
  })
  .map(({ domain, form, sender, outcome, strictSpf, srsDomain, ...rest }) => {
    const paths = {
      null: null,
      evil: 'x@evil.example',
      author: `boss@${domain}`,
      ours: 'lee@example.org',
      srs: `SRS0=aaaa=BB=evil.example=x@${srsDomain}`,
      bank: 'x@bank.example',
    }
    const organizationalDomain = organizationOf(domain) ?? null
    const finding = outcome && {
      ...authorFinding(domain, outcome[0], { policy: outcome[1], organizationalDomain }),
      strictSpf: strictSpf && outcome[1] !== null,
    }
    // SRS addresses take bounces only.
    return { ...rest, srsDomain, from: form(domain), sender: rest.to === 'bounce' ? null : paths[sender], finding }
  })

describe('mail that is not proven for a domain of ours', () => {
  test('never leaves with an envelope or a signature that makes it pass, nor with a From: of ours', async () => {
    let left = 0
    await fc.assert(
      fc.asyncProperty(cases, async (one) => {
        const { sent } = await pass(one)
        const shown = shownBy(one.from)
        const proven = one.finding?.result === 'pass' && shown.length === 1
        if (proven) return
        const own = shown.filter((domain) => isOurName(domain, one.srsDomain))
        if (own.length === 0) return
        for (const message of sent) {
          left++
          expect(passesFor(message, one).filter((domain) => own.includes(domain))).toEqual([])
          // Without results the node knows the names below its domains only, not their organizational domain.
          if (own.some((domain) => isKnownAsOurs(domain, one)))
            expect(fieldsNamed(readFields(message.header), 'from').map((field) => field.value)).toEqual([one.from])
        }
      }),
      { numRuns: 4000 },
    )
    // The property is about mail that is carried on, so some must be.
    expect(left).toBeGreaterThan(100)
  })

  test('never leaves with a reverse-path of ours that is not proven', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (one) => {
        const { sent } = await pass(one)
        const senderProven = one.spfPasses || one.finding?.result === 'pass'
        if (senderProven || one.sender === null || !ourDomains.includes(domainOf(one.sender))) return
        for (const { recipients } of sent)
          for (const { reversePath } of recipients) expect(reversePath).not.toBe(one.sender)
      }),
      { numRuns: 2000 },
    )
  })
})

const base: Case = {
  node: 'srs',
  srsDomain: 'srs.example.org',
  from: 'The boss <boss@example.org>',
  sender: 'x@evil.example',
  finding: authorFinding('example.org', 'fail', { policy: 'none', organizationalDomain: 'example.org' }),
  spfPasses: true,
  refuse: true,
  to: 'forward',
  smarthost: false,
}
const pathsOf = async (change: Partial<Case>) => {
  const { acceptance, sent } = await pass({ ...base, ...change })
  const paths = sent.flatMap((message) => message.recipients.map((one) => one.reversePath))
  return acceptance?.kind === 'refused' ? acceptance.reply : [...new Set(paths)]
}

describe('the envelope', () => {
  test('is that of the sender where the SRS domain aligns with the author', async () => {
    expect(await pathsOf({})).toEqual(['x@evil.example'])
  })

  test('is the SRS address where the SRS domain is outside, or where alignment is strict', async () => {
    expect(await pathsOf({ srsDomain: 'forwards.example' })).toEqual([expect.stringMatching(/^SRS0=.*@forwards\./)])
    const finding = authorFinding('example.org', 'fail', { policy: 'none', strictSpf: true })
    expect(await pathsOf({ finding })).toEqual([expect.stringMatching(/^SRS0=.*@srs\.example\.org$/)])
  })

  test('of a forged sender of ours is rewritten, or the message is refused', async () => {
    const forged = { sender: 'boss@example.org', spfPasses: false }
    expect(await pathsOf({ ...forged, srsDomain: 'forwards.example' })).toEqual([
      expect.stringMatching(/^SRS0=.*=example\.org=boss@forwards\.example$/),
    ])
    expect(await pathsOf(forged)).toMatchObject({ code: 550, enhanced: '5.7.1' })
  })

  test('of a forged sender of ours that is too long for SRS is refused', async () => {
    const foreign = { from: 'eve@evil.example', finding: authorFinding('evil.example', 'none'), spfPasses: false }
    const sender = `${'boss'.repeat(12)}@example.org`
    expect(await pathsOf({ ...foreign, sender })).toMatchObject({ code: 550 })
  })

  test('of a forged sender of ours is rewritten also where the author is foreign', async () => {
    const foreign = { from: 'eve@evil.example', finding: authorFinding('evil.example', 'none'), spfPasses: false }
    const paths = await pathsOf({ ...foreign, sender: 'boss@example.org' })
    expect(paths).toEqual([expect.stringMatching(/^SRS0=.*=example\.org=boss@srs\.example\.org$/)])
  })

  test('does not matter without a DMARC record, which could pass', async () => {
    const finding = authorFinding('example.org', 'none')
    const rewritten = [expect.stringMatching(/^SRS0=.*=example\.org=lee@srs\.example\.org$/)]
    for (const node of ['srs', 'solo'] as const) {
      expect(await pathsOf({ node, finding, sender: 'lee@example.org', spfPasses: false })).toEqual(rewritten)
      expect(await pathsOf({ node, finding, sender: null })).toEqual([null])
    }
  })

  test('that the next fleet node would refuse is refused before the 250', async () => {
    const forged = { node: 'mx', sender: 'boss@example.org', spfPasses: false, refuse: false } as const
    expect(await pathsOf(forged)).toMatchObject({ code: 550, enhanced: '5.7.1' })
    expect(await pathsOf({ ...forged, from: 'boss@example.org, eve@evil.example' })).toMatchObject({ code: 550 })
    expect(await pathsOf({ ...forged, srsDomain: 'forwards.example' })).toEqual(['boss@example.org'])
    expect(await pathsOf({ ...forged, sender: 'x@evil.example' })).toEqual(['x@evil.example'])
    expect(await pathsOf({ ...forged, sender: null })).toMatchObject({ code: 550 })
    const other = authorFinding('example.com', 'fail', { policy: 'none', organizationalDomain: 'example.com' })
    expect(await pathsOf({ ...forged, sender: null, from: 'boss@example.com', finding: other })).toEqual([null])
    const department = authorFinding('other.university.example', 'fail', {
      policy: 'none',
      organizationalDomain: 'university.example',
    })
    const sibling = { ...forged, from: 'x@other.university.example', finding: department }
    expect(await pathsOf({ ...sibling, sender: 'x@other.university.example' })).toEqual(['x@other.university.example'])
    const inside = { ...sibling, srsDomain: 'srs.university.example', sender: 'x@other.university.example' }
    expect(await pathsOf(inside)).toMatchObject({ code: 550 })
    for (const node of ['mx', 'srs', 'solo'] as const)
      expect(await pathsOf({ ...inside, node })).toMatchObject({ code: 550 })
  })

  test('cannot be the null sender where our EHLO name aligns', async () => {
    expect(await pathsOf({ sender: null })).toMatchObject({ code: 550, enhanced: '5.7.1' })
    const finding = authorFinding('example.com', 'fail', { policy: 'none', organizationalDomain: 'example.com' })
    expect(await pathsOf({ sender: null, from: 'boss@example.com', finding })).toEqual([null])
  })

  test('of a bounce to an SRS address is the null sender, so a forged author of ours is refused', async () => {
    const bounce = { to: 'bounce', sender: null } as const
    expect(await pathsOf(bounce)).toMatchObject({ code: 550, enhanced: '5.7.1' })
    const daemon = { from: 'MAILER-DAEMON@home.example', finding: authorFinding('home.example', 'none') }
    expect(await pathsOf({ ...bounce, ...daemon })).toEqual([null])
  })

  test('stays the SRS address for proven mail and for foreign authors', async () => {
    const passed = authorFinding('example.org', 'pass', { policy: 'reject', organizationalDomain: 'example.org' })
    const rewritten = [expect.stringMatching(/^SRS0=.*=evil\.example=x@srs\.example\.org$/)]
    expect(await pathsOf({ finding: passed })).toEqual(rewritten)
    expect(await pathsOf({ from: 'ann@bank.example', finding: authorFinding('bank.example', 'none') })).toEqual(
      rewritten,
    )
  })

  test('is chosen with an event that says why', async () => {
    const { sent } = await pass(base)
    const isChoice = (event: Event) => event.kind === 'checked' && event.check === 'envelope'
    expect(sent[0]?.events.filter(isChoice)).toMatchObject([
      {
        result: 'unproven',
        detail: 'not proven: example.org: dmarc=fail; MAIL FROM <x@evil.example>, which does not align',
      },
    ])
  })
})

test('what an mx takes for a forward, its srs node forwards', async () => {
  let refusals = 0
  await fc.assert(
    fc.asyncProperty(cases, async (one) => {
      const at = async (node: Case['node']) => (await pass({ ...one, node, to: 'forward' })).acceptance?.kind
      const [mx, srs] = [await at('mx'), await at('srs')]
      if (srs === 'refused') refusals++
      if (mx === 'accepted') expect(srs).toBe('accepted')
    }),
    { numRuns: 1500 },
  )
  expect(refusals).toBeGreaterThan(100)
})

test('every envelope is an address', async () => {
  await fc.assert(
    fc.asyncProperty(cases, async (one) => {
      for (const { recipients } of (await pass(one)).sent)
        for (const { reversePath } of recipients)
          if (reversePath !== null) expect(parseMailbox(reversePath).kind).toBe('mailbox')
    }),
    { numRuns: 300 },
  )
})
