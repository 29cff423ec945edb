// waypost fleet check: the problems of the fleet file, and where the node.yaml of a node differs from it.

import { formatProblem } from '../../config/problem.ts'
import { compareNode } from '../../fleet/compare-node.ts'
import { FAILED, type Io, json, line, OK } from '../io.ts'
import { withFleet } from './with-fleet.ts'

interface FleetCheck {
  readonly fleet: string
  readonly json?: boolean
}

/** Exit code 1 if a node.yaml differs or is missing. */
export function fleetCheck(options: FleetCheck, io: Io): number {
  return withFleet(options.fleet, io, (fleet) => {
    const compared = fleet.nodes.map((node) => ({ node, result: compareNode(node, fleet) }))
    if (options.json)
      json(
        io.stdout,
        compared.map(({ node, result }) => ({
          node: node.name,
          file: node.config,
          state: result.kind,
          problems: result.kind === 'different' ? result.problems : [],
        })),
      )
    else
      for (const { node, result } of compared) {
        if (result.kind === 'different') for (const problem of result.problems) line(io.stderr, formatProblem(problem))
        else line(io.stdout, `${node.name}\t${result.kind}\t${node.config}`)
      }
    return compared.every(({ result }) => result.kind === 'same') ? OK : FAILED
  })
}
