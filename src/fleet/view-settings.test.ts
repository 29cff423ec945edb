// The nodes of a fleet file see each other by their keys, with no more rights than to look.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { sampleFleet, sampleFleetYaml, writeFleetFiles } from '../../test/lib/sample-fleet.ts'
import { formatProblem } from '../config/problem.ts'
import { compareNode } from './compare-node.ts'
import type { Settings } from './fleet-model.ts'
import { nodeSettings } from './generated-settings.ts'
import { nodeYaml } from './node-yaml.ts'
import { viewPort } from './view-settings.ts'

const folder = mkdtempSync(join(tmpdir(), 'waypost-view-'))
writeFleetFiles(folder)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const print = (digit: string) => [`sha256:${digit.repeat(64)}`]
const submission = 'submission-01: { role: submission, addresses: [ 192.0.2.3 ]'

function settingsOf(name: string, text = sampleFleetYaml) {
  const fleet = sampleFleet(folder, text)
  const node = fleet.nodes.find((one) => one.name === name)
  if (!node) throw new Error(`no node ${name}`)
  const settings: Settings = nodeSettings(node, fleet)
  return { settings, port: viewPort(node, fleet) }
}

describe('a node', () => {
  test('asks and answers the others whose keys are known, and may neither search nor transfer', () => {
    const { settings, port } = settingsOf('mx-01')
    expect(settings['fleet_view']).toEqual({
      peers: [
        { name: 'srs-01.example.org', fingerprints: print('2') },
        { name: 'submission-01.example.org', fingerprints: print('3') },
      ],
      nodes: [
        { host: 'srs-01.example.org', fingerprints: print('2') },
        { host: 'submission-01.example.org', fingerprints: print('3') },
      ],
    })
    expect([settings['queue_transfer'], port]).toEqual([{ listen: '*:4465' }, 4465])
  })

  test('without a known key takes no part, and neither does a client host or a fleet of one', () => {
    const client = `${sampleFleetYaml}  host-17: { role: client, public_keys: [ "${'55'.repeat(32)}" ] }\n`
    expect(JSON.stringify(settingsOf('mx-01', client).settings['fleet_view'])).not.toContain('host-17')
    for (const name of ['mta-01', 'host-17'])
      expect([name, settingsOf(name, client).settings['fleet_view'], settingsOf(name, client).port]).toEqual([
        name,
        undefined,
        null,
      ])
    const alone =
      'domain: example.org\nsrs: { domain: forwards.example }\nnodes: { mail: { role: solo, addresses: [ 192.0.2.1 ], certificate: mx-01/cert.pem } }\n'
    expect(settingsOf('mail', alone).settings).not.toHaveProperty('fleet_view')
  })

  test('answers where its settings say, and not at all if they exclude it', () => {
    const moved = sampleFleetYaml.replace(
      submission,
      `${submission}, settings: { queue_transfer: { listen: "*:5000" } }`,
    )
    expect(JSON.stringify(settingsOf('mx-01', moved).settings['fleet_view'])).toContain(
      '"submission-01.example.org:5000"',
    )
    expect(settingsOf('submission-01', moved).port).toBe(5000)
    const excluded = sampleFleetYaml.replace(submission, `${submission}, settings: { fleet_view: null }`)
    expect(JSON.stringify(settingsOf('mx-01', excluded).settings['fleet_view'])).not.toContain('submission')
    expect(settingsOf('submission-01', excluded).settings).not.toHaveProperty('queue_transfer')
    const silent = sampleFleetYaml.replace(submission, `${submission}, settings: { queue_transfer: null }`)
    expect(settingsOf('submission-01', silent).settings['fleet_view']).toEqual({ nodes: expect.any(Array) })
    expect(JSON.stringify(settingsOf('mx-01', silent).settings['fleet_view'])).not.toContain('"host":"submission')
  })

  test('has the right to search from the settings only', () => {
    const text = `${sampleFleetYaml}settings: { fleet_view: { search: [ mx-01.example.org ] } }\n`
    expect(settingsOf('srs-01', text).settings['fleet_view']).toMatchObject({ search: ['mx-01.example.org'] })
  })
})

describe('a node.yaml', () => {
  const fleet = sampleFleet(folder)
  const mx = fleet.nodes[0] as (typeof fleet.nodes)[number]
  const findings = (text: string) => {
    writeFileSync(mx.config, text)
    const result = compareNode(mx, fleet)
    return result.kind === 'different' ? result.problems.map((one) => formatProblem(one).replace(`${folder}/`, '')) : []
  }

  test('that trusts a further key is found; one that shows nothing is as it should be', () => {
    const text = nodeYaml(mx, fleet)
    expect(findings(text)).toEqual([])
    const trusting = text.replaceAll(
      `name: srs-01.example.org\n      fingerprints:\n`,
      (found) => `${found}        - ${print('4')[0]}\n`,
    )
    expect(findings(trusting)).toEqual([expect.stringMatching(/fleet_view\.peers: found .*4444.*expected/)])
    const silent = text.slice(0, text.indexOf('queue_transfer:'))
    expect(findings(silent).filter((one) => /fleet_view|queue_transfer/.test(one))).toEqual([])
  })
})
