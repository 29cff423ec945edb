// The little that changes while a node runs, besides its data.

import type { TlsMaterial } from '../config/read-tls-material.ts'
import type { SourceCheck } from '../delivery/hosts/source-check.ts'

export interface NodeState {
  tls: TlsMaterial | null
  draining: boolean
  /** What is known of our own addresses towards the internet. */
  addresses: SourceCheck | null
}
