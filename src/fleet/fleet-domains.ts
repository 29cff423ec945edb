// The domains of a fleet file: the nodes that receive and send their mail, and the settings of their DNS records.

import type { Report } from '../config/problem.ts'
import { asciiDomain } from '../smtp/domain.ts'
import type { DomainRecords, FleetDomain, FleetNode } from './fleet-model.ts'
import type { DomainFile, FleetFile } from './fleet-schema.ts'
import { receivesFromInternet } from './node-needs.ts'

/** Roles that receive mail for every domain, unless the domain names its nodes. Other roles that strangers reach are for single domains. */
const GENERAL_RECEIVERS = ['mx', 'solo']

/** The main domain, the further ones, then the SRS domain. Reports names that are not those of nodes. */
export function readDomains(file: FleetFile, nodes: readonly FleetNode[], report: Report): readonly FleetDomain[] {
  const srs = file.srs?.domain ?? null
  const written = new Map<string, { readonly key: string; readonly domain: DomainFile }>()
  for (const [key, domain] of Object.entries(file.domains)) {
    const name = asciiDomain(key.replace(/\.$/, ''))
    if (name === null || !name.includes('.'))
      report(['domains', key], `found ${key}, expected a domain such as example.org`)
    else if (written.has(name)) report(['domains', key], `found ${name} again, expected it once`)
    else written.set(name, { key, domain })
  }
  const names = [file.domain, ...[...written.keys()].filter((name) => name !== file.domain && name !== srs)]
  const all = [...names.map((name) => [name, 'mail'] as const), ...(srs === null ? [] : [[srs, 'srs'] as const])]
  return all.map(([name, kind]) => {
    const { key, domain } = written.get(name) ?? { key: name, domain: {} }
    const find = (path: string, wanted: readonly string[] | undefined) =>
      wanted?.flatMap((one, index) => {
        const node = nodes.find((each) => each.name === one)
        if (!node)
          report(
            ['domains', key, path, index],
            `found ${one}, expected the name of a node: ${nodes.map((each) => each.name).join(', ')}`,
          )
        return node ?? []
      })
    const mx = find('mx', domain.mx) ?? usualReceivers(kind, nodes)
    for (const [index, node] of mx.entries())
      if (!receivesFromInternet(node.role))
        report(
          ['domains', key, 'mx', index],
          `found ${node.name} with the role ${node.role.role}, expected a node that receives mail from the internet`,
        )
    const senders = find('senders', domain.senders) ?? usualSenders(kind, nodes)
    return {
      name,
      kind,
      mx,
      senders,
      records: recordsOf({ domain, file, mx, isAuthor: kind === 'mail' && senders.length > 0 }),
    }
  })
}

function usualReceivers(kind: FleetDomain['kind'], nodes: readonly FleetNode[]): readonly FleetNode[] {
  return nodes.filter(({ role }) => GENERAL_RECEIVERS.includes(role.role) && (kind === 'mail' || role.srs.reverse))
}

/** An mx sends bounces only: their reverse-path is null, so that SPF checks the host name. */
function usualSenders(kind: FleetDomain['kind'], nodes: readonly FleetNode[]): readonly FleetNode[] {
  return nodes.filter(({ role }) => role.internet === 'always' && (kind === 'mail' || role.srs.rewrite))
}

interface Settings {
  readonly domain: DomainFile
  readonly file: FleetFile
  readonly mx: readonly FleetNode[]
  /** Authors write as the domain. Not in the SRS domain, except for those whom the node itself rewrites and signs. */
  readonly isAuthor: boolean
}

function recordsOf({ domain, file, mx, isAuthor }: Settings): DomainRecords {
  const common = file.records
  const sts = domain.mta_sts ?? common.mta_sts
  const usualDmarc = isAuthor
    ? (common.dmarc ?? { policy: 'none' as const, reports: [] })
    : { policy: 'reject' as const, reports: common.dmarc?.reports ?? [] }
  return {
    spf: domain.spf ?? common.spf ?? { by: 'addresses', include: [], all: 'fail' },
    dmarc: domain.dmarc ?? usualDmarc,
    mtaSts: sts ? { mode: sts.mode, maxAge: sts.max_age, servers: sts.host ?? mx } : null,
    tlsReports: domain.tls_reports ?? common.tls_reports ?? [],
    caa: domain.caa ?? common.caa ?? [],
  }
}
