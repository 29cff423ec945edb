import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Resolver } from '../dns/resolver.ts'
import type { DkimKey, KeyStage } from './key.ts'
import { keyRecord } from './key-record.ts'
import { checkRecord, planRotation, PUBLISH_WAIT_MS, RETIRE_WAIT_MS } from './rotation.ts'

const now = Date.UTC(2026, 10, 21)

function key(selector: string, stage: KeyStage, age = 0): DkimKey {
  const { privateKey } = generateKeyPairSync('ed25519')
  return { domain: 'example.org', selector, algorithm: 'ed25519-sha256', privateKey, stage, since: now - age, file: '' }
}

/** A DNS with these texts; a name in `broken` cannot be looked up. */
function dns(texts: Record<string, string>, broken: readonly string[] = []): Resolver {
  return {
    async resolve(name, type) {
      if (broken.includes(name)) return { kind: 'unavailable', cause: 'time-out' }
      const text = type === 'TXT' ? texts[name] : undefined
      if (text === undefined) return { kind: 'absent', nxdomain: true, ttl: 1, authentic: false }
      const records = [[Buffer.from(text.slice(0, 20)), Buffer.from(text.slice(20))]]
      return { kind: 'found', records: records as never, ttl: 1, authentic: false, name }
    },
  }
}

function published(...keys: readonly DkimKey[]): Record<string, string> {
  return Object.fromEntries(keys.map((one) => [keyRecord(one).name, keyRecord(one).text]))
}

async function plan(keys: readonly DkimKey[], resolver: Resolver): Promise<string[]> {
  const steps = await planRotation(keys, { resolver, now })
  return steps.map((step) => `${step.key.selector} ${step.key.stage}>${step.to}`)
}

describe('what the DNS shows', () => {
  test('has four states', async () => {
    const one = key('a', 'active')
    const other = key('a', 'active')
    expect(await checkRecord(one, dns(published(one)))).toBe('published')
    expect(await checkRecord(one, dns(published(other)))).toBe('different')
    expect(await checkRecord(one, dns({}))).toBe('missing')
    expect(await checkRecord(one, dns({}, ['a._domainkey.example.org']))).toBe('unknown')
  })
})

describe('rotation', () => {
  test('the first key of a domain signs as soon as its record is there', async () => {
    const first = key('a', 'generated')
    expect(await plan([first], dns({}))).toEqual(['a generated>generated'])
    expect(await plan([first], dns(published(first)))).toEqual(['a generated>active'])
  })

  test('a successor waits in the DNS, then takes over, then the old one retires', async () => {
    const old = key('a', 'active', RETIRE_WAIT_MS)
    const next = key('b', 'generated')
    const zone = dns(published(old, next))
    expect(await plan([old, next], zone)).toEqual(['a active>active', 'b generated>published'])
    const waiting = { ...next, stage: 'published' as const, since: now - PUBLISH_WAIT_MS + 1 }
    expect(await plan([old, waiting], zone)).toEqual(['a active>active', 'b published>published'])
    const ready = { ...waiting, since: now - PUBLISH_WAIT_MS }
    expect(await plan([old, ready], zone)).toEqual(['b published>active', 'a active>retired'])
  })

  test('never moves on what cannot be seen', async () => {
    const old = key('a', 'active')
    const ready = key('b', 'published', PUBLISH_WAIT_MS)
    const name = keyRecord(ready).name
    expect(await plan([old, ready], dns(published(old)))).toEqual(['a active>active', 'b published>published'])
    const broken = dns(published(old, ready), [name])
    expect(await plan([old, ready], broken)).toEqual(['a active>active', 'b published>published'])
    const wrong = dns({ ...published(old), [name]: keyRecord(key('b', 'active')).text })
    expect(await plan([old, ready], wrong)).toEqual(['a active>active', 'b published>published'])
  })

  test('does not retire keys of another algorithm or domain', async () => {
    const ready = key('b', 'generated')
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey
    const other: DkimKey = { ...key('a', 'active'), algorithm: 'rsa-sha256', privateKey: rsa }
    const elsewhere: DkimKey = { ...key('c', 'active'), domain: 'example.net' }
    const keys = [ready, other, elsewhere]
    expect(await plan(keys, dns(published(...keys)))).toEqual([
      'b generated>active',
      'a active>active',
      'c active>active',
    ])
  })

  test('shows when a retired key can be removed', async () => {
    const young = key('a', 'retired', 1)
    const old = key('b', 'retired', RETIRE_WAIT_MS)
    const steps = await planRotation([young, old], { resolver: dns(published(young, old)), now })
    expect(steps.map((step) => step.reason)).toEqual([
      'mail under way may still carry its signature',
      'withdraw b._domainkey.example.org, then delete the key file',
    ])
    const [gone] = await planRotation([old], { resolver: dns({}), now })
    expect(gone?.reason).toBe('the key file can be deleted')
  })
})
