// The questions of `waypost setup`, from the domain to the folder.

import { newFleetText } from '../../setup/fleet-text.ts'
import type { NewNode, Person } from '../../setup/setup-folder.ts'
import { type Io, line } from '../io.ts'
import { type Answer, type Asker, createAsker, NoAnswer } from './ask.ts'
import { type FleetSource, type FoundSource, SOLO_NAME, USUAL_RESOLVER, usualSrsDomain } from './fleet-source.ts'
import {
  readAddresses,
  readDomainName,
  readForward,
  readNodesOf,
  readPersonName,
  readResolver,
  readRunner,
} from './read-values.ts'

/** Asks for everything. The answers become the text of a fleet file. */
export async function askFleet(folder: string | undefined, io: Io): Promise<FoundSource> {
  const asker = createAsker(io)
  try {
    return { kind: 'ok', source: await askAll(asker, folder, io) }
  } catch (error) {
    if (error instanceof NoAnswer) return { kind: 'bad', problems: [error.message] }
    throw error
  } finally {
    asker.close()
  }
}

async function askAll(asker: Asker, given: string | undefined, io: Io): Promise<FleetSource> {
  line(io.stdout, 'Enter takes the answer in brackets. Nothing is written before the last answer.')
  line(io.stdout, '')
  const domain = await asker.ask({ text: 'Mail domain', usual: null, read: readDomainName })
  const nodes = await askNodes(asker)
  line(io.stdout, '  Forwards leave with senders of a further domain. One outside of your mail domain is best,')
  line(io.stdout, '  because its mail never counts as yours (docs/reference/srs.md).')
  const srsDomain = await asker.ask({
    text: 'Domain of rewritten senders',
    usual: usualSrsDomain(domain),
    read: (answer): Answer<string> => {
      const read = readDomainName(answer)
      return read.kind === 'ok' && read.value === domain
        ? { kind: 'bad', problem: `found ${domain}, expected another domain` }
        : read
    },
  })
  const person = await askPerson(asker, domain)
  const runner = await asker.ask({
    text: 'How nodes run: systemd, docker or podman',
    usual: 'systemd',
    read: readRunner,
  })
  const resolver = await asker.ask({
    text: 'Validating DNS resolver of each host',
    usual: runner === 'systemd' ? USUAL_RESOLVER : null,
    read: (answer) => readResolver(answer, runner),
  })
  const folder = given ?? (await asker.ask({ text: 'Folder for the files', usual: domain, read: readFolder }))
  const text = newFleetText({ domain, srsDomain, resolvers: [resolver], nodes, hiera: false })
  line(io.stdout, '')
  return { folder, text, origin: null, runner, person }
}

async function askNodes(asker: Asker): Promise<readonly NewNode[]> {
  const size = await asker.ask({
    text: 'One machine for everything, or several: one or several',
    usual: 'one',
    read: readSize,
  })
  if (size === 'one') {
    const name = await asker.ask({ text: 'First label of its host name', usual: SOLO_NAME, read: readPersonName })
    const text = 'Its public addresses, separated by spaces'
    const addresses = await asker.ask({ text, usual: null, read: readAddresses })
    return [{ name, role: 'solo', addresses }]
  }
  const nodes: NewNode[] = []
  for (const { role, task, isOptional } of fleetRoles) {
    const text = `Addresses of the ${role} nodes, which ${task}; spaces between nodes, a comma between addresses of one`
    nodes.push(...(await asker.ask({ text, usual: isOptional ? 'none' : null, read: readNodesOf(role, isOptional) })))
  }
  return nodes
}

const fleetRoles = [
  { role: 'mx', task: 'receive mail from the internet', isOptional: false },
  { role: 'srs', task: 'forward it', isOptional: false },
  { role: 'submission', task: 'take mail from people', isOptional: true },
  { role: 'mta', task: 'take mail from machines', isOptional: true },
] as const

async function askPerson(asker: Asker, domain: string): Promise<Person | null> {
  const name = await asker.ask({
    text: 'User name of the first person, who is also the postmaster',
    usual: 'none',
    read: readPersonName,
  })
  if (name === 'none') return null
  const text = `Mailbox that ${name}@${domain} is forwarded to`
  return { name, forward: await asker.ask({ text, usual: null, read: readForward }) }
}

function readSize(text: string): Answer<'one' | 'several'> {
  const size = (['one', 'several'] as const).find((each) => each === text.toLowerCase())
  return size ? { kind: 'ok', value: size } : { kind: 'bad', problem: `found ${text}, expected one or several` }
}

function readFolder(text: string): Answer<string> {
  return { kind: 'ok', value: text }
}
