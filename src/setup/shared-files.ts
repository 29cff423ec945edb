// The first content of the files that several nodes share: routing data, accounts, machines, the secret of SRS.

import { randomBytes } from 'node:crypto'
import { stringify } from 'yaml'
import type { Fleet, FleetNode, Settings } from '../fleet/fleet-model.ts'
import { nodeSettings } from '../fleet/generated-settings.ts'
import { type Person, setupFiles } from './setup-folder.ts'
import type { PlannedFile } from './write-files.ts'

/** 192 bits; an SRS hash is a part of an HMAC with it. */
const SECRET_OCTETS = 24

interface SharedRequest {
  readonly fleet: Fleet
  readonly person: Person | null
  /** The line of the person in a passwd-file. */
  readonly accountLine: string | null
}

/** Those that a node.yaml names. They are made once, and then belong to the operator. */
export function planSharedFiles(request: SharedRequest): readonly PlannedFile[] {
  const { fleet, accountLine } = request
  const names = sharedNamesOf(fleet)
  const starters: readonly (readonly [named: string, path: string, text: () => string])[] = [
    ['passwd', 'passwd', () => accountLine ?? ''],
    ['srs.secret', 'srs.secret', () => `${randomBytes(SECRET_OCTETS).toString('base64url')}\n`],
    ['mail.yaml', 'mail.yaml', () => routingText(request)],
    ['hiera.yaml', 'hiera.yaml', () => HIERA],
    ['hiera.yaml', 'data/common.yaml', () => routingText(request)],
    ['machines.yaml', 'machines.yaml', () => `${MACHINES}machines: []\n`],
    ['machines', 'machines/more.yaml', () => `${MACHINES}machines: []\n`],
  ]
  return starters
    .filter(([named]) => names.includes(named))
    .map(([, path, text]) => ({ path: `${setupFiles.shared}/${path}`, text: text(), rule: 'once' }))
}

/** Those of all nodes. */
export function sharedNamesOf(fleet: Fleet): readonly string[] {
  return fleet.nodes.flatMap((node) => sharedNames(nodeSettings(node, fleet)))
}

/** The files and folders beside a node.yaml that setup can fill from what nodes share, as the keys of node.yaml name them. */
export function sharedNames(node: Settings): readonly string[] {
  const { mail, hiera, srs, users, app_passwords: apps, machines, dkim } = node
  const named = [mail, hiera, (srs as Settings | undefined)?.secrets, users, apps, machines, (dkim as Settings)?.keys]
  return named.flat().filter((name) => typeof name === 'string' && !name.startsWith('/')) as string[]
}

/** The entry of a client host at the mta nodes. */
export function machineFile({ name, hostname, publicKeys }: FleetNode, domain: string): string {
  // Programs of the host write its name in their addresses; its node reports as the postmaster.
  const senders = [`@${hostname}`, `postmaster@${domain}`]
  const fingerprints = publicKeys.map((key) => `sha256:${key}`)
  return stringify({ machines: [{ name, fingerprints, senders }] })
}

const HIERA = `# Add levels for roles and hosts: docs/reference/routing.md.
version: 5
defaults: { datadir: data, data_hash: yaml_data }
hierarchy:
  - { name: common, path: common.yaml }
`

const MACHINES = `# Machines that may send mail: docs/how-to/add-a-machine.md.
`

function routingText({ fleet, person }: SharedRequest): string {
  const { domain } = fleet
  const furtherDomains = fleet.domains.flatMap(({ kind, name }) => (kind === 'mail' && name !== domain ? [name] : []))
  const comment = '# Users, aliases and forwards: docs/reference/routing.md. One copy is beside each node.yaml.\n'
  const domains = furtherDomains.length > 0 ? { 'mail::domains': furtherDomains } : {}
  if (person === null) return `${comment}${furtherDomains.length > 0 ? stringify(domains) : ''}${EXAMPLE}`
  const { name, forward } = person
  return `${comment}${stringify({
    ...domains,
    'mail::users': { [name]: null },
    'mail::aliases': name === 'postmaster' ? {} : { postmaster: name },
    'mail::forwards': { [name]: forward },
    // \`waypost check\` fails if this does not hold.
    'mail::assertions': [{ address: `postmaster@${domain}`, to: [forward] }],
  })}`
}

const EXAMPLE = `# mail::users:
#   kim:
# mail::aliases:
#   postmaster: kim
# mail::forwards:
#   kim: kim@home.example.net
mail::users: {}
`
