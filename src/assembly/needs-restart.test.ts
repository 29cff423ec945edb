import { expect, test } from 'vitest'
import type { Config } from '../config/config.ts'
import { needsRestart } from './needs-restart.ts'

const peer = { host: 'mx-01.example.org', port: 0, addresses: ['192.0.2.1/32'], fingerprints: [] }
const config = {
  hostname: 'srs-01.example.org',
  peers: { mx: [peer] },
  limits: { message_size: 1000 },
  mail: ['/etc/waypost/mail.yaml'],
  users: '/etc/waypost/users',
  tls: { certificate: 'old', key: 'old', ca: null, expiresAt: 1 },
} as unknown as Config

test('nothing to say where nothing changed, or only what a reload takes over', () => {
  expect(needsRestart(config, structuredClone(config))).toEqual([])
  const tls = { certificate: 'new', key: 'new', ca: null, expiresAt: 2 }
  expect(needsRestart(config, { ...config, tls, mail: [], users: undefined })).toEqual([])
})

test('a first certificate, or none any more, needs a start: a listener offers STARTTLS or does not', () => {
  expect(needsRestart({ ...config, tls: null }, config)).toEqual(['tls'])
  expect(needsRestart(config, { ...config, tls: null })).toEqual(['tls'])
  expect(needsRestart({ ...config, tls: null }, { ...config, tls: null })).toEqual([])
})

test('a peer that was taken off the list is still admitted: that is said', () => {
  expect(needsRestart(config, { ...config, peers: { mx: [] } })).toEqual(['peers'])
})

test('every such key is named, in the order of the file', () => {
  const changed = { ...config, hostname: 'srs-02.example.org', limits: { ...config.limits, message_size: 2000 } }
  expect(needsRestart(config, changed)).toEqual(['hostname', 'limits'])
})
