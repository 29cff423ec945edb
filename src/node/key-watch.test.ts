// A running node changes to a new key by itself: the timer, the listeners, `tls.more`, metrics and health.

import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { fakeResolver, type Zone } from '../../test/lib/fake-resolver.ts'
import { createKeyHold } from '../certificates/key-hold.ts'
import { noPairs } from '../certificates/kept-pairs.ts'
import { publicKeyInfo } from '../certificates/key-kind.ts'
import type { Config } from '../config/config.ts'
import type { TlsMaterial } from '../config/read-tls-material.ts'
import { createAuthority, type Issued } from '../demo/ca.ts'
import { openKeyWatch, watchKeys } from './key-watch.ts'

const HOST = 'mx-01.example.org'
const authority = createAuthority('Watch')
const clock = createFakeClock()
const issue = (name = HOST) => authority.issue({ names: [name] })
const pair = (issued: Issued) => ({ ...issued, expiresAt: clock.now() + 86_400_000 })
const tlsa = ({ certificate }: Issued) =>
  `3 1 1 ${createHash('sha256').update(publicKeyInfo(certificate)).digest('hex')}`

it('uses a new key and a new certificate of another name once the DNS has shown them for the time to live', async () => {
  const [old, fresh, web, newWeb] = [issue(), issue(), issue('web.example.org'), issue('web.example.org')]
  const mine = `_25._tcp.${HOST} TLSA`
  const other = '_25._tcp.web.example.org TLSA'
  let zone: Zone = { [mine]: [tlsa(old)], [other]: [tlsa(web)] }
  const log = {
    info: () => undefined,
    warn: () => undefined,
    error: () => undefined,
    bug: (error: unknown) => {
      throw error
    },
  }
  const resolver = {
    resolve: ((name, type) => fakeResolver(zone).resolve(name, type)) as ReturnType<typeof fakeResolver>['resolve'],
  }
  const witnesses = () => ({ resolvers: [{ label: 'dns', resolver }], countsInsecure: true })
  const hold = createKeyHold({ hostname: HOST, ports: [25] }, noPairs, {
    clock,
    log,
    witnesses,
    keep: async () => undefined,
  })
  const config = { tls: {}, at: (path: readonly string[], message: string) => ({ path, message }) } as unknown as Config
  const watch = watchKeys(config, hold, { clock, log })
  const material = (first: Issued, second: Issued): TlsMaterial => ({ ...pair(first), ca: 'PEM', more: [pair(second)] })
  let updates = 0
  const certificate = { value: await watch.choose(material(old, web)) }
  const listeners = [{ updateTls: () => (updates++, null) }]
  watch.start({ certificate, listeners, transfers: null, https: [], selfService: null })
  await clock.advance(60_000)
  expect(await watch.health.check()).toEqual({ kind: 'ok' })
  certificate.value = await watch.choose(material(fresh, newWeb))
  const shown = () => [certificate.value?.key, certificate.value?.more?.[0]?.key]
  expect(shown()).toEqual([old.key, web.key])
  expect(watch.warnings()).toMatchObject([{ path: ['tls'] }, { path: ['tls', 'more', 0] }])
  expect(await watch.metrics[0]?.read()).toHaveLength(2)
  zone = { [mine]: [tlsa(old), tlsa(fresh)], [other]: [tlsa(web)] }
  await clock.advance(60_000)
  expect([shown(), updates]).toEqual([[old.key, web.key], 0])
  await clock.advance(60_000)
  expect([shown(), updates]).toEqual([[fresh.key, web.key], 1])
  expect(certificate.value?.ca).toBe('PEM')
  expect(await watch.health.check()).toMatchObject({
    kind: 'degraded',
    reason: expect.stringContaining('tls.more.0: '),
  })
  const done = await watch.useNow({ by: 'root', reason: 'test' })
  expect(done).toEqual({ kind: 'done', text: 'the node uses the new key of tls.more.0, by order of root' })
  expect([shown(), updates]).toEqual([[fresh.key, newWeb.key], 2])
  expect(await watch.metrics[1]?.read()).toEqual([{ labels: {}, value: 1 }])
  watch.close()
})

it('without a wait every certificate is used at once', async () => {
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined, bug: () => undefined }
  const watch = watchKeys({ tls: {} } as unknown as Config, null, { clock, log })
  const material = { ...pair(issue()), ca: null }
  expect(await watch.choose(material)).toBe(material)
  expect(await watch.choose(null)).toBeNull()
  expect(await watch.useNow({ by: 'root', reason: 'x' })).toMatchObject({ kind: 'failed' })
})

it('with wait_for_tlsa: false no copy of keys stays', async () => {
  const data = mkdtempSync(join(tmpdir(), 'waypost-keys-'))
  const file = join(data, 'certificates-in-use.json')
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined, bug: () => undefined }
  const listeners = [{ name: 'smtp', port: 2525, tls: 'starttls' }]
  const config = (wait: boolean) =>
    ({
      data,
      hostname: HOST,
      tls: { newKeys: { wait, ports: null } },
      listeners,
      role: { listeners: {} },
    }) as unknown as Config
  const ports = { clock, log, witnesses: () => ({ resolvers: [], countsInsecure: true }) }
  await (await openKeyWatch(config(true), ports)).choose({ ...pair(issue()), ca: null })
  expect(existsSync(file)).toBe(true)
  await openKeyWatch(config(false), ports)
  expect(existsSync(file)).toBe(false)
  rmSync(data, { recursive: true })
})
