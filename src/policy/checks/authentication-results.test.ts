import { expect, test, vi } from 'vitest'
import { mailFacts, runCheck } from '../../../test/lib/check-facts.ts'
import { authorFinding, findings, samplePolicy, unaligned } from '../../../test/lib/authentication-samples.ts'
import type { Authentication, Authenticator } from '../../filter/authentication.ts'
import type { Origin } from '../../smtp/origin.ts'
import type { Mail, StageFacts } from '../check.ts'
import { accept } from '../verdict.ts'
import { authenticationResultsCheck } from './authentication-results.ts'

const finds = (found: Authentication): Authenticator => ({ authenticate: async () => found })
const spoofed = findings({
  dmarc: { ...unaligned, result: 'fail', domain: 'bank.example', policy: 'reject' },
})

const check = (found: Authentication, rejectByPolicy = false) => {
  const policy = { ...samplePolicy, rejectByPolicy }
  const made = authenticationResultsCheck({ authenticator: finds(found), authservId: 'example.org', policy })
  return (mail: Mail) => runCheck(made, 'message', mail)
}

test('a failed policy of reject refuses only where the node is configured so', async () => {
  expect((await check(spoofed)(mailFacts('From: a@bank.example'))).verdict.kind).toBe('accept')
  expect((await check(spoofed, true)(mailFacts('From: a@bank.example'))).verdict).toMatchObject({
    kind: 'reject',
    reply: { code: 550, enhanced: '5.7.26' },
  })
  const quarantine = findings({ dmarc: { ...spoofed.dmarc, policy: 'quarantine' } })
  expect((await check(quarantine, true)(mailFacts('From: a@bank.example'))).verdict.kind).toBe('accept')
})

test.each([
  ['defer', { policy: 'reject', ours: false }],
  ['defer', { policy: null, ours: true }],
  ['accept', { policy: null, ours: false }],
  ['accept', { policy: 'quarantine', ours: true }],
  ['accept', undefined],
] as const)('a temperror under `dmarc.reject` is %s for %j', async (verdict, undecided) => {
  const dmarc = { ...spoofed.dmarc, result: 'temperror', policy: null, ...(undecided && { undecided }) } as const
  const from = mailFacts('From: a@bank.example')
  expect((await check(findings({ dmarc }))(from)).verdict.kind).toBe('accept')
  const finding = await check(findings({ dmarc }), true)(from)
  expect(finding.verdict.kind).toBe(verdict)
  if (verdict === 'defer') expect(finding.verdict).toMatchObject({ reply: { code: 451, enhanced: '4.7.1' } })
})

test('several authors are refused in the same case: no policy applies to them (RFC 9989 11.5)', async () => {
  const dmarc = { ...spoofed.dmarc, result: 'permerror', domain: null, policy: null } as const
  const several = findings({ dmarc: { ...dmarc, severalAuthors: true } })
  const from = mailFacts('From: a@bank.example, eve@evil.example')
  expect((await check(several)(from)).verdict.kind).toBe('accept')
  expect((await check(several, true)(from)).verdict).toMatchObject({ kind: 'reject', reply: { code: 550 } })
  expect((await check(findings({ dmarc }), true)(mailFacts('From: MAILER-DAEMON'))).verdict.kind).toBe('accept')
})

test('the rules that apply to an accepted message are in the ledger', async () => {
  const from = mailFacts('From: ceo@bank.example>')
  const author = authorFinding('bank.example', 'none')
  const dmarc = { ...unaligned, result: 'none', domain: 'bank.example', policy: null } as const
  const found = findings({ dmarc: { ...dmarc, authors: [author], problem: 'angle bracket that closes nothing' } })
  expect((await check(found)(from)).events).toContainEqual(
    expect.objectContaining({ check: 'unclear-author', result: 'none', queueId: 'Q1' }),
  )
})

test('SPF or DMARC proves the sender, DKIM alone does not', async () => {
  const bySpf = findings({ spf: { result: 'pass', domain: 'stranger.example', explanation: null } })
  const byDkim = findings({
    dkim: [{ result: 'pass', domain: 'other.example', selector: 's', aligned: false, comment: null }],
  })
  expect((await check(bySpf)(mailFacts('From: a@b.example'))).senderProven).toBe(true)
  expect((await check(byDkim)(mailFacts('From: a@b.example'))).senderProven).toBe(false)
  expect((await check(spoofed)(mailFacts('From: a@b.example'))).senderProven).toBe(false)
})

test('DMARC proves senders of the author domain and its subdomains, no other reverse-path', async () => {
  const passed = (domain: string) =>
    findings({ dmarc: { ...unaligned, result: 'pass', domain, policy: 'none', dkimAligned: true } })
  const proven = async (domain: string, sender: string | null) =>
    (await check(passed(domain))(mailFacts(`From: a@${domain}`, { sender }))).senderProven
  expect(await proven('a.example', 'ann@a.example')).toBe(true)
  expect(await proven('a.example', 'bounce-7@lists.a.example')).toBe(true)
  expect(await proven('a.example', 'victim@b.example')).toBe(false)
  expect(await proven('a.example', 'victim@nota.example')).toBe(false)
  expect(await proven('me.hosting.example', 'victim@hosting.example')).toBe(false)
  expect(await proven('a.example', null)).toBe(false)
})

test('a message that this node could not verify is deferred, whatever its results are', async () => {
  const found = findings({ shortage: 'too many messages are being verified' })
  expect((await check(found)(mailFacts('From: a@b.example'))).verdict).toMatchObject({
    kind: 'defer',
    reply: { code: 451, enhanced: '4.3.2', cause: 'too many messages are being verified' },
  })
})

test('every result is a ledger event', async () => {
  const found = findings({
    dkim: [
      { result: 'pass', domain: 'a.example', selector: 's1', aligned: true, comment: null },
      { result: 'fail', domain: 'b.example', selector: 's2', aligned: false, comment: 'bad signature' },
    ],
    arc: { result: 'pass' },
  })
  const { events = [] } = await check(found)(mailFacts('From: a@b.example'))
  expect(events.map((event) => event.kind === 'checked' && `${event.check}=${event.result}`)).toEqual([
    'spf=none',
    'dkim=pass',
    'dkim=fail',
    'dmarc=none',
    'arc=pass',
  ])
})

test('mail from a fleet node is not checked again: that node authenticated its client', async () => {
  const never: Authenticator = { authenticate: () => Promise.reject(new Error('asked')) }
  const check = authenticationResultsCheck({ authenticator: never, authservId: 'example.org', policy: samplePolicy })
  const origin = { kind: 'peer', role: 'submission', vouched: 'nothing' } as const
  const finding = await runCheck(check, 'message', mailFacts('From: lee@example.org', { origin }))
  expect(finding).toMatchObject({ origin: { vouched: 'authenticated' }, senderProven: true })
  expect(finding.results).toMatch(/^example\.org;\s+auth=pass smtp\.mailfrom=ann@stranger\.example$/)
})

test('an authenticator that sleeps loads its code when a recipient of a stranger is named', async () => {
  const prepare = vi.fn<() => void>()
  const sleeping: Authenticator = { prepare, authenticate: () => Promise.reject(new Error('asked')) }
  const made = authenticationResultsCheck({ authenticator: sleeping, authservId: 'x', policy: samplePolicy })
  const facts = (origin: Origin) => ({ origin }) as StageFacts['rcpt']
  expect(await made.rcpt?.(facts({ kind: 'peer', role: 'submission', vouched: 'nothing' }))).toEqual({
    verdict: accept,
  })
  expect(prepare).not.toHaveBeenCalled()
  expect(await made.rcpt?.(facts({ kind: 'internet' }))).toEqual({ verdict: accept })
  expect(prepare).toHaveBeenCalledTimes(1)
})
