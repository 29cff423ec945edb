// DKIM keys for each domain of the fleet that sends mail: RSA and Ed25519, in the folder that the signing nodes share.

import { existsSync } from 'node:fs'
import type { DkimKey } from '../dkim/key.ts'
import { generateKey, loadKeys } from '../dkim/key-store.ts'
import type { Fleet } from '../fleet/fleet-model.ts'
import { makeDirectory } from '../lib/make-directory.ts'

const algorithms = { rsa: 'rsa-sha256', ed25519: 'ed25519-sha256' } as const

interface KeyRequest {
  readonly fleet: Pick<Fleet, 'domains'>
  readonly directory: string
  readonly now: number
  readonly isDry: boolean
}

export type SigningKeys =
  | {
      readonly kind: 'ok'
      readonly keys: readonly DkimKey[]
      /** Domains that got keys in this run, or would get them. */
      readonly created: readonly string[]
    }
  | { readonly kind: 'bad'; readonly problems: readonly string[] }

/** The keys that exist, and new ones for domains without any. A run that was interrupted between the two keys of a domain makes the other one. */
export async function ensureSigningKeys({ fleet, directory, now, isDry }: KeyRequest): Promise<SigningKeys> {
  if (!isDry) makeDirectory(directory)
  const before = existsSync(directory) ? await loadKeys(directory) : { keys: [], problems: [] }
  if (before.problems.length > 0) return { kind: 'bad', problems: before.problems }
  const date = new Date(now).toISOString().slice(0, 10).replaceAll('-', '')
  const missing = fleet.domains
    .filter(({ senders }) => senders.length > 0)
    .flatMap(({ name }) => missingKeys(name, before.keys, date))
  const created = [...new Set(missing.map(({ domain }) => domain))]
  if (isDry) return { kind: 'ok', keys: before.keys, created }
  const made = await Promise.all(
    // The records are published before the nodes start: the check list says so.
    missing.map((wanted) => generateKey(directory, { ...wanted, stage: 'active', now })),
  )
  const problems = made.flatMap((one) => (one.kind === 'refused' ? [one.problem] : []))
  if (problems.length > 0) return { kind: 'bad', problems }
  return { kind: 'ok', keys: (await loadKeys(directory)).keys, created }
}

function missingKeys(domain: string, keys: readonly DkimKey[], date: string) {
  const own = keys.filter((key) => key.domain === domain)
  // The operator decides about the keys of a domain; only the first pair comes from here.
  const isPair = own.every(({ selector }) => /^(?:rsa|ed25519)-\d{8}$/.test(selector))
  if (own.length > 1 || !isPair) return []
  return Object.entries(algorithms)
    .filter(([, algorithm]) => own.every((key) => key.algorithm !== algorithm))
    .map(([name, algorithm]) => ({ domain, selector: `${name}-${date}`, algorithm }))
}
