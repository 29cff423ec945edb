// The command that writes everything a new fleet needs.

import { type Command, InvalidArgumentError } from 'commander'
import type { NewNode, Person, Runner } from '../../setup/setup-folder.ts'
import { collect, describeCommand, type Finish } from '../command-options.ts'
import type { Io } from '../io.ts'
import type { Answer } from './ask.ts'
import { readAddresses, readDomainName, readNode, readPerson, readResolver, readRunner } from './read-values.ts'

interface SetupFlags {
  readonly solo?: boolean
  readonly domain?: string
  readonly srsDomain?: string
  readonly address?: readonly string[]
  readonly node?: readonly NewNode[]
  readonly person?: Person
  readonly resolver?: readonly string[]
  readonly run?: Runner
  readonly hiera?: boolean
  readonly answers?: string
  readonly dryRun?: boolean
}

export function declareSetup(program: Command, io: Io, finish: Finish): void {
  describeCommand(
    program.command('setup'),
    'write everything that the hosts of a new fleet need; asks for what neither flags nor a file say; never overwrites',
    'a generated file was changed by hand and differs, or a node would not start',
  )
    .argument('[folder]', 'folder of the fleet (default: this one if it has a fleet.yaml, or the domain)')
    .option('--solo', 'one machine: a node with the role solo')
    .option('--domain <domain>', 'mail domain', parsed(readDomainName))
    .option(
      '--srs-domain <domain>',
      'domain of rewritten senders (default: srs. and the domain)',
      parsed(readDomainName),
    )
    .option('--address <address>', 'public address of the solo node; may be repeated', collected(readAddresses))
    .option('--node <node>', 'NAME=ROLE:ADDRESS,ADDRESS of a node; may be repeated; adds nodes later', readNodes)
    .option('--person <person>', 'NAME=ADDRESS of the first person and the mailbox elsewhere', parsed(readPerson))
    .option('--resolver <server>', 'validating resolver of each host; may be repeated (default: 127.0.0.1:53)', collect)
    .option('--run <runner>', 'how nodes run: systemd, docker or podman (default: systemd)', parsed(readRunner))
    .option('--hiera', 'routing data as Hiera instead of one file')
    .option('--answers <file>', 'fleet file with the further keys `person` and `run`')
    .option('--dry-run', 'show what would be written')
    .action(async (folder: string | undefined, flags: SetupFlags) => {
      const { setup } = await import('./setup-command.ts')
      const { node = [], person = null, run = null, ...rest } = flags
      for (const resolver of rest.resolver ?? []) parsed((text) => readResolver(text, run ?? 'systemd'))(resolver)
      finish(await setup({ ...rest, ...(folder !== undefined && { folder }), nodes: node, person, runner: run }, io))
    })
}

/** Commander prints the problem with the option. */
function parsed<T>(read: (text: string) => Answer<T>): (text: string) => T {
  return (text) => {
    const answer = read(text)
    if (answer.kind === 'bad') throw new InvalidArgumentError(answer.problem)
    return answer.value
  }
}

function collected(read: (text: string) => Answer<readonly string[]>) {
  return (text: string, earlier: readonly string[] = []): readonly string[] => [...earlier, ...parsed(read)(text)]
}

function readNodes(text: string, earlier: readonly NewNode[] = []): readonly NewNode[] {
  return [...earlier, parsed(readNode)(text)]
}
