// The record of the lengths of SRS hashes in the data directory. A node writes it at its start and at a reload; commands read it.

import type { Config } from '../config/config.ts'
import { readRegularFile } from '../lib/read-regular-file.ts'
import { replaceFile } from '../lib/replace-file.ts'
import { type HashLengths, nextHashLengths, parseHashLengths } from '../route/srs/hash-transition.ts'
import type { ShortHashes } from '../route/srs/srs-hash.ts'
import { srsHashPath } from '../wiring/node-paths.ts'

/** Nodes of one fleet get a new version one after the other: those behind write the earlier length for a while. */
const ROLLOUT_MS = 7 * 86_400_000

/** The short hashes that are accepted at `at`, unix milliseconds; null if there are none, or if the configuration has `hash_minimum`. */
export async function readShortHashes(config: Config, at: number): Promise<ShortHashes | null> {
  return (await lengthsOf(config, at))?.next.earlier ?? null
}

/** The same, and records a change. A full disk must not stop a node: the next start or reload records it then. */
export async function recordShortHashes(config: Config, at: number): Promise<ShortHashes | null> {
  const lengths = await lengthsOf(config, at)
  if (!lengths) return null
  const { next, recorded } = lengths
  if (next !== recorded) await replaceFile(srsHashPath(config), `${JSON.stringify(next)}\n`).catch(() => undefined)
  return next.earlier
}

async function lengthsOf(
  config: Config,
  at: number,
): Promise<{ readonly next: HashLengths; readonly recorded: HashLengths | null } | null> {
  const { srs } = config
  if (!srs || srs.hash_minimum !== undefined) return null
  const recorded = parseHashLengths(await readRegularFile(srsHashPath(config)).catch(() => ''))
  const next = nextHashLengths(recorded, { length: srs.hash_length, at, validMs: srs.max_age + ROLLOUT_MS })
  return { next, recorded }
}
