// The mail servers of the benchmark `mx`. All verify the same mail, resolve the same aliases, and send to one next hop.

import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../../lib/free-port.ts'
import { startPostfix } from '../../lib/peers/postfix.ts'
import { startWaypostRelay } from '../waypost-relay.ts'
import { AUTHSERV_ID, type Filter } from './mx-filters.ts'
import { ALIASES, OWN_DOMAIN } from './mx-mail.ts'

export type ContenderName = 'Postfix, rspamd' | 'Postfix, OpenDKIM and OpenDMARC' | 'Waypost' | 'Waypost, rspamd'

export interface Contender {
  readonly name: ContenderName
  readonly port: number
  /** The port of its next hop. */
  readonly sinkPort: number
  /** Roots of the process trees that do its work. */
  readonly pids: readonly number[]
  readonly version?: string
  stop(): Promise<void>
}

export interface Surroundings {
  /** The address of the resolver, on port 53. */
  readonly dns: string
  readonly folder: string
  readonly sessions: number
}

const aliasNames = Array.from({ length: ALIASES }, (_, index) => `-${index + 1}`)

/** @param filter runs its milters */
export async function startPostfixMx(
  name: ContenderName,
  filter: Filter,
  { folder }: Surroundings,
): Promise<Contender> {
  const sinkPort = await freePort()
  const aliases = `${folder}/aliases-${sinkPort}`
  const rows = aliasNames.map((one) => `user${one}@${OWN_DOMAIN} person${one}@home.example.net\n`)
  writeFileSync(aliases, rows.join(''))
  const postfix = await startPostfix({
    relayhost: `[127.0.0.1]:${sinkPort}`,
    hostname: AUTHSERV_ID,
    log: false,
    main: {
      // The clients of the benchmark are strangers: their addresses come with the PROXY protocol.
      mynetworks: '127.0.0.1/32',
      smtpd_upstream_proxy_protocol: 'haproxy',
      virtual_alias_domains: OWN_DOMAIN,
      virtual_alias_maps: `texthash:${aliases}`,
      smtpd_milters: filter.milters.join(' '),
      milter_default_action: 'tempfail',
    },
  })
  return {
    name,
    port: postfix.port,
    sinkPort,
    pids: [postfix.pid, ...filter.pids],
    version: postfix.run('postconf', '-h', 'mail_version').trim(),
    stop: async () => {
      await postfix.stop()
      rmSync(aliases)
    },
  }
}

export interface WaypostMxOptions {
  readonly filter?: Filter
  /** The folder for processor profiles. */
  readonly profiles?: string
  /** The checkout to run; this one if absent. */
  readonly root?: string
}

export async function startWaypostMx(
  name: ContenderName,
  { dns, folder, sessions }: Surroundings,
  { filter, profiles, root }: WaypostMxOptions = {},
): Promise<Contender> {
  const sinkPort = await freePort()
  const mail = `${folder}/mail-${sinkPort}.yaml`
  const rows = aliasNames.map((one) => `  user${one}: person${one}@home.example.net\n`)
  writeFileSync(mail, `aliases:\n${rows.join('')}`)
  const spec = { mail, dns, sinkPort, sessions, rspamd: filter?.url }
  const configuration = (data: string, port: number) => nodeYaml(join(data, 'data'), port, spec)
  const more = { ...(profiles !== undefined && { profiles }), ...(root !== undefined && { root }) }
  const relay = await startWaypostRelay({ sinkPort, sessions, configuration, ...more })
  return { name, port: relay.port, sinkPort, pids: [relay.pid, ...(filter?.pids ?? [])], stop: () => relay.stop() }
}

interface MxSpec {
  /** The file with its aliases. */
  readonly mail: string
  /** The address of the resolver, on port 53. */
  readonly dns: string
  readonly sinkPort: number
  readonly sessions: number
  /** The URL of rspamd; undefined: no spam check. */
  readonly rspamd: string | undefined
}

/** Clients come with the PROXY protocol, so that each domain has an address. */
function nodeYaml(data: string, port: number, { mail, dns, sinkPort, sessions, rspamd }: MxSpec): string {
  return `
role: ${join(import.meta.dirname, 'mx-role.yaml')}
hostname: bench.relay.example
domain: ${OWN_DOMAIN}
data: ${data}
mail: [ ${mail} ]
listen: { smtp: { address: "127.0.0.1:${port}", proxy: [ 127.0.0.1 ] } }
smarthost: "smtp:[127.0.0.1]:${sinkPort}"
dns: { servers: [ "${dns}:53" ] }
limits: { connections: ${sessions * 4} }
${rspamd === undefined ? '' : `rspamd: { urls: [ "${rspamd}" ] }`}
`
}
