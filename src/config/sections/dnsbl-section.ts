// `dnsbl`: lists in the DNS about clients and domains, their keys, and the points at which a client is refused.

import { z } from 'zod'
import { dnsListSchema, loadShippedDnsLists } from '../dns-lists-file.ts'
import type { DnsListFile } from '../dns-lists-file.ts'
import { readText } from '../read-files.ts'
import { section, type SectionReader } from '../section.ts'
import { duration, path, text } from '../values.ts'

/** A client waits for the lists at RCPT, at most this long. A list without an answer by then has none in time for any client. */
const MAX_TIMEOUT_MS = 30_000
/** Each list costs a question for each client. */
const MAX_LISTS = 16
const MAX_WEIGHT = 10

const REFUSE_AT = 'points above 0 such as 5, or none'
const WEIGHT = `a number above 0 and at most ${MAX_WEIGHT}`

const schema = z.strictObject({
  lists: z
    .array(text('the name of a list'), { error: 'a list of names' })
    .default([])
    .describe('Shipped lists, by name: docs/reference/dnsbl.md has them.'),
  own: z.array(dnsListSchema).default([]).describe('Other lists.'),
  weights: z
    .record(z.string(), z.number({ error: WEIGHT }).positive({ error: WEIGHT }).max(MAX_WEIGHT, { error: WEIGHT }))
    .default({})
    .describe('Factors for the points of a list, by name: `{ spamcop: 0.5 }`.'),
  refuse_at: z
    .union([z.number({ error: REFUSE_AT }).positive({ error: REFUSE_AT }), z.literal('none').transform(() => null)], {
      error: REFUSE_AT,
    })
    .default(5)
    .describe(
      'Points of all lists together from which on the node refuses recipients (`550 5.7.1`), except postmaster and abuse. none: it refuses nothing.',
    ),
  key_file: path
    .optional()
    .describe('File with the keys of query services: a line `NAME KEY` for each, such as `spamhaus abcdef…`.'),
  timeout: duration
    .prefault('3s')
    .describe('Time limit of all lists together, from the start of a look-up. Recipients wait for it at most.'),
})

type DnsblFile = z.output<typeof schema>

/** A list as the node asks it. */
export interface DnsListConfig extends Pick<DnsListFile, 'name' | 'kinds' | 'domains' | 'answers' | 'errors'> {
  readonly zone: string
  /** The key inside the zone, or null. */
  readonly key: string | null
  readonly url: string | null
  readonly testDomain: string
}

export interface DnsblConfig {
  readonly lists: readonly DnsListConfig[]
  /** Null: no refusal. */
  readonly refuse_at: number | null
  /** Milliseconds. */
  readonly timeout: number
}

export const dnsbl = section(
  schema.optional().describe('Lists in the DNS about clients and domains. The role decides which mail they concern.'),
  (written, reader): DnsblConfig | null => {
    if (written === undefined) return null
    const { refuse_at, timeout } = written
    if (timeout > MAX_TIMEOUT_MS)
      reader.report(
        ['timeout'],
        `found ${timeout / 1000} s, expected at most ${MAX_TIMEOUT_MS / 1000} s: clients wait for it`,
      )
    const keys = readKeys(written, reader)
    const files = [...shippedLists(written, reader), ...ownLists(written, reader)]
    checkTogether(written, files, reader)
    checkKeys(written, { files, keys }, reader)
    const lists = files.flatMap(({ file, at }) => configured(file, keys, reader.below(...at)) ?? [])
    return { lists: lists.map((list) => weighted(list, written.weights[list.name] ?? 1)), refuse_at, timeout }
  },
)

interface NamedList {
  readonly file: DnsListFile
  /** Where the YAML names it. */
  readonly at: readonly string[]
}

function shippedLists({ lists }: DnsblFile, reader: SectionReader): NamedList[] {
  const shipped = loadShippedDnsLists()
  return lists.flatMap((name, index) => {
    const file = shipped.lists.get(name)
    if (file !== undefined) return [{ file, at: ['lists', String(index)] }]
    const ended = shipped.ended.get(name)
    const known = [...shipped.lists.keys()].join(', ')
    reader.report(
      ['lists', index],
      ended === undefined
        ? `found ${name}, expected one of ${known}; describe another list under own`
        : `found ${name}, which ended in ${ended}, expected one of ${known}`,
    )
    return []
  })
}

function ownLists({ own }: DnsblFile, reader: SectionReader): NamedList[] {
  return own.map((file, index) => {
    if (loadShippedDnsLists().lists.has(file.name))
      reader.report(['own', index, 'name'], `found ${file.name}, which is a shipped list, expected another name`)
    if (file.zone === undefined && file.keyed_zone === undefined)
      reader.report(['own', index], `found ${file.name} without a zone, expected zone or keyed_zone`)
    return { file, at: ['own', String(index)] }
  })
}

function checkTogether({ weights }: DnsblFile, files: readonly NamedList[], reader: SectionReader): void {
  const names = files.map(({ file }) => file.name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) reader.report([], `found the list ${twice} twice, expected it once`)
  if (names.length === 0) reader.report([], 'found no list, expected names under lists, or lists under own')
  if (names.length > MAX_LISTS)
    reader.report(
      [],
      `found ${names.length} lists, expected at most ${MAX_LISTS}: each costs a question for each client`,
    )
  for (const name of Object.keys(weights))
    if (!names.includes(name))
      reader.report(['weights', name], `found ${name}, expected one of the lists: ${names.join(', ')}`)
}

/** One label of a name (RFC 1035 2.3.1). */
const keyPattern = /^[a-z0-9-]{8,63}$/i

/** The keys by name. No finding shows a key. */
function readKeys({ key_file: file }: DnsblFile, reader: SectionReader): ReadonlyMap<string, string> {
  const keys = new Map<string, string>()
  if (file === undefined) return keys
  const expected = 'a file with a line NAME KEY for each key'
  const written = readText(reader, { path: ['key_file'], file, expected, isSecret: true }) ?? ''
  for (const [index, line] of written.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue
    const [name = '', key = '', ...more] = line.trim().split(/\s+/)
    if (more.length > 0 || !keyPattern.test(key))
      reader.report(
        ['key_file'],
        `found no key in line ${index + 1} of ${file}, expected NAME KEY, with a key of letters, digits and hyphens`,
      )
    else keys.set(name, key)
  }
  return keys
}

interface KeyedLists {
  readonly files: readonly NamedList[]
  readonly keys: ReadonlyMap<string, string>
}

/** A key that no list uses is a typing error: its list would be asked without it. */
function checkKeys({ key_file: file }: DnsblFile, { files, keys }: KeyedLists, reader: SectionReader): void {
  const wanted = new Set(files.flatMap(({ file: list }) => (list.keyed_zone === undefined ? [] : [keyName(list)])))
  for (const name of keys.keys())
    if (!wanted.has(name))
      reader.report(
        ['key_file'],
        // A line with the key alone, or in the other order, has the key as its name.
        `found a key in ${file} that no list uses, expected one of these names before it: ${[...wanted].join(', ') || 'none'}`,
      )
}

function keyName({ key, name }: DnsListFile): string {
  return key ?? name
}

/** Null after reporting. */
function configured(file: DnsListFile, keys: ReadonlyMap<string, string>, reader: SectionReader): DnsListConfig | null {
  const { name, kinds, domains, answers, errors, test: testDomain, url = null } = file
  const key = file.keyed_zone === undefined ? undefined : keys.get(keyName(file))
  const zone = key === undefined ? file.zone : file.keyed_zone?.replace('{key}', key)
  if (zone === undefined && file.keyed_zone === undefined) return null
  if (zone === undefined) {
    reader.report([], `found ${name} without its key, expected a line "${keyName(file)} KEY" in key_file`)
    return null
  }
  return { name, zone, key: key ?? null, kinds, domains, answers, errors, url, testDomain }
}

function weighted(list: DnsListConfig, weight: number): DnsListConfig {
  return { ...list, answers: list.answers.map((one) => ({ ...one, points: one.points * weight })) }
}
