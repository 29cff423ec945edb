// waypost dns records: the DNS records of a fleet as lines of a zone file, or as JSON.

import type { Fleet } from '../../fleet/fleet-model.ts'
import { formatStsPolicy } from '../../mta-sts/sts-policy.ts'
import { mtaStsPolicy } from '../../published/mta-sts-policy.ts'
import { type PlannedRecord, recordLine } from '../../published/planned-record.ts'
import { purposes } from '../../published/purposes.ts'
import { MAX_LOOKUPS, termsWithLookup } from '../../published/spf-count.ts'
import { type Io, json, line, OK } from '../io.ts'
import { withPlan } from './planned.ts'

interface DnsRecords {
  readonly fleet: string
  readonly json?: boolean
}

/** Prints to standard output; what needs attention goes to standard error. */
export function dnsRecords(options: DnsRecords, io: Io): Promise<number> {
  return withPlan(options.fleet, io, ({ fleet, records }) => {
    warnOfLookups(records, io)
    if (options.json) json(io.stdout, { records: records.map(described), policies: policiesOf(fleet) })
    else {
      for (const record of records) line(io.stdout, recordLine(record))
      for (const { host, text } of policiesOf(fleet)) {
        line(io.stdout, `; https://${host}/.well-known/mta-sts.txt:`)
        for (const one of text.trimEnd().split('\r\n')) line(io.stdout, `;   ${one}`)
      }
    }
    return OK
  })
}

function described(record: PlannedRecord) {
  return { ...record, line: recordLine(record), breaks: purposes[record.purpose].breaks }
}

function policiesOf({ domains }: Fleet) {
  return domains.flatMap((domain) => {
    const policy = mtaStsPolicy(domain)
    if (policy === null || domain.mx.length === 0) return []
    return [{ host: `mta-sts.${domain.name}`, text: formatStsPolicy(policy) }]
  })
}

/** Those of included records are counted by `dns check`, which asks for them. */
function warnOfLookups(records: readonly PlannedRecord[], io: Io): void {
  for (const { name, data } of records.filter(({ purpose }) => purpose === 'spf')) {
    const count = termsWithLookup(data).length
    if (count > MAX_LOOKUPS)
      line(
        io.stderr,
        `${name}: SPF with ${count} look-ups, at most ${MAX_LOOKUPS} are allowed: every result is permerror`,
      )
  }
}
