// The DNS records by which mail programs find the service: SRV (RFC 6186, RFC 8314 5.1) and the names of the HTTPS service.

import type { IncomingServer, MailService } from './mail-service.ts'

const HTTPS_PORT = 443
const incomingLabels = ['_imaps', '_imap', '_pop3s', '_pop3'] as const

export interface ServiceRecord {
  /** Without a final dot. */
  readonly name: string
  readonly type: 'SRV' | 'CNAME'
  /** As in a zone file. */
  readonly value: string
}

/** Lines of a zone file for all domains. @param host of the HTTPS service, or null if there is none */
export function serviceRecords(service: MailService, host: string | null): readonly string[] {
  return serviceEntries(service, host).map(({ name, type, value }) => `${name}. IN ${type} ${value}`)
}

/** The same as records. */
export function serviceEntries(service: MailService, host: string | null): readonly ServiceRecord[] {
  return service.domains.flatMap((domain) => [
    ...service.outgoing.map(({ host: target, port, tls }, rank) => {
      const label = tls === 'implicit' ? '_submissions' : '_submission'
      return record(`${label}._tcp.${domain}`, 'SRV', `${rank} 1 ${port} ${target}.`)
    }),
    ...incomingLabels.map((label) => incomingRecord(label, domain, service.incoming)),
    ...(host === null ? [] : httpsRecords(domain, host)),
  ])
}

/** A target of `.` says that the service does not exist (RFC 6186 3.4). */
function incomingRecord(label: string, domain: string, incoming: IncomingServer | null): ServiceRecord {
  const own = incoming && `_${incoming.protocol}${incoming.tls === 'implicit' ? 's' : ''}`
  const value = incoming && own === label ? `0 1 ${incoming.port} ${incoming.host}.` : '0 0 0 .'
  return record(`${label}._tcp.${domain}`, 'SRV', value)
}

function httpsRecords(domain: string, host: string): readonly ServiceRecord[] {
  const names = ['autoconfig', 'autodiscover'].map((label) => `${label}.${domain}`).filter((name) => name !== host)
  return [
    ...names.map((name) => record(name, 'CNAME', `${host}.`)),
    record(`_autodiscover._tcp.${domain}`, 'SRV', `0 1 ${HTTPS_PORT} ${host}.`),
  ]
}

function record(name: string, type: ServiceRecord['type'], value: string): ServiceRecord {
  return { name, type, value }
}
