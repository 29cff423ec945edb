import { expect, test } from 'vitest'
import type { Config } from '../config/config.ts'
import { applyReloadable } from './reloadable-keys.ts'

const peer = { host: 'mx-01.example.org', port: 0, addresses: ['192.0.2.1/32'], fingerprints: [] }
const tls = { certificate: 'old', key: 'old', ca: null, expiresAt: 1 }
const config = {
  hostname: 'srs-01.example.org',
  peers: { mx: [peer] },
  limits: { message_size: 1000 },
  mail: ['/etc/waypost/mail.yaml'],
  users: '/etc/waypost/users',
  arc: { seal: false },
  postmaster: 'postmaster@example.org',
  srs: { domain: 'srs.example.org', secrets: ['old'], max_age: 1, hash_length: 4, hash_minimum: 4 },
  tls,
} as unknown as Config

const restartFor = (running: Config, wanted: Config) => applyReloadable(running, wanted).restartFor

test('no restart is required if nothing or only reloadable keys changed', () => {
  expect(restartFor(config, structuredClone(config))).toEqual([])
  const renewed = { certificate: 'new', key: 'new', ca: null, expiresAt: 2 }
  const srs = { ...config.srs, secrets: ['new', 'old'], hash_length: 8 } as Config['srs']
  const wanted = { ...config, tls: renewed, mail: [], users: undefined, srs }
  expect(applyReloadable(config, wanted)).toEqual({ config: wanted, restartFor: [] })
})

test('adding or removing the certificate requires a restart, because it decides if listeners offer STARTTLS', () => {
  expect(restartFor({ ...config, tls: null }, config)).toEqual(['tls'])
  expect(restartFor(config, { ...config, tls: null })).toEqual(['tls'])
  expect(restartFor({ ...config, tls: null }, { ...config, tls: null })).toEqual([])
  expect(applyReloadable(config, { ...config, tls: null }).config.tls).toEqual(tls)
})

test('adding or removing the CA requires a restart, because it decides if peers are verified', () => {
  expect(restartFor(config, { ...config, tls: { ...tls, ca: 'ca' } })).toEqual(['tls'])
  expect(restartFor({ ...config, tls: { ...tls, ca: 'ca' } }, config)).toEqual(['tls'])
  expect(restartFor({ ...config, tls: { ...tls, ca: 'ca' } }, { ...config, tls: { ...tls, ca: 'other' } })).toEqual([])
})

test('of reports, addresses and ages are reloaded; the store and what is sent are not', () => {
  const reports = { addresses: ['a@example.org'], domains: [], keep: 1 } as unknown as Config['reports']
  const more = { ...reports, addresses: ['b@example.org'], domains: ['x.example'], keep: 2 } as Config['reports']
  expect(applyReloadable({ ...config, reports }, { ...config, reports: more })).toMatchObject({
    restartFor: [],
    config: { reports: more },
  })
  const sending = { ...more, send: { from: 'a@example.org', org: 'Org', except: [] } } as Config['reports']
  for (const wanted of [sending, null]) {
    const plan = applyReloadable({ ...config, reports }, { ...config, reports: wanted })
    expect([plan.restartFor, plan.config.reports]).toEqual([['reports'], reports])
  }
})

test('a changed listener is named by its key in the file', () => {
  const listeners = [{ name: 'smtp', host: '::', port: 2525 }] as unknown as Config['listeners']
  expect(restartFor(config, { ...config, listeners })).toEqual(['listen'])
})

test('a removed peer requires a restart, because it is still admitted', () => {
  expect(restartFor(config, { ...config, peers: { mx: [] } })).toEqual(['peers'])
})

test('changes of the transfer peers, the postmaster, sealing and the SRS domain require a restart', () => {
  const queue_transfer = { listen: { host: '::', port: 4465 }, peers: ['mx'] } as Config['queue_transfer']
  expect(restartFor({ ...config, queue_transfer }, config)).toEqual(['queue_transfer'])
  expect(restartFor(config, { ...config, postmaster: 'ops@example.org' })).toEqual(['postmaster'])
  expect(restartFor(config, { ...config, arc: { seal: true } })).toEqual(['arc'])
  expect(
    restartFor(config, { ...config, srs: { ...config.srs, domain: 'other.example.org' } as Config['srs'] }),
  ).toEqual(['srs'])
  expect(restartFor(config, { ...config, srs: null })).toEqual(['srs'])
})

test('every key that requires a restart is named, in the order of the file, and keeps its active value', () => {
  const changed = {
    ...config,
    hostname: 'srs-02.example.org',
    limits: { ...config.limits, message_size: 2000 },
    mail: [],
  }
  expect(applyReloadable(config, changed)).toEqual({
    config: { ...config, mail: [] },
    restartFor: ['hostname', 'limits'],
  })
})
