import { Readable } from 'node:stream'
import { describe, expect, it, test } from 'vitest'
import type { Authentication } from '../../filter/authentication.ts'
import type { SpamFinding, SpamRequest } from '../../filter/spam-scan.ts'
import { formatDate } from '../../message/date.ts'
import { authenticationEvidence } from './authentication-evidence.ts'
import { withFallback } from './fallback-score.ts'
import { observed } from './observe.ts'
import { createOwnScore, type OwnScoreSettings } from './own-score.ts'

const NOW = Date.UTC(2026, 10, 29)
const good = `From: Ann <ann@stranger.example>\r\nSubject: x\r\nDate: ${formatDate(NOW)}\r\nMessage-ID: <1@stranger.example>\r\n`
const own = { hostname: 'mx1.example.org', isOurs: (domain: string) => domain === 'example.org' }

function request(
  change: Partial<SpamRequest> & { readonly header?: string; readonly body?: string } = {},
): SpamRequest {
  const { header = good, body = '', ...rest } = change
  const content = {
    header: Buffer.from(`${header}\r\n`, 'latin1'),
    bodySize: body.length,
    openBody: () => Readable.from([Buffer.from(body)]),
  }
  const client = { remoteIp: '192.0.2.1', remoteName: 'mail.stranger.example', helo: 'mail.stranger.example' }
  const envelope = { sender: 'ann@stranger.example', recipients: ['kim@example.org'], user: null }
  return { queueId: 'Q1', ...client, ...envelope, content, evidence: [], at: NOW, ...rest }
}

const usual: OwnScoreSettings = { mark: 6, quarantine: null, refuse: 15, points: {} }
const scan = async (change: Parameters<typeof request>[0], settings: Partial<OwnScoreSettings> = {}) => {
  const found = await createOwnScore({ ...usual, ...settings }, own).scan(request(change))
  if (found.kind !== 'scanned') throw new Error('not scanned')
  return found
}
const names = async (change: Parameters<typeof request>[0]) => (await scan(change)).symbols.map(({ name }) => name)

describe('an ordinary message', () => {
  it('has no points', async () => {
    expect(await scan({})).toEqual({
      kind: 'scanned',
      action: 'no action',
      named: 'no action',
      score: 0,
      required: 15,
      symbols: [],
      message: null,
    })
  })
})

describe('each observation', () => {
  test.each<[string, Parameters<typeof request>[0]]>([
    ['NO_CLIENT_NAME', { remoteName: null }],
    ['HELO_ADDRESS', { helo: '[192.0.2.1]' }],
    ['HELO_ADDRESS', { helo: '192.0.2.1' }],
    ['HELO_ADDRESS', { helo: '2001:db8::1' }],
    ['HELO_NO_DOMAIN', { helo: 'localhost' }],
    ['HELO_NO_DOMAIN', { helo: null }],
    ['HELO_OURS', { helo: 'MX1.example.org.' }],
    ['HELO_OURS', { helo: 'example.org' }],
    ['NO_FROM', { header: good.replace(/^From:.*\r\n/, '') }],
    ['UNCLEAR_FROM', { header: good.replace('Ann <', 'Ann <<') }],
    ['NO_DATE', { header: good.replace(/Date:.*\r\n/, '') }],
    ['WRONG_DATE', { header: good.replace(/Date:.*\r\n/, 'Date: yesterday\r\n') }],
    ['WRONG_DATE', { at: NOW + 15 * 86_400_000 }],
    ['WRONG_DATE', { at: NOW - 1.1 * 86_400_000 }],
    ['NO_MESSAGE_ID', { header: good.replace(/Message-ID:.*\r\n/, '') }],
    ['NO_SUBJECT', { header: good.replace(/Subject:.*\r\n/, '') }],
    ['REPEATED_FIELD', { header: `${good}Subject: y\r\n` }],
    ['UNKNOWN_CHARACTERS', { header: `${good}X-A: \xff\xfe\r\n` }],
    ['ADDRESS_LINK', { body: 'Please pay at http://192.0.2.7/pay\r\n' }],
    ['DANGEROUS_FILE', { body: '--b\r\nContent-Disposition: attachment; filename=a.exe\r\n\r\nMZ\r\n' }],
    ['DANGEROUS_FILE', { header: `${good}Content-Type: application/x; name="a.scr"\r\n` }],
  ])('%s', async (name, change) => expect(await names(change)).toEqual([name]))

  it('is none for a message that the node created', async () => {
    expect(await names({ remoteIp: null, remoteName: null, helo: null })).toEqual([])
  })
})

describe('the sum', () => {
  const bad = { remoteName: null, helo: 'localhost' }

  it('includes what was noticed before, the heaviest first', async () => {
    const evidence = [observed('DMARC_PASS'), observed('SPF_FAIL', 'stranger.example')]
    const { score, symbols } = await scan({ ...bad, evidence })
    expect(symbols.map(({ name }) => name)).toEqual(['SPF_FAIL', 'NO_CLIENT_NAME', 'HELO_NO_DOMAIN', 'DMARC_PASS'])
    expect(score).toBe(6)
  })

  it('decides by the thresholds', async () => {
    const actions = await Promise.all([
      scan(bad, { mark: 4.1 }),
      scan(bad, { mark: 4 }),
      scan(bad, { mark: 1, refuse: 4 }),
      scan(bad, { mark: 1, refuse: null }),
      scan(bad, { mark: 1, quarantine: 4 }),
      scan(bad, { mark: 1, quarantine: 4, refuse: 4 }),
      scan(bad, { mark: 1, quarantine: 4.1 }),
    ])
    expect(actions.map(({ action }) => action)).toEqual([
      'no action',
      'add header',
      'reject',
      'add header',
      'quarantine',
      'reject',
      'add header',
    ])
  })

  it('takes the points of the configuration, and leaves out what has none', async () => {
    const { score, symbols } = await scan(bad, { points: { NO_CLIENT_NAME: 0, HELO_NO_DOMAIN: 0.1 } })
    expect([score, symbols]).toEqual([0.1, [{ name: 'HELO_NO_DOMAIN', score: 0.1, detail: 'localhost' }]])
  })

  it('has no rounding errors', async () => {
    const points = { NO_CLIENT_NAME: 0.1, HELO_NO_DOMAIN: 0.2 }
    expect((await scan(bad, { points, mark: 0.3 })).action).toBe('add header')
  })
})

describe('authentication', () => {
  const result = (change: Partial<Authentication>): Authentication => ({
    spf: { result: 'none', domain: null, explanation: null },
    dkim: [],
    dmarc: {
      result: 'none',
      domain: 'stranger.example',
      policy: null,
      authors: [],
      problem: null,
      spfAligned: false,
      dkimAligned: false,
    },
    arc: { result: 'none' },
    results: '',
    ...change,
  })
  const spf = (found: Authentication['spf']['result']) => ({
    spf: { result: found, domain: 'a.example', explanation: null },
  })
  const dkim = (...found: Authentication['spf']['result'][]) => ({
    dkim: found.map((one) => ({ result: one, domain: 'a.example', selector: 's', aligned: false, comment: null })),
  })
  const dmarc = (found: Authentication['spf']['result'], policy: Authentication['dmarc']['policy'] = null) => ({
    dmarc: { ...result({}).dmarc, result: found, policy },
  })
  test.each<[string, Partial<Authentication>, string[]]>([
    ['nothing', {}, ['UNPROVEN']],
    ['SPF pass', spf('pass'), []],
    ['SPF fail', spf('fail'), ['SPF_FAIL', 'UNPROVEN']],
    ['SPF softfail with DKIM', { ...spf('softfail'), ...dkim('fail', 'pass') }, ['SPF_SOFTFAIL']],
    ['a broken SPF record', spf('permerror'), ['SPF_ERROR', 'UNPROVEN']],
    ['a broken signature', { ...spf('pass'), ...dkim('fail') }, ['DKIM_FAIL']],
    ['no answer of the DNS', { ...spf('temperror'), ...dkim('temperror') }, []],
    ['DMARC reject', { ...spf('pass'), ...dmarc('fail', 'reject') }, ['DMARC_REJECT']],
    ['DMARC quarantine', { ...spf('pass'), ...dmarc('fail', 'quarantine') }, ['DMARC_QUARANTINE']],
    ['DMARC none', { ...spf('pass'), ...dmarc('fail', 'none') }, ['DMARC_FAIL']],
    ['DMARC pass', { ...spf('pass'), ...dmarc('pass', 'reject') }, ['DMARC_PASS']],
  ])('%s', (_, change, expected) => {
    expect(authenticationEvidence(result(change)).map(({ name }) => name)).toEqual(expected)
  })
})

test('the own score counts only while the filter does not answer', async () => {
  const answer = (found: SpamFinding) => ({ scan: async () => found })
  const filter: SpamFinding = { ...(await scan({})), score: 9 }
  const second = createOwnScore(usual, own)
  expect(await withFallback(answer(filter), second).scan(request())).toMatchObject({ score: 9 })
  const down = answer({ kind: 'unavailable', cause: 'ECONNREFUSED' })
  expect(await withFallback(down, second).scan(request({ remoteName: null }))).toMatchObject({ score: 2 })
})
