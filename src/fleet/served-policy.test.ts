import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { fleetProblems, sampleFleet, sampleFleetYaml, writeFleetFiles } from '../../test/lib/sample-fleet.ts'
import { loadConfig } from '../config/load-config.ts'
import { formatProblem } from '../config/problem.ts'
import { nodeSettings } from './generated-settings.ts'
import { nodeYaml } from './node-yaml.ts'

const folder = mkdtempSync(join(tmpdir(), 'waypost-served-policy-'))
writeFleetFiles(folder)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const withPolicy = `${sampleFleetYaml}records: { mta_sts: { mode: enforce, max_age: 14d } }\n`
const policyOf = (text: string, name = 'mx-01') => {
  const fleet = sampleFleet(folder, text)
  const node = fleet.nodes.find((one) => one.name === name)
  return node && nodeSettings(node, fleet)['mta_sts']
}

test('the nodes in the MX records serve the policy of all domains that have it', () => {
  expect(policyOf(withPolicy)).toEqual({
    listen: '*:443',
    mode: 'enforce',
    mx: ['mx-01.example.org'],
    max_age: '1209600s',
    domains: ['example.org', 'forwards.example'],
  })
  expect(policyOf(withPolicy, 'srs-01')).toBeUndefined()
})

test('a node starts with it', () => {
  const fleet = sampleFleet(folder, withPolicy)
  const [mx] = fleet.nodes
  if (!mx) throw new Error('no mx')
  const file = join(folder, 'mx-01/node.yaml')
  writeFileSync(join(folder, 'mx-01/srs.secret'), 'a secret of sufficient length\n')
  const text = nodeYaml(mx, fleet)
    .replace(/ {2}ca: ca.pem\n/, '')
    .replace('/var/lib/waypost', 'data')
  writeFileSync(file, text)
  const load = loadConfig(file)
  expect(load.kind === 'bad' ? load.problems.map(formatProblem) : []).toEqual([])
})

test('another web server, and a node without a policy, leave the nodes alone', () => {
  expect(policyOf(sampleFleetYaml)).toBeUndefined()
  expect(policyOf(withPolicy.replace('14d', '14d, host: www.example.org'))).toBeUndefined()
})

test('two policies at one node are a problem of the fleet file', () => {
  const text = `${withPolicy}domains: { example.net: { mta_sts: { mode: testing } } }\n`
  expect(fleetProblems(folder, text)).toEqual([
    expect.stringMatching(
      /domains\.example\.net\.mta_sts: found another policy than that of example\.org, .*mx-01 serves both/,
    ),
  ])
})
