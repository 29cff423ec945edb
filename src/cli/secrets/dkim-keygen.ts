// waypost dkim keygen: creates signing keys. Exit code 2 for a wrong option, or if a key exists already.

import type { DkimAlgorithm, DkimKey, KeyStage } from '../../dkim/key.ts'
import { keyRecord, zoneLine } from '../../dkim/key-record.ts'
import { generateKey } from '../../dkim/key-store.ts'
import type { Io } from '../io.ts'
import { asOwnerOf } from '../place/node-place.ts'
import { describeKey, type DkimOptions, print, usageError } from './dkim-keys.ts'

const algorithms: ReadonlyMap<string, DkimAlgorithm> = new Map([
  ['rsa', 'rsa-sha256'],
  ['ed25519', 'ed25519-sha256'],
])

interface KeygenOptions extends DkimOptions {
  readonly domain: string
  /** Default: algorithm and date, such as `rsa-20261121`. */
  readonly selector?: string
  /** `rsa`, `ed25519`. */
  readonly algorithms: readonly string[]
  /** `active` signs at once; the record must be published already. */
  readonly stage?: KeyStage
  readonly now: number
}

/** Creates keys of a domain, as the owner of the directory, and prints their DNS records. */
export async function dkimKeygen(options: KeygenOptions, io: Io): Promise<number> {
  return asOwnerOf(options.directory, io, () => generate(options, io))
}

async function generate(options: KeygenOptions, io: Io): Promise<number> {
  if (options.domain === '') return usageError(io, ['--domain: found nothing, expected the domain of the key'])
  const unknown = options.algorithms.filter((name) => !algorithms.has(name))
  if (unknown.length > 0) return usageError(io, [`--algorithm: found ${unknown.join(', ')}, expected rsa or ed25519`])
  const created: DkimKey[] = []
  for (const name of options.algorithms) {
    const algorithm = algorithms.get(name) as DkimAlgorithm
    const selector = selectorFor(name, options)
    const stage = options.stage ?? 'generated'
    const result = await generateKey(options.directory, { ...options, selector, algorithm, stage })
    if (result.kind === 'refused') return usageError(io, [result.problem])
    created.push(result.key)
  }
  const lines = created.map((key) => zoneLine(keyRecord(key)))
  return print(options, io, { data: created.map(describeKey), lines })
}

function selectorFor(
  algorithm: string,
  options: { selector?: string; algorithms: readonly string[]; now: number },
): string {
  const given = options.selector
  if (given !== undefined) return options.algorithms.length > 1 ? `${given}-${algorithm}` : given
  return `${algorithm}-${new Date(options.now).toISOString().slice(0, 10).replaceAll('-', '')}`
}
