import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  allActive,
  mailFacts,
  recipientFacts,
  runCheck,
  sampleSession,
  senderFacts,
  sessionFacts,
} from '../../test/lib/check-facts.ts'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { fakeResolver } from '../../test/lib/fake-resolver.ts'
import { createBudgets } from '../budget/budgets.ts'
import type { Config } from '../config/config.ts'
import type { SpamFinding } from '../filter/spam-scan.ts'
import type { Check } from '../policy/check.ts'
import type { GreylistSettings } from '../policy/checks/greylist.ts'
import { Peers } from '../policy/peers.ts'
import { createChecks } from '../policy/run-checks.ts'
import type { Router } from '../route/resolution.ts'
import { refusal } from '../smtp/reply.ts'
import { brakeSettings } from './account-settings.ts'
import { buildChecks, explainChecks } from './checks.ts'
import { spamFilterSettings } from './spam-scanner.ts'
import { virusScannerSettings } from './virus-scanner.ts'

const admission = { admit: ['internet'], peers: new Peers([]), machines: null } as const

function partsOf(router: Partial<Router> = {}) {
  const clock = createFakeClock()
  return {
    resolver: fakeResolver({}),
    clock,
    budgets: createBudgets(clock),
    queue: { health: async () => ({ kind: 'ok', waiting: 0, freeBytes: 1e9 }) as const },
    router: router as Router,
    authenticator: () => ({ authenticate: () => Promise.reject(new Error('no message')) }),
    spam: null,
    outgoingSpam: null,
    virus: null,
    lists: null,
    ownLists: () => ({ find: () => [], entries: [], allowsHosts: false }),
    greylist: null,
    isTested: () => false,
    usage: {
      judge: async () => ({ kind: 'fits', uses: [] }) as const,
      take: async () => ({ kind: 'fits', uses: [] }) as const,
      failed: async () => undefined,
    },
    accountLimits: () => null,
    brake: {
      observe: async () => ({ kind: 'known', signs: [] }) as const,
      holds: async () => ({ kind: 'known', holds: [] }) as const,
      hold: async () => 'held' as const,
    },
    brakeSettings: () => brakeSettings({ brake: null }),
    accountHeld: () => undefined,
    bans: { bans: { find: async () => ({ kind: 'known', bans: [] }) as const }, isKnown: () => false },
  }
}

const configOf = (checks: Config['role']['checks']) =>
  ({
    hostname: 'node.example.org',
    domain: 'example.org',
    local_names: { rewrite: false, hosts: [] },
    authserv_id: 'example.org',
    dmarc: {},
    bans: {},
    delivery: { tls: 'dane', mandatory_tls: [], destinations: {} },
    peers: {},
    identity: {},
    limits: {
      messages_per_ip: 100,
      recipients_per_ip: 100,
      octets_per_ip: 1000,
      errors_per_ip: 100,
      unknown_recipients_per_ip: 20,
    },
    role: { checks, max_hops: 50, internet: 'bounces' },
  }) as unknown as Config

const roleChecks = [
  'hop-count',
  'bulk',
  'authentication-results',
  'peer-results',
  'local-names',
  'sender',
  'author',
  'own-lists',
  'dnsbl',
  'virus',
  'spam',
  'greylist',
] as const

const namesOf = (checks: Config['role']['checks']) =>
  buildChecks(configOf(checks), partsOf())(admission).map((check) => check.name)

describe('the checks of a listener', () => {
  it('implement the stages that the table in checks.ts lists', () => {
    const listed = [
      ...readFileSync(join(import.meta.dirname, 'checks.ts'), 'utf8').matchAll(
        /^ \* \| (?:first|role file|last) \| (.+) \| (.+) \|$/gm,
      ),
    ]
    const table = listed.flatMap(([, names, stages]) =>
      (names ?? '')
        .replace(/ \(.*\)$/, '')
        .split(', ')
        .map((name) => `${name}: ${stages}`),
    )
    const spam = { scan: () => Promise.reject(new Error('no message')) }
    const config = {
      ...configOf([...roleChecks]),
      rspamd: { when_down: 'defer' },
      outgoing_spam: { action: 'hold', from: 10 },
      clamav: {},
      probe: { secrets: ['a secret'] },
    } as unknown as Config
    const lists = { ask: () => Promise.reject(new Error('no question')) }
    const greylist = {
      settings: () => null,
      table: { judge: () => Promise.reject(new Error('no question')) },
      count: () => {},
    }
    const checks = buildChecks(config, { ...partsOf(), spam, outgoingSpam: spam, virus: spam, lists, greylist })(
      admission,
    )
    const stages = ['connect', 'secured', 'helo', 'mail', 'rcpt', 'message'] as const
    const built = checks.map((check) => `${check.name}: ${stages.filter((stage) => check[stage]).join(', ')}`)
    expect(built.toSorted()).toEqual(table.toSorted())
  })

  it('leave what the greylist module of rspamd defers to the greylist check, unless that is in test mode there', async () => {
    const config = { ...configOf(['spam', 'greylist']), rspamd: { when_down: 'accept' } } as unknown as Config
    const symbols = [{ name: 'GREYLIST', score: 0 }]
    const deferred = { kind: 'scanned', action: 'soft reject', named: 'soft reject', score: 5, required: 15, symbols }
    const spam = { scan: async () => ({ ...deferred, message: null }) as SpamFinding }
    const table = { judge: () => Promise.reject(new Error('no question')) }
    const settings = () => ({}) as GreylistSettings
    const greylist = { settings, table, count: () => {} }
    const isTested = (check: string, listener: string) => check === 'greylist' && listener === 'tried'
    const checks = buildChecks(config, { ...partsOf(), spam, greylist, isTested })(admission)
    const check = checks.find(({ name }) => name === 'spam') as Check
    const onListener = async (listener: string) =>
      (await runCheck(check, 'message', mailFacts('From: a@b.example', { session: sampleSession({ listener }) })))
        .verdict
    expect(await onListener('smtp')).toMatchObject({ kind: 'accept' })
    expect(await onListener('tried')).toMatchObject({ kind: 'defer' })
  })

  it('are the fixed ones around those of the role file, in its order', () => {
    expect(namesOf(['author', 'sender', 'hop-count'])).toEqual([
      'admission',
      'bans',
      'client-name',
      'storage',
      'client-limits',
      'srs-bounces',
      'author',
      'sender',
      'hop-count',
      'srs-hash-throttle',
      'harvest-throttle',
      'account-limits',
      'recipient',
      'probe',
      'account-brake',
    ])
  })

  it('include admission and recipient, whatever the role file lists', async () => {
    const refused = { kind: 'refused', reply: refusal(550, '5.7.1', 'Relaying denied'), via: [] } as const
    const parts = partsOf({ resolve: async () => refused })
    const checks = createChecks(buildChecks(configOf([]), parts)({ ...admission, admit: ['peers'] }), {
      ...allActive,
      clock: parts.clock,
      log: { bug: () => {} },
    })
    expect(await checks.run('connect', sessionFacts())).toMatchObject({ kind: 'refused', reply: { code: 554 } })
    expect(await checks.run('mail', senderFacts({ origin: null }))).toMatchObject({ reply: { code: 530 } })
    expect(await checks.run('rcpt', recipientFacts())).toMatchObject({ reply: { code: 550 } })
  })

  it('have no spam check where no spam filter is configured', () => {
    expect(namesOf(['spam', 'authentication-results'])).not.toContain('spam')
  })

  it('have no dnsbl check where no lists are configured', () => {
    expect(namesOf(['dnsbl', 'authentication-results'])).not.toContain('dnsbl')
  })

  it('throttle a client that guesses SRS addresses', async () => {
    const wrong = {
      kind: 'refused',
      reply: refusal(550, '5.1.1', 'No such address here', 'SRS: wrong hash'),
      via: [],
    } as const
    const parts = partsOf({ resolve: async () => wrong })
    const checks = createChecks(buildChecks(configOf([]), parts)(admission), {
      ...allActive,
      clock: parts.clock,
      log: { bug: () => {} },
    })
    const facts = recipientFacts({ forwardPath: 'SRS0=aaaa=BB=stranger.example=ann@srs.example.org' })
    const codes = []
    for (let i = 0; i < 21; i++) {
      const outcome = await checks.run('rcpt', facts)
      codes.push(outcome.kind === 'refused' ? outcome.reply.code : null)
    }
    expect(codes).toEqual([...Array<number>(20).fill(550), 450])
  })
})

it('explain runs those of the role and the recipient check', () => {
  expect(explainChecks(configOf(['hop-count', 'sender']), partsOf()).map((check) => check.name)).toEqual([
    'srs-bounces',
    'hop-count',
    'sender',
    'recipient',
  ])
})

it('a spam filter needs both the check of the role and rspamd in the configuration', () => {
  const rspamd = {
    urls: ['http://127.0.0.1:11333'],
    password: null,
    timeout: 1000,
    own_results: true,
    when_down: 'defer',
  }
  const withFilter = { ...configOf(['spam']), hostname: 'mx-01.example.org', rspamd } as unknown as Config
  expect(spamFilterSettings(withFilter)).toEqual({
    rspamd: { urls: rspamd.urls, password: null, timeoutMs: 1000, hostname: 'mx-01.example.org', ownResults: true },
    whenDown: 'defer',
  })
  expect(spamFilterSettings({ ...withFilter, rspamd: null })).toBeNull()
  expect(spamFilterSettings({ ...withFilter, role: configOf(['sender']).role })).toBeNull()
})

it('a virus scanner needs both the check of the role and clamav in the configuration', () => {
  const clamav = { servers: ['127.0.0.1:3310'], timeout: 1000, max_size: 500, when_down: 'accept' }
  const withScanner = { ...configOf(['virus']), clamav } as unknown as Config
  expect(virusScannerSettings(withScanner)).toEqual({
    clamd: { servers: clamav.servers, timeoutMs: 1000, maxSize: 500 },
    whenDown: 'accept',
  })
  expect(virusScannerSettings({ ...withScanner, clamav: null })).toBeNull()
  expect(virusScannerSettings({ ...withScanner, role: configOf(['sender']).role })).toBeNull()
})
