// The node.yaml of a node as text.

import { stringify } from 'yaml'
import type { Fleet, FleetNode } from './fleet-model.ts'
import { nodeSettings } from './generated-settings.ts'

const HEADER =
  '# Written by `waypost fleet generate`. Change the fleet file instead; `waypost fleet check` compares them.\n'

/** YAML with a comment that names its origin. */
export function nodeYaml(node: FleetNode, fleet: Fleet): string {
  return `${HEADER}${stringify(nodeSettings(node, fleet), { lineWidth: 0 })}`
}
