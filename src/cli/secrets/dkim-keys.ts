// The keys of the `waypost dkim` commands, and how they are printed.

import type { DkimKey } from '../../dkim/key.ts'
import { keyRecord } from '../../dkim/key-record.ts'
import { loadKeys } from '../../dkim/key-store.ts'
import type { Resolver } from '../../dns/resolver.ts'
import { type Io, json, line, OK, USAGE } from '../io.ts'
import { asOwnerOf } from '../place/node-place.ts'
import { resolverFor } from '../resolver-option.ts'

export interface DkimOptions {
  /** Directory of keys. */
  readonly directory: string
  /** Only this domain. */
  readonly domain?: string
  readonly json: boolean
}

export interface DkimOutput {
  readonly data: readonly unknown[]
  readonly lines: readonly string[]
}

/** The selected keys, read as the owner of the directory; null after an error message, if a key cannot be used. */
export async function usableKeys(options: DkimOptions, io: Io): Promise<readonly DkimKey[] | null> {
  if ((await asOwnerOf(options.directory, io, () => OK)) !== OK) return null
  const { keys, problems, warnings } = await loadKeys(options.directory)
  for (const warning of warnings) line(io.stderr, `${warning} (warning)`)
  if (problems.length > 0) {
    usageError(io, problems)
    return null
  }
  const domain = options.domain?.toLowerCase()
  return domain === undefined ? keys : keys.filter((key) => key.domain === domain)
}

/** The keys and the resolver of --dns; null after an error message. */
export async function keysAndResolver(
  options: DkimOptions & { readonly dns?: string },
  io: Io,
): Promise<{ readonly keys: readonly DkimKey[]; readonly resolver: Resolver } | null> {
  const resolver = await resolverFor(options.dns)
  if (resolver === null) {
    usageError(io, [`--dns: found ${options.dns}, expected ADDRESS or ADDRESS:PORT`])
    return null
  }
  const keys = await usableKeys(options, io)
  return keys && { keys, resolver }
}

/** A key as JSON. */
export function describeKey(key: DkimKey): Record<string, unknown> {
  const { domain, selector, algorithm, stage, file } = key
  const since = key.since === null ? null : new Date(key.since).toISOString()
  const { name, text } = keyRecord(key)
  return { domain, selector, algorithm, stage, since, file, record: { name, type: 'TXT', text } }
}

/** Prints the data as JSON, or the lines. */
export function print({ json: asJson }: DkimOptions, io: Io, { data, lines }: DkimOutput): number {
  if (asJson) json(io.stdout, data)
  else for (const text of lines) line(io.stdout, text)
  return OK
}

/** Prints the problems. */
export function usageError(io: Io, problems: readonly string[]): number {
  for (const problem of problems) line(io.stderr, problem)
  return USAGE
}
