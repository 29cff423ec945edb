// Lists of names with the fingerprints of their certificates, in YAML: of machines (machines.ts) and of users (user-pins.ts).

import { collectProblems, type ProblemList } from '../directory/data-problem.ts'
import type { Located, LocatedMap } from '../directory/located.ts'
import { describeLocated, entryOf, textOf } from '../directory/located.ts'
import { readYaml } from '../directory/files/yaml-file.ts'
import { readFingerprint } from '../lib/fingerprint.ts'

export interface FingerprintEntry {
  readonly name: string
  /** SHA-256 of the public key, lower-case hexadecimal. */
  readonly keys: readonly string[]
  /** SHA-256 of the certificate. */
  readonly certificates: readonly string[]
}

/** An entry with its place in the file, for further keys. */
export interface ReadEntry extends FingerprintEntry {
  readonly item: LocatedMap
}

/** What a list of fingerprints is about, and what its entries may have. */
export interface ListForm {
  /** The key of the list, and one entry of it. */
  readonly key: 'machines' | 'users'
  readonly one: 'machine' | 'user'
  readonly fields: ReadonlySet<string>
  readonly name: RegExp
}

/** Names and fingerprints that are taken, over all files of a list: with a shared one, one name could send as another. */
export type Taken = Map<string, string>

/** Reads a list of names with fingerprints. An entry with a problem is left out. @param finish reads the further keys; null for a problem */
export function readFingerprintList<Entry extends FingerprintEntry>(
  file: string,
  text: string,
  {
    form,
    taken,
    finish,
  }: {
    readonly form: ListForm
    readonly taken: Taken
    readonly finish: (entry: ReadEntry, report: ProblemList) => Entry
  },
) {
  const { problems, ...list } = collectProblems()
  const top = readYaml(file, text, list)
  const entries: Entry[] = []
  for (const item of top ? itemsOfList(top, list, form) : []) {
    const entry = readEntry(item, list, { form, finish })
    if (entry && isUnique(entry, taken, { item, list })) entries.push(entry)
  }
  return { entries, problems }
}

function itemsOfList(top: LocatedMap, list: ProblemList, { key, one }: ListForm): readonly LocatedMap[] {
  for (const entry of top.entries)
    if (entry.key !== key) list.error(entry.place, `found the key ${entry.key}, expected ${key}`)
  const value = entryOf(top, key)?.value
  if (!value || (value.kind === 'scalar' && value.value === null)) return []
  if (value.kind !== 'list') {
    list.error(value.place, `found ${describeLocated(value)}, expected a list of ${key}`)
    return []
  }
  return value.items.flatMap((item) => {
    if (item.kind === 'map') return [item]
    list.error(item.place, `found ${describeLocated(item)}, expected a ${one} with name and fingerprints`)
    return []
  })
}

function readEntry<Entry extends FingerprintEntry>(
  item: LocatedMap,
  list: ProblemList,
  { form, finish }: { readonly form: ListForm; readonly finish: (entry: ReadEntry, report: ProblemList) => Entry },
): Entry | null {
  const { one, fields, name: nameForm } = form
  let good = true
  const report: ProblemList = {
    ...list,
    error: (place, message) => {
      good = false
      list.error(place, message)
    },
  }
  for (const entry of item.entries)
    if (!fields.has(entry.key))
      report.error(entry.place, `found the key ${entry.key}, expected one of ${[...fields].join(', ')}`)
  const name =
    textOf(entryOf(item, 'name')?.value ?? item)
      ?.trim()
      .toLowerCase() ?? ''
  if (!nameForm.test(name))
    report.error(
      entryOf(item, 'name')?.place ?? item.place,
      'found no usable name, expected letters, digits, dots and dashes',
    )
  const prints = (key: string) => readPrints(entryOf(item, key)?.value, report)
  const both = prints('fingerprints')
  const keys = [...prints('keys'), ...both]
  const certificates = [...prints('certificates'), ...both]
  if (good && keys.length + certificates.length === 0) report.error(item.place, `${one} ${name} has no fingerprint`)
  const entry = finish({ name, keys, certificates, item }, report)
  return good ? entry : null
}

function readPrints(value: Located | undefined, report: ProblemList): readonly string[] {
  return itemsOf(value).flatMap((item) => {
    const print = readFingerprint(textOf(item) ?? '')
    if (print !== null) return [print]
    report.error(item.place, `found ${describeLocated(item)}, expected a SHA-256 fingerprint of 64 hexadecimal digits`)
    return []
  })
}

/** A single value counts as a list. */
export function itemsOf(value: Located | undefined): readonly Located[] {
  if (!value || (value.kind === 'scalar' && value.value === null)) return []
  return value.kind === 'list' ? value.items : [value]
}

/** With a shared name or fingerprint one machine could send as another. */
function isUnique(
  entry: FingerprintEntry,
  taken: Taken,
  at: { readonly item: LocatedMap; readonly list: ProblemList },
): boolean {
  const marks = new Set([`name ${entry.name}`, ...entry.keys, ...entry.certificates])
  for (const mark of marks) {
    const other = taken.get(mark)
    if (other === undefined) continue
    at.list.error(at.item.place, `found ${mark} of ${entry.name} again, it belongs to ${other}`)
    return false
  }
  for (const mark of marks) taken.set(mark, entry.name)
  return true
}
