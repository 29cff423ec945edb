// When a new key of an operator's files is used: every state of docs/reference/tls-keys.md, with a fake clock and a fake DNS.

import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { createFakeClock, type FakeClock } from '../../test/lib/fake-clock.ts'
import { fakeResolver, type Zone } from '../../test/lib/fake-resolver.ts'
import { createAuthority } from '../demo/ca.ts'
import { publicKeyInfo } from './key-kind.ts'
import { createKeyHold, type KeyHold } from './key-hold.ts'
import { fingerprintOf, type KeptPairs, noPairs, readKept, type SlotPair, writeKept } from './kept-pairs.ts'

const HOST = 'mx-01.example.org'
const OWNER = `_25._tcp.${HOST} TLSA`
const DAY_MS = 86_400_000
const authority = createAuthority('Keys')

function issue(slot = 'tls', names = [HOST], key?: string): SlotPair {
  const issued = authority.issue({ names, ...(key !== undefined && { key }) })
  return { slot, ...issued, expiresAt: createFakeClock().now() + 20 * DAY_MS }
}
const tlsa = ({ certificate }: SlotPair, ttl = '') =>
  `3 1 1 ${createHash('sha256').update(publicKeyInfo(certificate)).digest('hex')}${ttl}`

const old = issue()
const fresh = issue()

let clock: FakeClock
let zones: Zone[]
let logged: string[]
let stored: KeptPairs
let asked: number

beforeEach(() => {
  clock = createFakeClock()
  zones = [{}]
  logged = []
  stored = noPairs
  asked = 0
})

function open(kept: KeptPairs = stored, keep = async (now: KeptPairs) => void (stored = now)): KeyHold {
  const say = (level: string) => (fields: object, message: string) =>
    void logged.push(`${level} ${message} ${JSON.stringify(fields)}`)
  return createKeyHold({ hostname: HOST, ports: [25] }, kept, {
    clock,
    log: { info: say('info'), warn: say('warn'), error: say('error'), bug: (error) => void logged.push(String(error)) },
    witnesses: () => ({
      resolvers: zones.map((zone, index) => ({
        label: `dns-${index + 1}`,
        resolver: {
          resolve: (name, type) => {
            asked++
            return fakeResolver(zone).resolve(name, type)
          },
        },
      })),
      countsInsecure: true,
    }),
    keep,
  })
}

const used = (pairs: readonly SlotPair[] | null) => pairs?.map(fingerprintOf)
const prints = (...pairs: SlotPair[]) => pairs.map(fingerprintOf)
const slotsIn = (pairs: readonly SlotPair[]) => pairs.map(({ slot }) => slot)

/** A node that has used the old pair, with its record in the DNS. */
async function settled(): Promise<KeyHold> {
  const hold = open()
  await hold.choose([old])
  zones = [{ [OWNER]: [tlsa(old)] }]
  await hold.look()
  logged = []
  asked = 0
  return hold
}

describe('the first certificate', () => {
  it('is used without a question to the DNS, which may be down', async () => {
    zones = [{ [OWNER]: 'unavailable' }]
    expect(used(await open().choose([old]))).toEqual(prints(old))
    expect(asked).toBe(0)
    expect(stored.pairs).toMatchObject([{ slot: 'tls', key: old.key }])
  })

  it('whose key the DNS lacks is reported until it is there', async () => {
    zones = [{ [OWNER]: [tlsa(fresh)] }]
    const hold = open()
    await hold.choose([old])
    expect(await hold.look()).toBeNull()
    expect(hold.state().unshown).toMatchObject([
      { slot: 'tls', why: 'first', cause: expect.stringContaining('_25._tcp') },
    ])
    expect(logged).toEqual([expect.stringContaining('warn the key in use is not in the DNS')])
    zones = [{ [OWNER]: [tlsa(old)] }]
    await hold.look()
    expect(hold.state().unshown).toEqual([])
  })
})

describe('another certificate', () => {
  it('with the same key is used at once, also while the DNS is down', async () => {
    const hold = await settled()
    const renewed = issue('tls', [HOST], old.key)
    expect(used(await hold.choose([renewed]))).toEqual(prints(renewed))
    zones = [{ [OWNER]: 'unavailable' }]
    const again = issue('tls', [HOST], old.key)
    expect(used(await hold.choose([again]))).toEqual(prints(again))
    expect(logged).toEqual([])
  })

  it('with the same key is used at once after the end of the one in use, without an alarm', async () => {
    const hold = await settled()
    await clock.advance(21 * DAY_MS)
    zones = [{ [OWNER]: 'unavailable' }]
    const renewed = issue('tls', [HOST], old.key)
    expect(used(await hold.choose([renewed]))).toEqual(prints(renewed))
    expect([logged, hold.state().unshown]).toEqual([[], []])
  })

  it('with a new key is used at once without TLSA records', async () => {
    const hold = await settled()
    zones = [{}]
    expect(used(await hold.choose([fresh]))).toEqual(prints(fresh))
    expect(hold.state().waits).toEqual([])
  })

  it('with a new key waits, is used when every resolver has shown it for the time to live, and says so', async () => {
    const hold = await settled()
    zones = [{ [OWNER]: [tlsa(old)] }, { [OWNER]: [tlsa(old)] }]
    expect(used(await hold.choose([fresh]))).toEqual(prints(old))
    expect(stored.waits).toMatchObject([
      { slot: 'tls', cause: `_25._tcp.${HOST} at dns-1, _25._tcp.${HOST} at dns-2 without its TLSA record` },
    ])
    expect(logged).toEqual([expect.stringMatching(/^warn the new key waits for the DNS; the certificate in use stays/)])
    zones = [{ [OWNER]: [tlsa(old), tlsa(fresh)] }, { [OWNER]: [tlsa(old)] }]
    expect(await hold.look()).toBeNull()
    expect(hold.state().waits[0]?.cause).toBe(`_25._tcp.${HOST} at dns-2 without its TLSA record`)
    zones = [{ [OWNER]: [tlsa(old), tlsa(fresh)] }, { [OWNER]: [tlsa(old), tlsa(fresh)] }]
    expect(await hold.look()).toBeNull()
    expect(hold.state().waits[0]?.cause).toContain('the DNS shows its TLSA record, and older answers end at')
    await clock.advance(59_000)
    expect(await hold.look()).toBeNull()
    await clock.advance(1000)
    expect(used(await hold.look())).toEqual(prints(fresh))
    expect(logged.at(-1)).toBe('info the node uses the new key {"key":"tls"}')
    expect(hold.state()).toMatchObject({ waits: [], unshown: [] })
  })

  it('waits over restarts, without a new start of the time', async () => {
    await (await settled()).choose([fresh])
    zones = [{ [OWNER]: [tlsa(old), tlsa(fresh)] }]
    expect(used(await open().choose([fresh]))).toEqual(prints(old))
    await clock.advance(60_000)
    expect(used(await open().choose([fresh]))).toEqual(prints(fresh))
  })

  it('counts the time from the start if the record disappears in between; a silent resolver changes nothing', async () => {
    const hold = await settled()
    const shown = { [OWNER]: [tlsa(old), tlsa(fresh)] }
    zones = [shown]
    await hold.choose([fresh])
    await clock.advance(50_000)
    zones = [{ [OWNER]: [tlsa(old)] }]
    await hold.look()
    zones = [shown]
    await hold.look()
    await clock.advance(50_000)
    zones = [{ [OWNER]: 'unavailable' }]
    expect(await hold.look()).toBeNull()
    await clock.advance(10_000)
    zones = [shown]
    expect(used(await hold.look())).toEqual(prints(fresh))
  })

  it('is used when the TLSA records are removed', async () => {
    const hold = await settled()
    await hold.choose([fresh])
    zones = [{}]
    expect(used(await hold.look())).toEqual(prints(fresh))
  })

  it('is forgotten when the files get the old pair again, and waits from the start when they get a third one', async () => {
    const hold = await settled()
    await hold.choose([fresh])
    const third = issue()
    zones = [{ [OWNER]: [tlsa(old), tlsa(fresh)] }]
    await hold.look()
    expect(used(await hold.choose([third]))).toEqual(prints(old))
    expect(hold.state().waits).toMatchObject([{ fingerprint: fingerprintOf(third), shownSince: null }])
    expect(used(await hold.choose([old]))).toEqual(prints(old))
    expect(hold.state().waits).toEqual([])
  })
})

describe('while the DNS is down', () => {
  it('the old key stays, and the new one is used at the end of the old certificate, loudly', async () => {
    const hold = await settled()
    zones = [{ [OWNER]: 'unavailable' }]
    expect(used(await hold.choose([fresh]))).toEqual(prints(old))
    await clock.advance(19 * DAY_MS)
    expect(await hold.look()).toBeNull()
    await clock.advance(DAY_MS)
    expect(used(await hold.look())).toEqual(prints(fresh))
    expect(logged.at(-3)).toMatch(/^error the certificate in use has expired: the node uses the new key/)
    expect(hold.state().unshown).toMatchObject([{ why: 'expired' }])
    zones = [{ [OWNER]: [tlsa(fresh)] }]
    await hold.look()
    expect(hold.state().unshown).toEqual([])
  })
})

it('an operator can use the new key, with name and reason in the log; the report stays until the DNS has it', async () => {
  const hold = await settled()
  expect(await hold.useNow({ by: 'root', reason: 'leak' })).toBeNull()
  await hold.choose([fresh])
  expect(used(await hold.useNow({ by: 'root', reason: 'the old key leaked' }))).toEqual(prints(fresh))
  expect(logged.find((one) => one.includes('an operator uses'))).toMatch(/"by":"root","reason":"the old key leaked"/)
  expect(hold.state()).toMatchObject({ waits: [], unshown: [{ why: 'operator' }] })
  // Also after a restart.
  expect(used(await open().choose([fresh]))).toEqual(prints(fresh))
  zones = [{ [OWNER]: [tlsa(fresh)] }]
  await hold.look()
  expect(hold.state().unshown).toEqual([])
})

describe('several certificates', () => {
  const WEB = 'mail.example.org'
  const web = issue('tls.more.0', [WEB])
  const newWeb = issue('tls.more.0', [WEB])

  it('wait each for the records of their names', async () => {
    const hold = open()
    await hold.choose([old, web])
    zones = [{ [OWNER]: [tlsa(old)], [`_25._tcp.${WEB} TLSA`]: [tlsa(web)] }]
    expect(used(await hold.choose([old, newWeb]))).toEqual(prints(old, web))
    expect(slotsIn(hold.state().pairs)).toEqual(['tls', 'tls.more.0'])
    expect(used(await hold.choose([fresh, newWeb]))).toEqual(prints(old, web))
    zones = [{ [OWNER]: [tlsa(old)], [`_25._tcp.${WEB} TLSA`]: [tlsa(newWeb)] }]
    await hold.look()
    await clock.advance(60_000)
    expect(used(await hold.look())).toEqual(prints(old, newWeb))
  })

  it('a second type of key for a name that has records is added later', async () => {
    const hold = await settled()
    const second = issue('tls.more.0')
    expect(used(await hold.choose([old, second]))).toEqual(prints(old))
    expect(hold.state().waits).toMatchObject([{ slot: 'tls.more.0' }])
    zones = [{ [OWNER]: [tlsa(old), tlsa(second)] }]
    await hold.look()
    await clock.advance(60_000)
    expect(used(await hold.look())).toEqual(prints(old, second))
  })

  it('may change places', async () => {
    const hold = open()
    await hold.choose([old, web])
    zones = [{ [OWNER]: [tlsa(old)], [`_25._tcp.${WEB} TLSA`]: [tlsa(web)] }]
    const swapped = [
      { ...web, slot: 'tls' },
      { ...old, slot: 'tls.more.0' },
    ]
    expect(used(await hold.choose(swapped))).toEqual(prints(web, old))
    expect(hold.state().waits).toEqual([])
  })
})

describe('what is in use', () => {
  const withFolder = async (work: (file: string) => Promise<void>) => {
    const folder = mkdtempSync(join(tmpdir(), 'waypost-kept-'))
    await work(join(folder, 'in-use.json')).finally(() => rmSync(folder, { recursive: true }))
  }

  it('is kept in a file for its owner only; a damaged file counts as none', () =>
    withFolder(async (file) => {
      expect(await readKept(file)).toEqual(noPairs)
      await writeKept(file, { ...noPairs, pairs: [old] })
      expect(statSync(file).mode & 0o777).toBe(0o600)
      expect(await readKept(file)).toEqual({ ...noPairs, pairs: [old] })
      writeFileSync(file, readFileSync(file, 'utf8').replace(JSON.stringify(old.key), JSON.stringify(fresh.key)))
      expect((await readKept(file)).pairs).toEqual([])
      writeFileSync(file, '{')
      expect(await readKept(file)).toEqual(noPairs)
    }))

  it('that cannot be stored is a problem, and is stored when that is possible again', async () => {
    let isFull = true
    const hold = open(noPairs, async (now) => {
      if (isFull) throw new Error('ENOSPC')
      stored = now
    })
    await hold.choose([old])
    expect(hold.problem()).toBe('ENOSPC')
    isFull = false
    await hold.choose([old])
    expect([hold.problem(), stored.pairs.length]).toEqual([null, 1])
  })
})
