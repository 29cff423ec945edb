// One node's whole configuration, checked and frozen: what a role file and a node file mean together.

import type { DeliveryConfig } from './delivery-files.ts'
import type { DirectoryConfig } from './directory-files.ts'
import type { ListenerRole, RoleFile } from './role-schema.ts'
import type { NodeFile } from './node-schema.ts'
import type { RspamdConfig } from './rspamd-files.ts'
import type { TlsMaterial } from './read-tls-material.ts'

export interface ListenerConfig extends Omit<ListenerRole, 'address'> {
  readonly name: string
  readonly host: string
}

export interface SrsConfig {
  readonly domain: string
  /** The first signs, all verify. */
  readonly secrets: readonly string[]
  readonly max_age: number
  readonly hash_length: number
  readonly hash_minimum: number
}

export interface Config
  extends Omit<
    NodeFile,
    'role' | 'listen' | 'tls' | 'postmaster' | 'authserv_id' | 'srs' | 'directory' | 'delivery' | 'rspamd'
  > {
  readonly delivery: DeliveryConfig
  readonly directory: DirectoryConfig
  /** Null without a spam filter. */
  readonly rspamd: RspamdConfig | null
  /** The file it was read from. */
  readonly file: string
  /** That file and every other that was read for it: an own role, certificates, keys, secrets, passwords, rules. */
  readonly files: readonly string[]
  readonly role: RoleFile
  readonly listeners: readonly ListenerConfig[]
  readonly tls: TlsMaterial | null
  readonly postmaster: string
  readonly authserv_id: string
  readonly srs: SrsConfig | null
}
