// Loads a fleet file: its schema, the roles and certificates that it names, the checks between nodes, and every key of node.yaml in it.
// The result is the fleet, or every problem with its position.

import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Problem, Report } from '../config/problem.ts'
import { asciiDomain } from '../smtp/domain.ts'
import { validate } from '../config/validate.ts'
import { loadYaml, type YamlSource } from '../config/yaml-source.ts'
import { checkFleet } from './check-fleet.ts'
import { checkSettings } from './check-settings.ts'
import type { Fleet, FleetNode, FleetZone } from './fleet-model.ts'
import { type FleetFile, fleetSchema } from './fleet-schema.ts'
import { dkimKeysOf } from './generated-settings.ts'
import { readDomains } from './fleet-domains.ts'
import { readNode } from './read-node.ts'

export type FleetLoad =
  | { readonly kind: 'ok'; readonly fleet: Fleet }
  | { readonly kind: 'bad'; readonly problems: readonly Problem[] }

/** Reads the file and the files that it names. */
export function loadFleet(file: string): FleetLoad {
  const yaml = loadYaml(file)
  return yaml.kind === 'ok' ? readFleet(yaml.source) : { kind: 'bad', problems: yaml.problems }
}

/** The same for a fleet file that is parsed already. Relative paths start at the folder of `source.file`. */
export function readFleet(source: YamlSource): FleetLoad {
  const written = validate(source, fleetSchema)
  if (written.kind === 'bad') return bad([...source.problems, ...written.problems])
  const problems: Problem[] = [...source.problems]
  const { domain, srs, nodes } = written.value
  const read = Object.entries(nodes).flatMap(
    ([name, node]) => readNode({ name, node, file: written.value, source, problems }) ?? [],
  )
  if (problems.length > 0) return bad(problems)
  const report: Report = (path, finding) => void problems.push(source.at(path, finding))
  const fleet: Fleet = {
    source,
    domain,
    srsDomain: srs?.domain ?? null,
    nodes: read,
    domains: readDomains(written.value, read, report),
    zones: readZones(written.value, source, report),
    dkimKeys: keyDirectories(written.value, read, dirname(resolve(source.file))),
    tlsa: written.value.records.tlsa,
    ttl: Math.ceil(written.value.records.ttl / 1000),
  }
  checkFleet(fleet, report)
  if (problems.length === 0) problems.push(...checkSettings(fleet))
  return problems.length > 0 ? bad(problems) : { kind: 'ok', fleet }
}

function readZones({ zones }: FleetFile, source: YamlSource, report: Report): readonly FleetZone[] {
  const folder = dirname(resolve(source.file))
  return Object.entries(zones).flatMap(([written, zone]): readonly FleetZone[] => {
    const name = asciiDomain(written.replace(/\.$/, ''))
    if (name === null) {
      report(['zones', written], `found ${written}, expected a zone such as example.org`)
      return []
    }
    if ('command' in zone)
      return [{ name, written, target: { kind: 'command', argv: zone.command, server: zone.server ?? null } }]
    const keyFile = zone.key === undefined ? null : resolve(folder, zone.key)
    return [{ name, written, target: { kind: 'update', server: zone.server, keyFile } }]
  })
}

/** Each node that signs has its own directory; those that do not exist on this host are left out. */
function keyDirectories(
  { dkim_keys: named }: FleetFile,
  nodes: readonly FleetNode[],
  folder: string,
): readonly string[] {
  if (named) return named.map((directory) => resolve(folder, directory))
  const usual = nodes.filter(({ role }) => role.sign === 'proven-origin').map(dkimKeysOf)
  return [...new Set(usual)].filter((directory) => existsSync(directory))
}

/** In the order of the file. */
function bad(problems: readonly Problem[]): FleetLoad {
  return { kind: 'bad', problems: problems.toSorted((a, b) => a.line - b.line || a.column - b.column) }
}
