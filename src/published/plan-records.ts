// All DNS records that a fleet needs.

import { reverseName } from '../dns/fcrdns.ts'
import type { Fleet, FleetDomain, FleetNode } from '../fleet/fleet-model.ts'
import { stsPolicyId } from '../mta-sts/sts-policy.ts'
import { mtaStsPolicy } from './mta-sts-policy.ts'
import type { PlannedRecord, PlannedType, Purpose } from './planned-record.ts'
import { servicePlan } from './service-plan.ts'
import { tlsPorts } from './tls-ports.ts'
import { domainSpf, heloSpf } from './spf-record.ts'

/** The record of a DKIM key: its name and its text. */
export interface DkimText {
  readonly name: string
  readonly text: string
}

/** The addresses that mail leaves from to hosts of others. A node that sends only to other nodes needs no reverse DNS. */
export function sourcesOf({ nodes }: Fleet): readonly { readonly address: string; readonly node: FleetNode }[] {
  const senders = nodes.filter(({ role }) => role.internet !== 'never')
  return senders.flatMap((node) => node.sources.map((address) => ({ address, node })))
}

type Draft = Omit<PlannedRecord, 'ttl'>

/** In the order of a zone file that people read: domains, then hosts, then reverse zones. A record that two parts need is there once. */
export function planRecords(fleet: Fleet, dkim: readonly DkimText[]): readonly PlannedRecord[] {
  const drafts = [
    ...fleet.domains.flatMap((domain) => domainRecords(domain, fleet)),
    ...dkim.map(({ name, text }) => draft('dkim', name, 'TXT', text)),
    ...servicePlan(fleet).map(({ name, type, value }) => draft('service', name, type, value)),
    ...fleet.nodes.flatMap((node) => hostRecords(node, fleet)),
    ...sourcesOf(fleet).map(({ address, node }) =>
      draft('reverse', reverseName(address) as string, 'PTR', `${node.hostname}.`),
    ),
  ]
  const unique = new Map(drafts.map((one) => [`${one.name} ${one.type} ${one.data}`, one]))
  return [...unique.values()].map((one) => ({ ...one, ttl: fleet.ttl }))
}

function draft(purpose: Purpose, name: string, type: PlannedType, data: string): Draft {
  return { name, type, data, purpose }
}

function domainRecords(domain: FleetDomain, fleet: Fleet): readonly Draft[] {
  const { name, mx, senders, records } = domain
  return [
    ...mx.map(({ preference, hostname }) => draft('mx', name, 'MX', `${preference} ${hostname}.`)),
    // A domain that sends cannot have a null MX: others refuse its mail (RFC 7505 4.2).
    ...(mx.length + senders.length === 0 ? [draft('null-mx', name, 'MX', '0 .')] : []),
    draft('spf', name, 'TXT', domainSpf(domain)),
    ...dmarcRecords(domain, fleet),
    ...stsRecords(domain),
    ...(records.tlsReports.length > 0 && mx.length > 0
      ? [draft('tls-reports', `_smtp._tls.${name}`, 'TXT', `v=TLSRPTv1; rua=${records.tlsReports.join(',')}`)]
      : []),
    ...records.caa.map((authority) => draft('caa', name, 'CAA', `0 issue "${authority}"`)),
  ]
}

/** RFC 9989 4.7. Reports to another domain need its consent, which a domain of the fleet can give here (RFC 9990 4). */
function dmarcRecords({ name, records }: FleetDomain, fleet: Fleet): readonly Draft[] {
  const { policy, subdomains, reports } = records.dmarc
  const tags = [
    'v=DMARC1',
    `p=${policy}`,
    ...(subdomains && subdomains !== policy ? [`sp=${subdomains}`] : []),
    ...(reports.length > 0 ? [`rua=${reports.map((address) => `mailto:${address}`).join(',')}`] : []),
  ]
  const receivers = new Set(reports.map((address) => address.slice(address.lastIndexOf('@') + 1).toLowerCase()))
  const foreign = [...receivers].filter((domain) => domain !== name && !name.endsWith(`.${domain}`))
  const consenting = foreign.filter((domain) => fleet.domains.some((own) => own.name === domain))
  return [
    draft('dmarc', `_dmarc.${name}`, 'TXT', tags.join('; ')),
    ...consenting.map((domain) => draft('report-consent', `${name}._report._dmarc.${domain}`, 'TXT', 'v=DMARC1')),
  ]
}

function stsRecords(domain: FleetDomain): readonly Draft[] {
  const policy = mtaStsPolicy(domain)
  const sts = domain.records.mtaSts
  if (policy === null || !sts || domain.mx.length === 0) return []
  const host = `mta-sts.${domain.name}`
  const { servers } = sts
  return [
    draft('mta-sts', `_mta-sts.${domain.name}`, 'TXT', `v=STSv1; id=${stsPolicyId(policy)}`),
    ...(typeof servers === 'string'
      ? servers === host
        ? []
        : [draft('mta-sts', host, 'CNAME', `${servers}.`)]
      : servers.flatMap((node) => addressRecords(node, host, 'mta-sts'))),
  ]
}

function addressRecords({ addresses }: FleetNode, name: string, purpose: Purpose): readonly Draft[] {
  return addresses.map((address) => draft(purpose, name, address.includes(':') ? 'AAAA' : 'A', address))
}

function hostRecords(node: FleetNode, { domains, tlsa }: Fleet): readonly Draft[] {
  const { hostname, sources, role } = node
  const isDomain = domains.some(({ name }) => name === hostname)
  const sendsItself = role.internet !== 'never' && sources.length > 0
  const receives = domains.some(({ mx }) => mx.includes(node))
  return [
    ...addressRecords(node, hostname, 'address'),
    // Names of a client host are senders where they are not rewritten: a null MX would make others refuse them (RFC 7505 4.2).
    ...(!isDomain && !receives && role.internet === 'always' ? [draft('null-mx', hostname, 'MX', '0 .')] : []),
    ...(!isDomain && sendsItself ? [draft('helo-spf', hostname, 'TXT', heloSpf(node))] : []),
    ...tlsaRecords(node, tlsa),
  ]
}

/** DANE-EE with the public key (RFC 7672 3.1.1): valid over renewals with the same key. One record for each key, current and next. */
function tlsaRecords(node: FleetNode, ports: Fleet['tlsa']): readonly Draft[] {
  return tlsPorts(node)
    .filter(({ isMx }) => isMx || ports === 'all')
    .flatMap(({ port }) =>
      node.publicKeys.map((key) => draft('tlsa', `_${port}._tcp.${node.hostname}`, 'TLSA', `3 1 1 ${key}`)),
    )
}
