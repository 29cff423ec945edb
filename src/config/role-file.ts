// Role files: which listeners a node has, which clients it admits, what it checks, and how it routes, signs and sends.
// The schema cannot express an open relay: `internet` is not an origin that may relay.

import { basename, dirname } from 'node:path'
import { z } from 'zod'
import { hasProgramFile, programFile, programFilesIn } from '../lib/program-files.ts'
import { roleCheckNames, type RoleCheckName } from '../policy/check-table.ts'
import { checkModes, reportModes } from './check-modes.ts'
import type { Report } from './problem.ts'
import { readYaml } from './read-files.ts'
import type { SectionReader } from './section.ts'
import { count, flag, ipAddress, text } from './values.ts'

const admission = z.enum(['internet', 'peers', 'users', 'machines', 'local'], {
  error: 'one of internet, peers, users, machines, local',
})

const listener = z.strictObject({
  port: z.int().min(0).max(65535).describe("Port on all addresses; `listen` in the node's YAML overrides it."),
  address: ipAddress.prefault('::').describe('Address to bind. `::` is every address of both families.'),
  tls: z.enum(['none', 'starttls', 'starttls-required', 'implicit']).describe('How TLS starts (RFC 3207, RFC 8314).'),
  admit: z.array(admission).min(1).describe('Clients of this listener, strongest authentication first.'),
  peers: z
    .array(text('a role name'))
    .default([])
    .describe('Roles of the peers that `admit: [peers]` admits; default: all of them.'),
  bare_newline: z
    .enum(['reject', 'normalize'])
    .default('reject')
    .describe('Treatment of a message with a bare CR or LF. normalize: replace it with CRLF.'),
})

export const roleSchema = z.strictObject({
  role: text('the name of the role').describe('Name of the role, as in `peers` of other nodes.'),
  summary: text('a sentence').describe('Purpose of a node with this role.'),
  listeners: z.record(z.string(), listener).describe('Listeners by name.'),
  checks: z
    .array(z.enum(roleCheckNames as [RoleCheckName, ...RoleCheckName[]]))
    .default(['hop-count'])
    .describe(
      'Checks of a transaction, in order. hop-count: mail loops, by `max_hops`. authentication-results: SPF, DKIM, DMARC and ARC, with an Authentication-Results field. ' +
        'local-names: complete the addresses of mail from this host, by local_names. ' +
        'peer-results: the results in the Authentication-Results field of the peer. sender: the client may use the reverse-path. author: the client may use every From address. ' +
        'bulk: count mail of our clients to many without one click to unsubscribe. ' +
        'own-lists: allow and block of the routing data, for clients from the internet; before the checks that allow excludes. ' +
        'dnsbl: ask lists in the DNS about clients from the internet, if the node has dnsbl. ' +
        'virus: ask clamd about mail of every client except peers, if the node has clamav. ' +
        'spam: ask rspamd about mail from the internet, if the node has rspamd, and about mail of users and machines, if it has outgoing_spam. ' +
        'greylist: ask suspicious mail from the internet to come back, if the node has greylist; it runs last, wherever it is listed.',
    ),
  modes: checkModes.describe('Modes of checks, as `checks` of a node has them. A node can change each.'),
  recipients: z
    .strictObject({
      own: z
        .enum(['resolve', 'relay-to-mx', 'relay-to-mta'])
        .default('resolve')
        .describe(
          'Addresses of our domains: resolve them here, or relay the mail to the mx peers. relay-to-mta: relay all mail, of every domain, to the mta peers.',
        ),
      forwards: z
        .enum(['resolve', 'relay-to-srs'])
        .default('resolve')
        .describe('Addresses that are forwarded: resolve them here, or relay the mail to the srs peers.'),
      relay: z
        .array(
          z.enum(['peer', 'user', 'machine', 'local'], { error: 'one of peer, user, machine, local (never internet)' }),
        )
        .default([])
        .describe('Origin classes that may send to foreign domains. All others may send to our domains only.'),
    })
    .prefault({})
    .describe('Treatment of forward-paths.'),
  srs: z
    .strictObject({
      reverse: flag.default(false).describe('Reverse SRS addresses; for the null sender only.'),
      rewrite: flag.default(false).describe('Rewrite foreign reverse-paths of mail to foreign domains.'),
    })
    .prefault({})
    .describe('Sender Rewriting Scheme.'),
  sign: z
    .enum(['never', 'proven-origin'])
    .default('never')
    .describe(
      'DKIM signatures. proven-origin: sign mail with an author of ours if its origin is proven. The DSNs of the node are always signed if it has a key.',
    ),
  headers: z
    .strictObject({
      add_missing: flag.default(false).describe('Add missing Date and Message-ID fields (RFC 6409 8).'),
      hide_client: flag.default(false).describe('Omit address, name and program of the client from the header.'),
    })
    .prefault({})
    .describe('Edits of the header section of mail from users, machines and this host.'),
  internet: z
    .enum(['always', 'bounces', 'never'])
    .describe('Mail that the node may send to the internet. bounces: only with the null sender.'),
  max_hops: count('a whole number from 1')
    .default(50)
    .describe('Received fields from which on a message counts as a mail loop (RFC 5321 6.3).'),
})

export type RoleFile = z.output<typeof roleSchema>
export type ListenerRole = RoleFile['listeners'][string]

/** The role that a node's YAML names: a shipped role, or the path of a role file. Null after reporting. */
export function readRole(written: string, reader: SectionReader): RoleFile | null {
  const isPath = /[/.]/.test(written)
  const shipped = `roles/${written}.yaml`
  if (!isPath && !hasProgramFile(shipped)) {
    reader.report([], `found "${written}", expected one of ${shippedRoles().join(', ')} or the path of a role file`)
    return null
  }
  const named = {
    path: [],
    file: written,
    expected: 'a role file',
    location: isPath ? reader.open(written) : programFile(shipped),
  }
  const yaml = readYaml(reader, named, roleSchema)
  if (yaml === null) return null
  checkRole(yaml.value, (path, finding) => reader.addProblems([yaml.source.at(path, finding)]))
  return yaml.value
}

function shippedRoles(): string[] {
  return programFilesIn('roles')
    .filter((file) => dirname(file) === 'roles')
    .map((file) => basename(file, '.yaml'))
}

/** Checks between the keys of a role. They keep a node from becoming an open relay and from vouching for forged names. */
function checkRole(role: RoleFile, report: Report): void {
  checkTlsOfLogins(role, report)
  checkSenderIdentity(role, report)
  checkRelay(role, report)
  reportModes(role.modes, role, (name, finding) => report(['modes', name], finding))
}

function listenersAdmitting(role: RoleFile, client: ListenerRole['admit'][number]): [string, ListenerRole][] {
  return Object.entries(role.listeners).filter(([, { admit }]) => admit.includes(client))
}

function checkTlsOfLogins(role: RoleFile, report: Report): void {
  for (const client of ['users', 'machines'] as const)
    for (const [name, { tls }] of listenersAdmitting(role, client))
      if (tls === 'none' || tls === 'starttls')
        report(
          ['listeners', name, 'tls'],
          `found ${tls}, expected implicit or starttls-required: the listener admits ${client}, who authenticate`,
        )
}

/** The node vouches for authenticated clients, with a signature or to the next node, so it must check their names (RFC 6409 6.1, 8.1). */
function checkSenderIdentity(role: RoleFile, report: Report): void {
  const { checks } = role
  if (checks.includes('sender') && checks.includes('author')) return
  const client = (['users', 'machines'] as const).find((one) => listenersAdmitting(role, one).length > 0)
  if (client !== undefined)
    report(
      ['checks'],
      `found ${checks.join(', ')}, expected sender and author among them: a listener admits ${client}, and the node vouches for their names`,
    )
}

/** Origin classes that may relay need a listener where clients can prove their class. */
function checkRelay(role: RoleFile, report: Report): void {
  const admissionOf = { peer: 'peers', user: 'users', machine: 'machines', local: 'local' } as const
  for (const [index, origin] of role.recipients.relay.entries())
    if (origin !== 'local' && listenersAdmitting(role, admissionOf[origin]).length === 0)
      report(
        ['recipients', 'relay', index],
        `found ${origin}, expected a listener with ${admissionOf[origin]} in its admit`,
      )
  for (const [name, { admit }] of listenersAdmitting(role, 'local'))
    if (admit.includes('internet'))
      report(['listeners', name, 'admit'], 'found both internet and local, expected a listener for each')
}
