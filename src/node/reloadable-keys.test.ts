import { expect, test } from 'vitest'
import type { Config } from '../config/config.ts'
import { takeOver } from './reloadable-keys.ts'

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

const later = (running: Config, wanted: Config) => takeOver(running, wanted).later

test('nothing to say where nothing changed, or only what a reload takes over', () => {
  expect(later(config, structuredClone(config))).toEqual([])
  const renewed = { certificate: 'new', key: 'new', ca: null, expiresAt: 2 }
  const srs = { ...config.srs, secrets: ['new', 'old'], hash_length: 8 } as Config['srs']
  const wanted = { ...config, tls: renewed, mail: [], users: undefined, srs }
  expect(takeOver(config, wanted)).toEqual({ config: wanted, later: [] })
})

test('a first certificate, or none any more, needs a start: a listener offers STARTTLS or does not', () => {
  expect(later({ ...config, tls: null }, config)).toEqual(['tls'])
  expect(later(config, { ...config, tls: null })).toEqual(['tls'])
  expect(later({ ...config, tls: null }, { ...config, tls: null })).toEqual([])
  expect(takeOver(config, { ...config, tls: null }).config.tls).toEqual(tls)
})

test('a first CA, or none any more, needs a start: peers are verified or are not', () => {
  expect(later(config, { ...config, tls: { ...tls, ca: 'ca' } })).toEqual(['tls'])
  expect(later({ ...config, tls: { ...tls, ca: 'ca' } }, config)).toEqual(['tls'])
  expect(later({ ...config, tls: { ...tls, ca: 'ca' } }, { ...config, tls: { ...tls, ca: 'other' } })).toEqual([])
})

test('a listener has the name of its key in the file', () => {
  const listeners = [{ name: 'smtp', host: '::', port: 2525 }] as unknown as Config['listeners']
  expect(later(config, { ...config, listeners })).toEqual(['listen'])
})

test('a peer that was taken off the list is still admitted: that is said', () => {
  expect(later(config, { ...config, peers: { mx: [] } })).toEqual(['peers'])
})

test('so are those who may hand their queues over, the address of reports, sealing and the SRS domain', () => {
  const queue_transfer = { listen: { host: '::', port: 4465 }, peers: ['mx'] } as Config['queue_transfer']
  expect(later({ ...config, queue_transfer }, config)).toEqual(['queue_transfer'])
  expect(later(config, { ...config, postmaster: 'ops@example.org' })).toEqual(['postmaster'])
  expect(later(config, { ...config, arc: { seal: true } })).toEqual(['arc'])
  expect(later(config, { ...config, srs: { ...config.srs, domain: 'other.example.org' } as Config['srs'] })).toEqual([
    'srs',
  ])
  expect(later(config, { ...config, srs: null })).toEqual(['srs'])
})

test('every such key is named, in the order of the file, and stays in force as it is', () => {
  const changed = {
    ...config,
    hostname: 'srs-02.example.org',
    limits: { ...config.limits, message_size: 2000 },
    mail: [],
  }
  expect(takeOver(config, changed)).toEqual({ config: { ...config, mail: [] }, later: ['hostname', 'limits'] })
})
