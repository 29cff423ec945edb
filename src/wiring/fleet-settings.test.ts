import { expect, it } from 'vitest'
import type { Config } from '../config/config.ts'
import { fleetNodes } from './fleet-settings.ts'

const peer = (host: string, fingerprints: string[] = ['aa']) => ({
  host,
  port: 25,
  addresses: [],
  fingerprints,
  name: undefined,
})
const config = (changes: object) =>
  ({
    hostname: 'mx-01.example.org',
    tls: { certificate: 'c', key: 'k', ca: null },
    peers: {},
    ...changes,
  }) as unknown as Config
const names = (changes: object) => {
  const found = fleetNodes(config(changes))
  return found.kind === 'nodes' ? found.nodes.map(({ name, port }) => `${name} ${port}`) : found.problem
}

it('is every host of peers without this one, at the port of the transfer listener', () => {
  const peers = { srs: [peer('srs-01.example.org'), peer('srs-02.example.org')], mx: [peer('mx-01.example.org')] }
  expect(names({ peers })).toEqual(['srs-01.example.org 4465', 'srs-02.example.org 4465'])
  expect(names({ peers, queue_transfer: { listen: { host: '*', port: 4000 } } })).toEqual([
    'srs-01.example.org 4000',
    'srs-02.example.org 4000',
  ])
})

it('is what fleet_view names', () => {
  const nodes = [
    { host: 'srs-01.example.org', port: 0, fingerprints: ['bb'] },
    { host: 'mta-01.example.org', port: 99, fingerprints: ['cc'] },
  ]
  expect(names({ fleet_view: { nodes, peers: [] } })).toEqual(['srs-01.example.org 4465', 'mta-01.example.org:99 99'])
})

it('says why no node can be asked', () => {
  expect(names({})).toMatch(/expected fleet_view\.nodes or peers/)
  const peers = { srs: [peer('srs-01.example.org', [])] }
  expect(names({ peers })).toMatch(/fingerprints/)
  expect(names({ peers, tls: null })).toMatch(/expected a certificate/)
})
