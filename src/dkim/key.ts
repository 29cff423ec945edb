// A signing key and its stage of life. The stage, not the file's presence, says whether it signs.

import type { KeyObject } from 'node:crypto'

/** generated: not yet in the DNS. published: in the DNS, caches may still lack it. active: signs. retired: in the DNS for mail under way. */
export const keyStages = ['generated', 'published', 'active', 'retired'] as const
export type KeyStage = (typeof keyStages)[number]

export type DkimAlgorithm = 'rsa-sha256' | 'ed25519-sha256'

export interface DkimKey {
  readonly domain: string
  readonly selector: string
  readonly algorithm: DkimAlgorithm
  /** Parsed once: parsing costs more than an ed25519 signature. */
  readonly privateKey: KeyObject
  readonly stage: KeyStage
  /** Since when it is in this stage, unix milliseconds; null for a key without a state file. */
  readonly since: number | null
  readonly file: string
}
