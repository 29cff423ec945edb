// A fleet as its file describes it, checked: the nodes with their roles, names, addresses and keys.

import type { RoleFile } from '../config/role-file.ts'
import type { YamlSource } from '../config/yaml-source.ts'

/** A part of a YAML file without a schema. */
export type Settings = Readonly<Record<string, unknown>>

export interface FleetNode {
  readonly name: string
  readonly role: RoleFile
  /** As in node.yaml: the name of a shipped role, or the absolute path of a role file. */
  readonly writtenRole: string
  /** Lower case, without a final dot. */
  readonly hostname: string
  /** In MX records. */
  readonly preference: number
  readonly addresses: readonly string[]
  /** Addresses that its mail leaves from, to the internet and to other nodes. */
  readonly sources: readonly string[]
  /** SHA-256 of its public keys (SubjectPublicKeyInfo), lower-case hexadecimal, the one in use first. */
  readonly publicKeys: readonly string[]
  /** Absolute path of its certificate in PEM; null if the fleet file names none. */
  readonly certificate: string | null
  /** Absolute path of its node.yaml. */
  readonly config: string
  /** The keys of node.yaml that the fleet file has for it, those of all nodes, of its role and its own together. */
  readonly settings: Settings
}

/** The settings of the DNS records of a domain. */
export interface DomainRecords {
  readonly spf: {
    readonly by: 'addresses' | 'names'
    readonly include: readonly string[]
    readonly all: 'fail' | 'softfail'
  }
  readonly dmarc: {
    readonly policy: DmarcPolicy
    readonly subdomains?: DmarcPolicy | undefined
    readonly reports: readonly string[]
  }
  /** Null: no policy. */
  readonly mtaSts: MtaStsPlan | null
  readonly tlsReports: readonly string[]
  readonly caa: readonly string[]
}

export type DmarcPolicy = 'none' | 'quarantine' | 'reject'

export interface MtaStsPlan {
  readonly mode: 'testing' | 'enforce' | 'none'
  /** Milliseconds. */
  readonly maxAge: number
  /** The nodes that serve the policy, or the name of a host. */
  readonly servers: readonly FleetNode[] | string
}

export interface FleetDomain {
  readonly name: string
  /** `srs`: only rewritten senders are in it. */
  readonly kind: 'mail' | 'srs'
  /** Empty: the domain receives no mail. */
  readonly mx: readonly FleetNode[]
  readonly senders: readonly FleetNode[]
  readonly records: DomainRecords
}

export interface FleetZone {
  readonly name: string
  /** Its key in the fleet file. */
  readonly written: string
  readonly target: ZoneTarget
}

export type ZoneTarget =
  /** Dynamic updates; `keyFile` is an absolute path, null without a key. */
  | { readonly kind: 'update'; readonly server: ZoneServer; readonly keyFile: string | null }
  /** `server` knows the present records; null: one of the NS records. */
  | { readonly kind: 'command'; readonly argv: readonly string[]; readonly server: ZoneServer | null }

export interface ZoneServer {
  /** An IP address. */
  readonly host: string
  readonly port: number
}

export interface Fleet {
  /** The fleet file, with the positions of its values. */
  readonly source: YamlSource
  /** Main mail domain. */
  readonly domain: string
  /** Null if no node needs SRS. */
  readonly srsDomain: string | null
  readonly nodes: readonly FleetNode[]
  /** The main domain first, the SRS domain last. */
  readonly domains: readonly FleetDomain[]
  readonly zones: readonly FleetZone[]
  /** Absolute paths. */
  readonly dkimKeys: readonly string[]
  /** `all`: also the ports of users and machines have TLSA records. */
  readonly tlsa: 'mx' | 'all'
  /** Of the DNS records, in seconds. */
  readonly ttl: number
}

/** The nodes with a role, by the name that the role file gives. */
export function nodesOf(fleet: Pick<Fleet, 'nodes'>, role: string): readonly FleetNode[] {
  return fleet.nodes.filter((node) => node.role.role === role)
}
