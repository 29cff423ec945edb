// The chain validation suite for ARC (RFC 8617), run through our authenticator and our DNS.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { type Authority, startAuthority } from '../../src/demo/authority.ts'
import { createStubResolver } from '../../src/dns/stub.ts'
import { verifyEverywhere } from '../lib/verify-everywhere.ts'
import { contentOf } from '../lib/message.ts'
import { suite, wire } from './suites.ts'

interface Scenario {
  readonly description: string
  readonly tests: Record<string, { readonly message: string; readonly cv: string | null }>
  readonly 'txt-records': Record<string, string>
}

/**
 * Where the RFC overrules the suite. An empty h= is no DKIM syntax (RFC 6376 3.5, at least one name) and leaves From unsigned,
 * which makes any such signature void (6.1.1); RFC 8617 4.1.2 takes both rules over for the ARC-Message-Signature,
 * and the default of c= too: simple/simple (RFC 6376 3.5). The suite has relaxed/relaxed, from a draft.
 */
const overruled: Record<string, string> = { ams_fields_h_empty: 'fail', ams_fields_c_na: 'fail' }

let dns: Authority
beforeAll(async () => {
  dns = await startAuthority()
})
afterAll(() => dns.close())

describe('ARC chains', () => {
  const text = suite('arc/validation.yml')
  const scenarios = text === null ? [] : parseAllDocuments(text).map((document) => document.toJS() as Scenario)
  const cases = scenarios.flatMap((scenario) =>
    Object.entries(scenario.tests).map(([name, one]) => ({
      name: `${scenario.description}: ${name}`,
      id: name,
      scenario,
      one,
    })),
  )

  test.skipIf(text === null)('are complete', () => {
    expect(cases).toHaveLength(105)
  })

  test.skipIf(cases.length === 0).each(cases)('$name', async ({ id, scenario, one }) => {
    dns.zone.clear()
    for (const [name, record] of Object.entries(scenario['txt-records'])) dns.zone.set(name, { TXT: record })
    const resolver = createStubResolver({ servers: [dns], timeoutMs: 2_000, tries: 1, trustAuthentic: false })
    const { arc } = await verifyEverywhere(resolver).authenticate({
      remoteIp: '192.0.2.1',
      helo: 'mail.example.org',
      sender: 'jqd@d1.example.org',
      content: contentOf(wire(one.message)),
      authservId: 'receiver.example',
      now: Date.now(),
    })
    // Where the suite leaves it open, there is no chain to trust.
    expect(arc.result).toBe(overruled[id] ?? (one.cv || 'fail').toLowerCase())
  })
})
