// The little that changes while a node runs, besides its data.

import type { TlsMaterial } from '../config/tls-material.ts'

export interface NodeState {
  tls: TlsMaterial | null
  draining: boolean
}
