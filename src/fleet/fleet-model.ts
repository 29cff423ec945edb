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
  readonly addresses: readonly string[]
  /** Addresses that its mail leaves from, to the internet and to other nodes. */
  readonly sources: readonly string[]
  /** SHA-256 of its public keys (SubjectPublicKeyInfo), lower-case hexadecimal, the one in use first. */
  readonly publicKeys: readonly string[]
  /** Absolute path of its node.yaml. */
  readonly config: string
  /** The keys of node.yaml that the fleet file has for it, those of all nodes, of its role and its own together. */
  readonly settings: Settings
}

export interface Fleet {
  /** The fleet file, with the positions of its values. */
  readonly source: YamlSource
  /** Main mail domain. */
  readonly domain: string
  /** Null if no node needs SRS. */
  readonly srsDomain: string | null
  readonly nodes: readonly FleetNode[]
}

/** The nodes with a role, by the name that the role file gives. */
export function nodesOf(fleet: Pick<Fleet, 'nodes'>, role: string): readonly FleetNode[] {
  return fleet.nodes.filter((node) => node.role.role === role)
}
