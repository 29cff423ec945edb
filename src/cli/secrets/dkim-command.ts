// waypost dkim keygen|list|records|check|rotate|sign: signing keys on disk and their DNS records.
// Exit code 1 if a record is not published or no key signs, 2 for a wrong option or unusable keys.

import type { DkimAlgorithm, DkimKey, KeyStage } from '../../dkim/key.ts'
import { keyRecord, zoneLine } from '../../dkim/key-record.ts'
import { generateKey, loadKeys, saveStage } from '../../dkim/key-store.ts'
import { checkRecord, planRotation } from '../../dkim/rotation.ts'
import { createSigner } from '../../dkim/sign.ts'
import { readAuthors } from '../../message/from.ts'
import { readFields } from '../../message/header.ts'
import { domainOf } from '../../smtp/mailbox.ts'
import { FAILED, type Io, json, line, OK, USAGE } from '../io.ts'
import { readMessage } from '../read-message.ts'
import { resolverFor } from '../resolver-option.ts'

export interface DkimOptions {
  /** Directory of keys. */
  readonly directory: string
  /** Only this domain. */
  readonly domain?: string
  readonly json: boolean
}

const algorithms: ReadonlyMap<string, DkimAlgorithm> = new Map([
  ['rsa', 'rsa-sha256'],
  ['ed25519', 'ed25519-sha256'],
])

/** Creates keys of a domain and prints their DNS records. */
export async function dkimKeygen(
  options: DkimOptions & {
    readonly domain: string
    /** Default: algorithm and date, such as `rsa-20261121`. */
    readonly selector?: string
    /** `rsa`, `ed25519`. */
    readonly algorithms: readonly string[]
    /** `active` signs at once; the record must be published already. */
    readonly stage?: KeyStage
    readonly now: number
  },
  io: Io,
): Promise<number> {
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
  print(
    io,
    options.json,
    created.map(describeKey),
    created.map((key) => zoneLine(keyRecord(key))),
  )
  return OK
}

function selectorFor(
  algorithm: string,
  options: { selector?: string; algorithms: readonly string[]; now: number },
): string {
  const given = options.selector
  if (given !== undefined) return options.algorithms.length > 1 ? `${given}-${algorithm}` : given
  return `${algorithm}-${new Date(options.now).toISOString().slice(0, 10).replaceAll('-', '')}`
}

/** Lists the keys with their stages. */
export async function dkimList(options: DkimOptions, io: Io): Promise<number> {
  const keys = await usableKeys(options, io)
  if (keys === null) return USAGE
  const lines = keys.map((key) => {
    const since = key.since === null ? '' : new Date(key.since).toISOString()
    return [key.domain, key.selector, key.algorithm, key.stage, since].join('\t').trimEnd()
  })
  print(io, options.json, keys.map(describeKey), lines)
  return OK
}

/** Prints the records that the DNS must have: of keys that sign, will sign or signed recently. */
export async function dkimRecords(options: DkimOptions, io: Io): Promise<number> {
  const keys = await usableKeys(options, io)
  if (keys === null) return USAGE
  print(
    io,
    options.json,
    keys.map(describeKey),
    keys.map((key) => zoneLine(keyRecord(key))),
  )
  return OK
}

/** Compares the records with the DNS. Exit code 1 if the record of an active key is not published. */
export async function dkimCheck(options: DkimOptions & { readonly dns?: string }, io: Io): Promise<number> {
  const resolver = await resolverFor(options.dns)
  if (resolver === null) return usageError(io, [`--dns: found ${options.dns}, expected ADDRESS or ADDRESS:PORT`])
  const keys = await usableKeys(options, io)
  if (keys === null) return USAGE
  const checked = await Promise.all(keys.map(async (key) => ({ key, record: await checkRecord(key, resolver) })))
  print(
    io,
    options.json,
    checked.map(({ key, record }) => ({ ...describeKey(key), dns: record })),
    checked.map(({ key, record }) => `${keyRecord(key).name}\t${key.stage}\t${record}`),
  )
  return checked.some(({ key, record }) => key.stage === 'active' && record !== 'published') ? FAILED : OK
}

/** Moves each key to its next stage if the DNS allows it. Running nodes use the change after a reload. */
export async function dkimRotate(
  options: DkimOptions & {
    readonly dns?: string
    readonly now: number
    /** Time that a new record must be published before its key signs; the default lets negative caches expire. */
    readonly waitMs?: number
  },
  io: Io,
): Promise<number> {
  const resolver = await resolverFor(options.dns)
  if (resolver === null) return usageError(io, [`--dns: found ${options.dns}, expected ADDRESS or ADDRESS:PORT`])
  const keys = await usableKeys(options, io)
  if (keys === null) return USAGE
  const steps = await planRotation(keys, { ...options, resolver })
  for (const { key, to } of steps) if (to !== key.stage) await saveStage(key, to, options.now)
  print(
    io,
    options.json,
    steps.map(({ key, to, reason }) => ({ ...describeKey(key), stage: to, from: key.stage, reason })),
    steps.map(({ key, to, reason }) => {
      const move = to === key.stage ? key.stage : `${key.stage} -> ${to}`
      return `${key.domain}\t${key.selector}\t${move}\t${reason}`
    }),
  )
  return OK
}

/** Prints the message on standard input with its signatures in front. Exit code 1 if no key signs. */
export async function dkimSign(
  options: Omit<DkimOptions, 'json'> & { readonly now: number; readonly parents?: readonly string[] },
  io: Io,
): Promise<number> {
  const keys = await usableKeys({ directory: options.directory, json: false }, io)
  if (keys === null) return USAGE
  const content = await readMessage(io.stdin)
  const fromDomain = options.domain ?? authorDomain(content.header)
  if (fromDomain === null) return usageError(io, ['found no address in From, expected a From field or --domain'])
  const signer = createSigner({ keys, parents: options.parents ?? [] })
  const signed = await signer.sign(content, { fromDomain, now: options.now })
  if (signed.kind === 'unsigned') {
    usageError(io, [signed.reason])
    return FAILED
  }
  io.stdout.write(signed.fields)
  io.stdout.write(content.header)
  for await (const chunk of content.openBody()) io.stdout.write(chunk)
  return OK
}

function authorDomain(header: Buffer): string | null {
  const address = readAuthors(readFields(header)).addresses[0]
  return address === undefined ? null : domainOf(address)
}

/** The selected keys; null after an error message, if a key cannot be used. */
async function usableKeys(options: DkimOptions, io: Io): Promise<readonly DkimKey[] | null> {
  const { keys, problems, warnings } = await loadKeys(options.directory)
  for (const warning of warnings) line(io.stderr, `${warning} (warning)`)
  if (problems.length > 0) {
    usageError(io, problems)
    return null
  }
  const domain = options.domain?.toLowerCase()
  return domain === undefined ? keys : keys.filter((key) => key.domain === domain)
}

function describeKey(key: DkimKey): Record<string, unknown> {
  const { domain, selector, algorithm, stage, file } = key
  const since = key.since === null ? null : new Date(key.since).toISOString()
  const { name, text } = keyRecord(key)
  return { domain, selector, algorithm, stage, since, file, record: { name, type: 'TXT', text } }
}

function print(io: Io, asJson: boolean, data: readonly unknown[], lines: readonly string[]): void {
  if (asJson) json(io.stdout, data)
  else for (const text of lines) line(io.stdout, text)
}

function usageError(io: Io, problems: readonly string[]): number {
  for (const problem of problems) line(io.stderr, problem)
  return USAGE
}
