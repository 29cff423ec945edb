// Commands about the fleet file: the nodes that it describes.

import { type Command, Option } from 'commander'
import { asJson, describeCommand, type Finish } from '../command-options.ts'
import type { Io } from '../io.ts'

export const fleetFile = ['-f, --fleet <file>', 'fleet file', 'fleet.yaml'] as const

interface FleetFlags {
  readonly fleet: string
  readonly json?: boolean
}

export function declareFleet(program: Command, io: Io, finish: Finish): void {
  const fleet = program.command('fleet').description('the fleet file: all nodes of an organisation')
  describeCommand(
    fleet.command('check'),
    'check the fleet file, and compare the node.yaml of each node with it',
    'a node.yaml differs or is missing',
  )
    .option(...fleetFile)
    .option(...asJson)
    .action(async (flags: FleetFlags) => {
      const { fleetCheck } = await import('./fleet-check.ts')
      finish(fleetCheck(flags, io))
    })
  describeCommand(
    fleet.command('generate'),
    'print the node.yaml of a node, or write those of all nodes',
    'a node.yaml exists and differs, and --overwrite is absent',
  )
    .argument('[node]', 'name of the node in the fleet file; without it, all nodes')
    .option(...fleetFile)
    .option('--write', 'write the files that the fleet file names, NAME/node.yaml beside it')
    .addOption(new Option('--overwrite', 'replace files that differ').implies({ write: true }))
    .action(
      async (node: string | undefined, flags: FleetFlags & { readonly write?: true; readonly overwrite?: true }) => {
        const { fleetGenerate } = await import('./fleet-generate.ts')
        finish(await fleetGenerate({ ...flags, node }, io))
      },
    )
}
