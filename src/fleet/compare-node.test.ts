import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { sampleFleet, writeFleetFiles } from '../../test/lib/sample-fleet.ts'
import { formatProblem } from '../config/problem.ts'
import { compareNode } from './compare-node.ts'
import { nodeYaml } from './node-yaml.ts'

const folder = mkdtempSync(join(tmpdir(), 'waypost-compare-'))
writeFleetFiles(folder)
const fleet = sampleFleet(folder)
const mx = fleet.nodes[0] as (typeof fleet.nodes)[number]

beforeEach(() => writeFileSync(mx.config, nodeYaml(mx, fleet)))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const findings = (text: string) => {
  writeFileSync(mx.config, text)
  const result = compareNode(mx, fleet)
  return result.kind === 'different' ? result.problems.map((one) => formatProblem(one).replace(`${folder}/`, '')) : []
}

test('a generated file is the same; a node without a file is missing', () => {
  expect(compareNode(mx, fleet)).toEqual({ kind: 'same' })
  rmSync(mx.config)
  expect(compareNode(mx, fleet)).toEqual({ kind: 'missing' })
})

test('other keys, other files, order and spelling belong to the node', () => {
  const text = nodeYaml(mx, fleet)
    .replace('cert.pem', '/etc/cert.pem')
    .replace('hostname: mx-01.example.org', 'hostname: MX-01.Example.org.')
    .replace(/sha256:22/, 'SHA256:22')
  expect(findings(`${text}greylist: {}\n`)).toEqual([])
})

test('other names and peers are found at their position', () => {
  const text = nodeYaml(mx, fleet)
    .replace('domain: example.org', 'domain: example.net')
    .replace('host: srs-01.example.org', 'host: srs-02.example.org')
    .replace('- 192.0.2.4', '- 192.0.2.44')
  expect(findings(text)).toEqual([
    'mx-01/node.yaml:4:9: domain: found "example.net", expected "example.org" as in the fleet file',
    expect.stringMatching(/peers.srs: found no srs-01.example.org, expected it: the fleet file has this node$/),
    expect.stringMatching(/peers.srs.0: found srs-02.example.org, expected no such peer: /),
    expect.stringMatching(
      /peers.mta.0: found mta-01.example.org:587 with 192.0.2.44.32, expected mta-01.example.org:587 with 192.0.2.4.32 as /,
    ),
  ])
})

test('a key that is no longer in the fleet file is still trusted by the node, so it is found', () => {
  const text = nodeYaml(mx, fleet).replace(
    `- sha256:${'22'.repeat(32)}`,
    `- sha256:${'22'.repeat(32)}\n        - sha256:${'44'.repeat(32)}`,
  )
  expect(findings(text)).toEqual([expect.stringContaining(`sha256:${'44'.repeat(32)}, expected srs-01`)])
})
