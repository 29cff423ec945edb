// Reads the text of a fleet file before the certificates that it names are on disk.

import type { Problem } from '../config/problem.ts'
import { parseYaml, type YamlSource } from '../config/yaml-source.ts'
import { type FleetLoad, readFleet } from '../fleet/load-fleet.ts'
import { isMap } from '../fleet/merge-settings.ts'
import type { FleetNode, Settings } from '../fleet/fleet-model.ts'

interface FleetReading {
  /** Path of the fleet file; relative paths in it start at its folder. */
  readonly file: string
  readonly text: string
  /** SHA-256 of the public key of a node whose certificate setup makes; null while it does not exist. */
  readonly keyOf: (node: string) => string | null
}

/** Stands for the key of a node that has none yet, so that everything else can be checked. */
const NO_KEY_YET = '00'.repeat(32)

/** The certificate that setup makes for a node. */
function ownCertificate(node: string): string {
  return `${node}/cert.pem`
}

/** True for a node whose key `readFleetText` did not get: setup makes its certificate. */
export function lacksKey({ publicKeys }: Pick<FleetNode, 'publicKeys'>): boolean {
  return publicKeys[0] === NO_KEY_YET
}

/** The fleet, or every problem with its position in the text. */
export function readFleetText({ file, text, keyOf }: FleetReading): FleetLoad {
  const yaml = parseYaml(file, text)
  if (yaml.kind === 'bad') return yaml
  return readFleet(withKeys(yaml.source, keyOf))
}

function withKeys(source: YamlSource, keyOf: FleetReading['keyOf']): YamlSource {
  const nodes = isMap(source.value) ? source.value.nodes : undefined
  if (!isMap(nodes)) return source
  const changed = Object.entries(nodes).map(([name, node]) => [name, isMap(node) ? withKey(name, node, keyOf) : node])
  return { ...source, value: { ...(source.value as Settings), nodes: Object.fromEntries(changed) } }
}

function withKey(name: string, node: Settings, keyOf: FleetReading['keyOf']): Settings {
  const { certificate, public_keys: keys, ...rest } = node
  const isForeign = certificate !== undefined && certificate !== ownCertificate(name)
  if (isForeign || (certificate === undefined && Array.isArray(keys) && keys.length > 0)) return node
  const listed = keys === undefined ? [] : keys
  if (!Array.isArray(listed)) return node
  return { ...rest, public_keys: [keyOf(name) ?? NO_KEY_YET, ...listed] }
}

/** The same problems with the name of the file that the operator gave. */
export function problemsIn(file: string, problems: readonly Problem[]): readonly Problem[] {
  return problems.map((problem) => ({ ...problem, file }))
}
