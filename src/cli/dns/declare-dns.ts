// Commands about the DNS records of a fleet.

import { isIP } from 'node:net'
import { type Command, InvalidArgumentError } from 'commander'
import type { DnsServer } from '../../dns/exchange.ts'
import { readEndpoint } from '../../lib/endpoint.ts'
import { asJson, describeCommand, type Finish } from '../command-options.ts'
import { fleetFile } from '../fleet/declare-fleet.ts'
import type { Io } from '../io.ts'

interface DnsFlags {
  readonly fleet: string
  readonly json?: boolean
}

interface CheckFlags extends DnsFlags {
  readonly dns?: DnsServer[]
  readonly state?: string
  readonly lists: boolean
  readonly connect: boolean
}

export function declareDns(program: Command, io: Io, finish: Finish): void {
  const dns = program.command('dns').description('the DNS records of a fleet: print, check and publish them')
  dns
    .command('records')
    .description('print the DNS records that the fleet file needs, as lines of a zone file')
    .option(...fleetFile)
    .option(...asJson)
    .action(async (flags: DnsFlags) => finish(await (await import('./dns-records.ts')).dnsRecords(flags, io)))
  describeCommand(
    dns.command('check'),
    'compare the DNS with the fleet file, at the servers of its zones and at resolvers, and with what the nodes serve',
    'there is an error: mail is lost, refused or delayed',
  )
    .option(...fleetFile)
    .option(
      '--dns <host:port>',
      'resolver; may be repeated: the first answers all questions, all are compared (default: those of the system)',
      collectServers,
    )
    .option('--state <file>', 'file with the times of findings (default: dns-check.json beside the fleet file)')
    .option('--no-connect', 'neither fetch MTA-STS policies nor connect to the listeners of the nodes')
    .option('--no-lists', 'do not ask lists in the DNS about our addresses and domains')
    .option(...asJson)
    .action(async ({ dns: servers = [], ...flags }: CheckFlags) => {
      const { dnsCheck } = await import('./dns-check.ts')
      finish(await dnsCheck({ ...flags, dns: servers }, io))
    })
  declarePublish(dns, io, finish)
}

interface PublishFlags extends DnsFlags {
  readonly yes?: boolean
  readonly dryRun?: boolean
  readonly dns?: DnsServer[]
}

function declarePublish(dns: Command, io: Io, finish: Finish): void {
  describeCommand(
    dns.command('publish'),
    'show what differs in the zones of the fleet file, and change it after a confirmation',
    'something differs and was not changed',
  )
    .option(...fleetFile)
    .option('--yes', 'change it without a question')
    .option('--dry-run', 'show the difference only')
    .option(
      '--dns <host:port>',
      'resolver that finds the servers of zones (default: those of the system)',
      collectServers,
    )
    .option(...asJson)
    .action(async ({ dns: servers = [], ...flags }: PublishFlags) => {
      const { dnsPublish } = await import('./dns-publish.ts')
      finish(await dnsPublish({ ...flags, dns: servers[0] ?? null }, io))
    })
}

const DNS_PORT = 53

function collectServers(text: string, earlier: DnsServer[] = []): DnsServer[] {
  const endpoint = isIP(text) === 0 ? readEndpoint(text) : { host: text, port: DNS_PORT }
  if (!endpoint || isIP(endpoint.host) === 0)
    throw new InvalidArgumentError('expected an IP address, with a port if it is not 53')
  return [...earlier, endpoint]
}
