// A fleet of four nodes for tests: its YAML in a temporary folder, with a certificate of the mx node.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createAuthority } from '../../src/demo/ca.ts'
import type { Fleet } from '../../src/fleet/fleet-model.ts'
import { readFleet } from '../../src/fleet/load-fleet.ts'
import { formatProblem } from '../../src/config/problem.ts'
import { parseYaml, type YamlSource } from '../../src/config/yaml-source.ts'

export const sampleFleetYaml = `domain: example.org
srs: { domain: forwards.example }
nodes:
  mx-01: { role: mx, addresses: [ 192.0.2.1, "2001:db8::1" ], certificate: mx-01/cert.pem }
  srs-01: { role: srs, addresses: [ 192.0.2.2 ], public_keys: [ "${'22'.repeat(32)}" ] }
  submission-01: { role: submission, addresses: [ 192.0.2.3 ], public_keys: [ "${'33'.repeat(32)}" ] }
  mta-01: { role: mta, addresses: [ 192.0.2.4 ] }
`

/** Writes the files that the sample names. */
export function writeFleetFiles(folder: string): void {
  const { certificate, key } = createAuthority('Fleet').issue({ names: ['mx-01.example.org'] })
  mkdirSync(join(folder, 'mx-01'), { recursive: true })
  writeFileSync(join(folder, 'mx-01/cert.pem'), certificate)
  writeFileSync(join(folder, 'mx-01/key.pem'), key)
}

function fleetSource(folder: string, text: string): YamlSource {
  const yaml = parseYaml(join(folder, 'fleet.yaml'), text)
  if (yaml.kind === 'bad') throw new Error(yaml.problems.map(formatProblem).join('\n'))
  return yaml.source
}

/** The fleet of a text. Throws its problems. */
export function sampleFleet(folder: string, text = sampleFleetYaml): Fleet {
  const load = readFleet(fleetSource(folder, text))
  if (load.kind === 'bad') throw new Error(load.problems.map(formatProblem).join('\n'))
  return load.fleet
}

/** The problems of a text, without the folder. */
export function fleetProblems(folder: string, text: string): readonly string[] {
  const load = readFleet(fleetSource(folder, text))
  return load.kind === 'ok' ? [] : load.problems.map((one) => formatProblem(one).replaceAll(`${folder}/`, ''))
}
