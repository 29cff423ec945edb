// Checks every key of node.yaml in a fleet file by the schema that node.yaml has. A problem is reported where the fleet file has the value.

import { z } from 'zod'
import type { Path, Problem } from '../config/problem.ts'
import { sections } from '../config/sections.ts'
import { validate } from '../config/validate.ts'
import type { YamlSource } from '../config/yaml-source.ts'
import type { Fleet, FleetNode, Settings } from './fleet-model.ts'
import { isMap } from './merge-settings.ts'
import { nodeSettings } from './generated-settings.ts'

/** Keys of node.yaml that have another place in the fleet file. */
const elsewhere: Readonly<Record<string, string>> = {
  role: 'nodes.NAME.role',
  hostname: 'nodes.NAME.hostname',
  domain: 'domain',
  peers: 'nodes',
}

/** The problems of all settings, each once. */
export function checkSettings(fleet: Fleet): readonly Problem[] {
  const misplaced = placesOf(fleet).flatMap((place) => misplacedKeys(fleet.source, place))
  const invalid = fleet.nodes.flatMap((node) => problemsOfNode(node, fleet))
  const all = [...misplaced, ...invalid]
  const key = ({ line, column, message }: Problem) => `${line}:${column}:${message}`
  return [...new Map(all.map((problem) => [key(problem), problem])).values()]
}

function placesOf({ nodes }: Fleet): readonly Path[] {
  const roles = [...new Set(nodes.map(({ role }) => role.role))]
  return [
    ['settings'],
    ...roles.map((role) => ['roles', role]),
    ...nodes.map(({ name }) => ['nodes', name, 'settings']),
  ]
}

function misplacedKeys(source: YamlSource, place: Path): readonly Problem[] {
  return Object.entries(elsewhere)
    .filter(([key]) => hasValue(source.value, [...place, key]))
    .map(([key, right]) =>
      source.atKey(place, key, `found a key of node.yaml that the fleet file decides, expected ${right}`),
    )
}

const outline = z.strictObject(Object.fromEntries(Object.keys(sections).map((key) => [key, z.unknown().optional()])))

function problemsOfNode(node: FleetNode, fleet: Fleet): readonly Problem[] {
  const value = nodeSettings(node, fleet)
  const source = sourceOf(value, node, fleet)
  const schemas = [[[], outline], ...Object.entries(sections).map(([key, { schema }]) => [[key], schema])] as const
  return schemas.flatMap(([base, schema]) => {
    const checked = validate(source, schema as z.ZodType, base as Path)
    return checked.kind === 'ok' ? [] : checked.problems
  })
}

/** The generated node.yaml as a source whose positions are those of the fleet file. */
function sourceOf(value: Settings, node: FleetNode, { source }: Fleet): YamlSource {
  const places: Path[] = [['nodes', node.name, 'settings'], ['roles', node.role.role], ['settings']]
  const placeOf = (path: Path) => places.find((place) => hasValue(source.value, [...place, ...path]))
  const at: YamlSource['at'] = (path, finding) => {
    // A missing key is reported at the map that lacks it.
    const length = path.findLastIndex((_, index) => placeOf(path.slice(0, index + 1)) !== undefined) + 1
    const place = length === 0 ? ['nodes', node.name] : (placeOf(path.slice(0, length)) as Path)
    return source.at([...place, ...path], finding)
  }
  const atKey: YamlSource['atKey'] = (path, key, finding) => {
    const place = placeOf([...path, key])
    return place ? source.atKey([...place, ...path], key, finding) : at([...path, key], finding)
  }
  return { ...source, value, at, atKey }
}

function hasValue(root: unknown, path: Path): boolean {
  let value: unknown = root
  for (const part of path) {
    if (isMap(value) || Array.isArray(value)) value = (value as Record<string | number, unknown>)[part]
    else return false
  }
  return value !== undefined
}
