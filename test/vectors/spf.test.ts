// The openspf suites for RFC 7208 and RFC 4408, run through our authenticator and our DNS.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { type Authority, startAuthority, type ZoneEntry } from '../../src/demo/authority.ts'
import { createStubResolver } from '../../src/dns/stub.ts'
import { verifyEverywhere } from '../lib/verify-everywhere.ts'
import { contentOf } from '../lib/message.ts'
import { suite, wire } from './suites.ts'

interface Case {
  readonly helo: string
  readonly host: string
  readonly mailfrom: string
  readonly result: string | readonly string[]
  readonly explanation?: string
}

interface Scenario {
  readonly description: string
  readonly tests: Record<string, Case>
  readonly zonedata: Record<string, readonly (string | Record<string, unknown>)[]>
}

const message = wire('From: someone@elsewhere.invalid\n\nbody\n')
let dns: Authority
beforeAll(async () => {
  dns = await startAuthority()
})
afterAll(() => dns.close())

describe.each([
  ['RFC 7208', 'spf/rfc7208-tests-2014.05.yml', 193],
  ['RFC 4408', 'spf/rfc4408-tests.yml', 191],
])('%s', (_rfc, path, expected) => {
  const text = suite(path)
  const scenarios = text === null ? [] : parseAllDocuments(text).map((document) => document.toJS() as Scenario)
  const cases = scenarios.flatMap((scenario) =>
    Object.entries(scenario.tests).map(([name, one]) => ({ name: `${scenario.description}: ${name}`, scenario, one })),
  )
  test.skipIf(text === null)('is complete', () => {
    expect(cases).toHaveLength(expected)
  })

  test.skipIf(cases.length === 0).each(cases)('$name', async ({ scenario, one }) => {
    dns.zone.clear()
    for (const [name, records] of Object.entries(scenario.zonedata)) dns.zone.set(name.toLowerCase(), entryOf(records))
    const resolver = createStubResolver({ servers: [dns], timeoutMs: 250, tries: 1, trustAuthentic: false })
    const { spf } = await verifyEverywhere(resolver).authenticate({
      remoteIp: one.host,
      helo: one.helo,
      sender: one.mailfrom === '' ? null : one.mailfrom,
      content: contentOf(message),
      authservId: 'receiver.example',
      now: Date.now(),
    })
    expect([one.result].flat()).toContain(spf.result)
    if (spf.result !== 'fail' || one.explanation === undefined) return
    expect(spf.explanation ?? 'DEFAULT').toBe(one.explanation)
  })
})

/** A record of type SPF also counts as TXT, unless the name has a TXT record. */
function entryOf(records: readonly (string | Record<string, unknown>)[]): ZoneEntry {
  const entry: Record<string, unknown[]> = {}
  const add = (type: string, value: unknown): void => {
    entry[type] = [...(entry[type] ?? []), ...(value === 'NONE' ? [] : [value])]
  }
  const hasText = records.some((record) => typeof record === 'object' && 'TXT' in record)
  let fail: ZoneEntry['fail']
  for (const record of records) {
    if (typeof record === 'string') {
      fail = 'TIMEOUT'
      continue
    }
    for (const [type, value] of Object.entries(record)) {
      if (type === 'SPF' && !hasText) add('TXT', value)
      else if (type === 'MX') add('MX', (value as unknown[]).join(' '))
      else if (value === 'TIMEOUT') fail = 'TIMEOUT'
      else add(type, value)
    }
  }
  const cname = entry['CNAME']?.[0]
  return { ...entry, ...(cname ? { CNAME: cname } : {}), ...(fail ? { fail } : {}) } as ZoneEntry
}
