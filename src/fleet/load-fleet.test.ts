import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { fleetProblems, sampleFleet, sampleFleetYaml, writeFleetFiles } from '../../test/lib/sample-fleet.ts'
import { loadConfig } from '../config/load-config.ts'
import { formatProblem } from '../config/problem.ts'
import { loadFleet } from './load-fleet.ts'
import { nodeSettings } from './generated-settings.ts'
import { nodeYaml } from './node-yaml.ts'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-fleet-'))
  writeFleetFiles(folder)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const settingsOf = (name: string, text = sampleFleetYaml) => {
  const fleet = sampleFleet(folder, text)
  const node = fleet.nodes.find((one) => one.name === name)
  if (!node) throw new Error(`no node ${name}`)
  return nodeSettings(node, fleet)
}

describe('a node', () => {
  test('has defaults: host name, sources, file, public key of its certificate', () => {
    const [mx] = sampleFleet(folder).nodes
    expect(mx).toMatchObject({
      hostname: 'mx-01.example.org',
      sources: ['192.0.2.1', '2001:db8::1'],
      config: join(folder, 'mx-01/node.yaml'),
      publicKeys: [expect.stringMatching(/^[0-9a-f]{64}$/)],
    })
  })

  test('knows the nodes that its role needs, each with its key or else its addresses', () => {
    const mx = settingsOf('mx-01')
    expect(mx.peers).toEqual({
      srs: [{ host: 'srs-01.example.org', fingerprints: [`sha256:${'22'.repeat(32)}`] }],
      submission: [{ host: 'submission-01.example.org', fingerprints: [`sha256:${'33'.repeat(32)}`] }],
      mta: [{ host: 'mta-01.example.org', addresses: ['192.0.2.4'] }],
    })
    expect(Object.keys(settingsOf('srs-01').peers as object)).toEqual(['mx'])
    expect(Object.keys(settingsOf('mta-01').peers as object)).toEqual(['mx'])
  })

  test('has SRS, keys and accounts only if its role needs them', () => {
    expect(settingsOf('mx-01')).toMatchObject({ srs: { domain: 'forwards.example', secrets: ['srs.secret'] } })
    expect(settingsOf('submission-01')).toMatchObject({ users: 'passwd', dkim: { keys: 'dkim' } })
    expect(Object.keys(settingsOf('submission-01'))).not.toContain('srs')
    expect(settingsOf('mta-01')).toMatchObject({ machines: 'machines.yaml' })
  })

  test('has the settings of all nodes, of its role and its own, the nearest first; null removes a key', () => {
    const text =
      `${sampleFleetYaml}settings: { mail: null, hiera: hiera.yaml, dns: { servers: [ 127.0.0.1 ], timeout: 2s } }
roles: { mx: { dns: { timeout: 3s }, greylist: {} } }
`.replace('addresses: [ 192.0.2.4 ]', 'addresses: [ 192.0.2.4 ], settings: { dns: { timeout: 4s } }')
    expect(settingsOf('mx-01', text)).toMatchObject({
      dns: { servers: ['127.0.0.1'], timeout: '3s' },
      hiera: 'hiera.yaml',
      greylist: {},
    })
    expect(settingsOf('mx-01', text)).not.toHaveProperty('mail')
    expect(settingsOf('mta-01', text)).toMatchObject({ dns: { timeout: '4s' } })
    expect(settingsOf('mta-01', text)).not.toHaveProperty('greylist')
  })

  test('on another port is named with it', () => {
    const text = sampleFleetYaml.replace('role: srs,', 'role: srs, settings: { listen: { smtp: "127.0.1.2:2526" } },')
    expect(settingsOf('mx-01', text)).toMatchObject({ peers: { srs: [{ host: 'srs-01.example.org:2526' }] } })
  })

  test('of a domain with U-labels has A-labels', () => {
    expect(settingsOf('mx-01', sampleFleetYaml.replace('domain: example.org', 'domain: bücher.example'))).toMatchObject(
      { domain: 'xn--bcher-kva.example', hostname: 'mx-01.xn--bcher-kva.example' },
    )
  })

  test('starts with the generated node.yaml', () => {
    const fleet = sampleFleet(folder)
    const [mx] = fleet.nodes
    if (!mx) throw new Error('no mx')
    const file = join(folder, 'mx-01/node.yaml')
    writeFileSync(join(folder, 'mx-01/srs.secret'), 'a secret of sufficient length\n')
    writeFileSync(
      file,
      nodeYaml(mx, fleet)
        .replace(/ {2}ca: ca.pem\n/, '')
        .replace('/var/lib/waypost', 'data'),
    )
    const load = loadConfig(file)
    expect(load.kind === 'bad' ? load.problems.map(formatProblem) : []).toEqual([])
    expect(parse(nodeYaml(mx, fleet))).toEqual(nodeSettings(mx, fleet))
  })
})

describe('problems have a position', () => {
  const withNodes = (nodes: string) => `domain: example.org\nsrs: { domain: forwards.example }\nnodes:\n${nodes}`
  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    [
      'unknown keys and bad values',
      'domain: org\nnodes: { Mx: { role: mx, adresses: [] } }\n',
      [
        'fleet.yaml:1:9: domain: found "org", expected a domain such as example.org',
        expect.stringContaining('fleet.yaml:2:26: nodes.Mx.adresses: found an unknown key (did you mean addresses?)'),
      ],
    ],
    [
      'a name that is no label',
      withNodes('  Mx_1: { role: solo, addresses: [ 192.0.2.1 ] }\n'),
      [
        'fleet.yaml:4:9: nodes.Mx_1: found Mx_1, expected a name of lower-case letters, digits and hyphens such as mx-01',
      ],
    ],
    [
      'no such role',
      withNodes('  a: { role: mx-relay, addresses: [ 192.0.2.1 ] }\n'),
      [
        'fleet.yaml:4:14: nodes.a.role: found "mx-relay", expected one of client, mta, mx, solo, srs, submission or the path of a role file',
      ],
    ],
    [
      'a missing next hop, and an mx without an address',
      withNodes('  a: { role: mx, public_keys: [] }\n'),
      [
        'fleet.yaml:4:6: nodes.a: found no addresses, expected at least one: mail from the internet arrives there',
        'fleet.yaml:4:14: nodes.a.role: found mx, which sends to srs nodes, expected a node with the role srs',
      ],
    ],
    [
      'one address of two nodes',
      withNodes('  a: { role: solo, addresses: [ 192.0.2.1 ] }\n  b: { role: solo, addresses: [ 192.0.2.1 ] }\n'),
      ['fleet.yaml:5:31: nodes.b.addresses: found 192.0.2.1 again, expected it at one node: a has it'],
    ],
    [
      'a certificate that does not exist',
      withNodes('  a: { role: solo, addresses: [ 192.0.2.1 ], certificate: none.pem }\n'),
      [expect.stringMatching(/^fleet.yaml:4:59: nodes.a.certificate: found none.pem, which cannot be read \(ENOENT/)],
    ],
    [
      'SRS without a domain',
      'domain: example.org\nnodes: { a: { role: solo, addresses: [ 192.0.2.1 ] } }\n',
      [expect.stringContaining('the file: found no srs, expected srs: { domain: … }: the role solo of a needs')],
    ],
    [
      'settings that node.yaml does not have, or not so',
      withNodes(
        '  a: { role: solo, addresses: [ 192.0.2.1 ], settings: { dns: { timout: 2s }, hostname: x.example } }\nroles: { solo: { greylst: {} } }\nsettings: { queue: { lifetime: soon } }\n',
      ),
      [
        expect.stringContaining(
          'fleet.yaml:4:65: nodes.a.settings.dns.timout: found an unknown key (did you mean timeout?)',
        ),
        'fleet.yaml:4:79: nodes.a.settings.hostname: found a key of node.yaml that the fleet file decides, expected nodes.NAME.hostname',
        expect.stringContaining('fleet.yaml:5:18: roles.solo.greylst: found an unknown key (did you mean greylist?)'),
        expect.stringContaining('settings.queue.lifetime: found "soon", expected a duration'),
      ],
    ],
    [
      'a peer without a proof',
      sampleFleetYaml.replace(', addresses: [ 192.0.2.4 ]', ''),
      [
        'fleet.yaml:7:11: nodes.mta-01: found neither certificate, public_keys nor addresses, expected one of them: mx-01 admits this node by its key or address',
      ],
    ],
  ]
  test.each(cases)('%s', (_, text, expected) => {
    expect(fleetProblems(folder, text)).toEqual(expected)
  })

  test('of a file that does not exist', () => {
    const load = loadFleet(join(folder, 'none.yaml'))
    expect(load.kind === 'bad' && load.problems[0]?.message).toMatch(/^cannot be read: ENOENT/)
  })
})
