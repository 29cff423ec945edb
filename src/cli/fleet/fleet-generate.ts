// waypost fleet generate: prints or writes the node.yaml of the nodes of a fleet file.

import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Fleet, FleetNode } from '../../fleet/fleet-model.ts'
import { nodeYaml } from '../../fleet/node-yaml.ts'
import { makeDirectory } from '../../lib/make-directory.ts'
import { replaceFile } from '../../lib/replace-file.ts'
import { FAILED, type Io, line, OK, USAGE } from '../io.ts'
import { withFleet } from './with-fleet.ts'

interface FleetGenerate {
  readonly fleet: string
  /** Undefined: all nodes. */
  readonly node: string | undefined
  readonly write?: true
  readonly overwrite?: true
}

/** Exit code 1 if a file differs and may not be replaced. */
export async function fleetGenerate(options: FleetGenerate, io: Io): Promise<number> {
  return withFleet(options.fleet, io, (fleet) => generate(fleet, options, io))
}

async function generate(fleet: Fleet, options: FleetGenerate, io: Io): Promise<number> {
  const nodes = fleet.nodes.filter(({ name }) => options.node === undefined || name === options.node)
  if (nodes.length === 0) {
    const known = fleet.nodes.map(({ name }) => name).join(', ')
    line(io.stderr, `found no node ${options.node}, expected one of ${known}`)
    return USAGE
  }
  if (options.write) return writeAll(nodes, fleet, options, io)
  // A marker between documents, so that the output of several nodes is YAML too.
  for (const text of nodes
    .map((node) => nodeYaml(node, fleet))
    .join('---\n')
    .trimEnd()
    .split('\n'))
    line(io.stdout, text)
  return OK
}

async function writeAll(
  nodes: readonly FleetNode[],
  fleet: Fleet,
  { overwrite }: FleetGenerate,
  io: Io,
): Promise<number> {
  let code = OK
  for (const node of nodes) {
    const [text, old] = [nodeYaml(node, fleet), textOf(node.config)]
    if (old !== null && old !== text && !overwrite) {
      line(io.stderr, `${node.config} differs and is kept; replace it with --overwrite`)
      code = FAILED
      continue
    }
    if (old !== text) {
      makeDirectory(dirname(node.config))
      await replaceFile(node.config, text)
    }
    line(io.stdout, `${node.config}: ${old === null ? 'written' : old === text ? 'unchanged' : 'replaced'}`)
  }
  return code
}

/** Null if the file does not exist. Throws if it cannot be read. */
function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
