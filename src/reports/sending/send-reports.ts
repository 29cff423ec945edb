// Sends the reports about past days: the record and its addresses are looked up, the thread writes and packs the XML, and one message for each
// address goes into the queue. A crash between queue and store repeats a report with the same ID, which receivers ignore (RFC 9990 3.5.4).

import type { Resolver } from '../../dns/resolver.ts'
import type { Clock } from '../../lib/clock.ts'
import { type Log, errorText } from '../../lib/log.ts'
import type { DueReport } from '../store/result-store.ts'
import type { AggregateFacts } from './aggregate-xml.ts'
import { type ReportAddress, readReportedRecord, type ReportedRecord } from './dmarc-record.ts'
import { askConsent } from './external-consent.ts'
import { reportIdOf, type ReportMail, writeReportMail } from './report-mail.ts'

export interface SendSettings {
  readonly org: string
  /** The author of the reports. */
  readonly from: string
  readonly hostname: string
  /** The domain that reports. */
  readonly submitter: string
  /** Domains, with those below them, that get no reports. */
  readonly except: readonly string[]
}

export interface SendPorts {
  readonly resolver: Resolver
  readonly clock: Pick<Clock, 'now'>
  readonly log: Pick<Log, 'warn'>
  /** Reports about days before this one; rejects if the store cannot be used. */
  readonly due: (before: string, limit: number) => Promise<readonly DueReport[]>
  /** The packed XML. */
  readonly write: (due: DueReport, facts: Omit<AggregateFacts, 'omitted'>) => Promise<Buffer>
  readonly finish: (due: DueReport) => Promise<void>
  /** Queues a message with the null sender. False if there is no route to the address. */
  readonly queue: (to: string, mail: ReportMail) => Promise<boolean>
  readonly count: (result: SendResult) => void
}

/** `sent`: a message; the others: a report. */
export type SendResult = 'sent' | 'unwanted' | 'excepted' | 'no-consent' | 'too-large' | 'no-route' | 'given-up'

/** Reports of one run; the next run follows within the hour. */
const MOST_PER_RUN = 500
/** A domain whose DNS does not answer for so long gets no report about that day. */
const GIVEN_UP_MS = 3 * 86_400_000

/** One run. Rejects only if the store or the queue cannot be used. */
export async function sendReports(settings: SendSettings, ports: SendPorts, signal: AbortSignal): Promise<void> {
  const today = new Date(ports.clock.now()).toISOString().slice(0, 10)
  for (const due of await ports.due(today, MOST_PER_RUN)) {
    if (signal.aborted) return
    const result = isExcepted(settings, due) ? ('excepted' as const) : await sendOne(settings, ports, due)
    if (result === 'later' && !isOld(due, ports.clock.now())) continue
    if (result !== 'sent') ports.count(result === 'later' ? 'given-up' : result)
    await ports.finish(due)
  }
}

function isExcepted({ except }: SendSettings, { policyDomain }: DueReport): boolean {
  return except.some((one) => policyDomain === one || policyDomain.endsWith(`.${one}`))
}

function isOld({ day }: DueReport, now: number): boolean {
  return now - Date.parse(`${day}T00:00:00Z`) > GIVEN_UP_MS
}

/** `later`: the DNS does not answer. `sent`: each message is counted. */
async function sendOne(settings: SendSettings, ports: SendPorts, due: DueReport): Promise<SendResult | 'later'> {
  const record = await findRecord(due.policyDomain, ports.resolver)
  if (record === 'unavailable') return 'later'
  if (record === null || record.addresses.length === 0) return 'unwanted'
  const allowed: ReportAddress[] = []
  for (const address of record.addresses) {
    const consent = await askConsent(address, due, ports.resolver)
    if (consent.kind === 'unavailable') return 'later'
    if (consent.kind === 'yes') allowed.push(...consent.addresses)
  }
  if (allowed.length === 0) return 'no-consent'
  const { org, from, hostname, submitter } = settings
  const reportId = reportIdOf(due.policyDomain, due.day, hostname)
  const packed = await ports.write(due, { ...due, org, email: from, reportId, record })
  return await sendTo(allowed, ports, (address) =>
    writeReportMail({ ...due, org, from, submitter, to: address, reportId, now: ports.clock.now() }, packed),
  )
}

async function sendTo(
  addresses: readonly ReportAddress[],
  { queue, count, log }: SendPorts,
  mailTo: (address: string) => ReportMail,
): Promise<SendResult | 'later'> {
  let last: SendResult | 'later' = 'no-route'
  for (const { address, mostOctets } of addresses) {
    const mail = mailTo(address)
    let result: SendResult | 'later' = 'too-large'
    if (mostOctets === null || mail.header.length + mail.body.length <= mostOctets)
      result = await queue(address, mail).then(
        (isQueued) => (isQueued ? 'sent' : 'no-route'),
        (error: unknown) => {
          log.warn(
            { recipient: address, cause: errorText(error) },
            'a DMARC report cannot be queued; next try within the hour',
          )
          return 'later'
        },
      )
    if (result === 'sent') count(result)
    // One address that got it is enough: a second try would repeat it there.
    if (last !== 'sent') last = result
  }
  return last
}

/** Null if the domain has no record any more. */
async function findRecord(domain: string, resolver: Resolver): Promise<ReportedRecord | null | 'unavailable'> {
  const answer = await resolver.resolve(`_dmarc.${domain}`, 'TXT')
  if (answer.kind === 'unavailable') return 'unavailable'
  if (answer.kind === 'absent') return null
  const records = answer.records.flatMap(
    (record) => readReportedRecord(record.map((part) => part.toString('utf8')).join('')) ?? [],
  )
  // Several records are as none (RFC 9989 4.7).
  return records.length === 1 ? (records[0] ?? null) : null
}
