// `waypost dkim keygen|list|records|check|rotate|sign`: signing keys on disk and their records in the DNS.
// Exit 0 done, 1 something is missing or failed, 2 wrong option or unusable keys.

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
  /** The directory of keys. */
  readonly directory: string
  /** Only this domain. */
  readonly domain?: string
  readonly json: boolean
}

const algorithms: ReadonlyMap<string, DkimAlgorithm> = new Map([
  ['rsa', 'rsa-sha256'],
  ['ed25519', 'ed25519-sha256'],
])

/** Makes keys of a domain and prints the records to publish. */
export async function dkimKeygen(
  options: DkimOptions & {
    readonly domain: string
    /** Without it: algorithm and date, as `rsa-20261121`. */
    readonly selector?: string
    /** Words of the command line: rsa, ed25519. */
    readonly algorithms: readonly string[]
    /** `active` signs at once, for a key whose record is already published by other means. */
    readonly stage?: KeyStage
    readonly now: number
  },
  io: Io,
): Promise<number> {
  if (options.domain === '')
    return complain(io, ['--domain: found nothing, expected the domain that the key signs for'])
  const unknown = options.algorithms.filter((name) => !algorithms.has(name))
  if (unknown.length > 0) return complain(io, [`--algorithm: found ${unknown.join(', ')}, expected rsa or ed25519`])
  const made: DkimKey[] = []
  for (const name of options.algorithms) {
    const algorithm = algorithms.get(name) as DkimAlgorithm
    const selector = selectorFor(name, options)
    const stage = options.stage ?? 'generated'
    const result = await generateKey(options.directory, { ...options, selector, algorithm, stage })
    if (result.kind === 'refused') return complain(io, [result.problem])
    made.push(result.key)
  }
  print(
    io,
    options.json,
    made.map(describeKey),
    made.map((key) => zoneLine(keyRecord(key))),
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

/** Prints the records that must be in the DNS: of every key that signs, will sign, or signed lately. */
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

/** Compares the records with the live DNS. Exit 1 if a key that signs has not its record there. */
export async function dkimCheck(options: DkimOptions & { readonly dns?: string }, io: Io): Promise<number> {
  const resolver = await resolverFor(options.dns)
  if (resolver === null) return complain(io, [`--dns ${options.dns}: expected ADDRESS or ADDRESS:PORT`])
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

/** Moves each key to its next stage if the DNS shows that it may. Running nodes take it up on reload. */
export async function dkimRotate(
  options: DkimOptions & {
    readonly dns?: string
    readonly now: number
    /** How long a new record must be in the DNS; the default lets negative caches expire. */
    readonly waitMs?: number
  },
  io: Io,
): Promise<number> {
  const resolver = await resolverFor(options.dns)
  if (resolver === null) return complain(io, [`--dns ${options.dns}: expected ADDRESS or ADDRESS:PORT`])
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

/** Signs the message on standard input and writes it out, signatures on top. Exit 1 if no key signs for it. */
export async function dkimSign(
  options: Omit<DkimOptions, 'json'> & { readonly now: number; readonly parents?: readonly string[] },
  io: Io,
): Promise<number> {
  const keys = await usableKeys({ directory: options.directory, json: false }, io)
  if (keys === null) return USAGE
  const content = await readMessage(io.stdin)
  const fromDomain = options.domain ?? authorDomain(content.header)
  if (fromDomain === null) return complain(io, ['found no From: with an address, expected one, or --domain'])
  const signer = createSigner({ keys, parents: options.parents ?? [] })
  const signed = await signer.sign(content, { fromDomain, now: options.now })
  if (signed.kind === 'unsigned') {
    complain(io, [signed.reason])
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

/** The keys asked for; null after complaining, if any key cannot be used. */
async function usableKeys(options: DkimOptions, io: Io): Promise<readonly DkimKey[] | null> {
  const { keys, problems, warnings } = await loadKeys(options.directory)
  for (const warning of warnings) line(io.stderr, `${warning} (warning)`)
  if (problems.length > 0) {
    complain(io, problems)
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

function complain(io: Io, problems: readonly string[]): number {
  for (const problem of problems) line(io.stderr, problem)
  return USAGE
}
