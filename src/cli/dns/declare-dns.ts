// Commands about the DNS records of a fleet.

import type { Command } from 'commander'
import { asJson, type Finish } from '../command-options.ts'
import { fleetFile } from '../fleet/declare-fleet.ts'
import type { Io } from '../io.ts'

interface DnsFlags {
  readonly fleet: string
  readonly json?: boolean
}

export function declareDns(program: Command, io: Io, finish: Finish): void {
  const dns = program.command('dns').description('the DNS records of a fleet: print, check and publish them')
  dns
    .command('records')
    .description('print the DNS records that the fleet file needs, as lines of a zone file')
    .option(...fleetFile)
    .option(...asJson)
    .action(async (flags: DnsFlags) => finish(await (await import('./dns-records.ts')).dnsRecords(flags, io)))
}
