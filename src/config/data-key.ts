// Single keys of a YAML that may be broken elsewhere: commands about the queue and about accounts must work when the configuration does not.

import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { isMap, isScalar, parseDocument } from 'yaml'
import type { Problem } from './problem.ts'

interface Bad {
  readonly kind: 'bad'
  readonly problems: readonly Problem[]
}

export type DataKey = { readonly kind: 'ok'; readonly data: string } | Bad

/** The absolute path that `data` names. Every other key, and errors of syntax behind it, are ignored. */
export function readDataKey(file: string): DataKey {
  const read = readKeys(file, ['data'])
  if (read.kind === 'bad') return read
  const data = read.path('data')
  return data === null ? bad(file, 'data: found nothing, expected the data directory') : { kind: 'ok', data }
}

export interface KeysRead<Key extends string> {
  readonly kind: 'ok'
  /** Null without the key, and for another value than a text. */
  text(key: Key): string | null
  /** The same as an absolute path; relative ones start at the folder of the file. */
  path(key: Key): string | null
}

/** Reads some keys with texts. A key that occurs twice is a problem. */
export function readKeys<Key extends string>(file: string, keys: readonly Key[]): KeysRead<Key> | Bad {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    return bad(file, `cannot be read: ${(error as Error).message}`)
  }
  const { contents } = parseDocument(text, { uniqueKeys: false })
  const valuesOf = (wanted: string) =>
    isMap(contents)
      ? contents.items.filter(({ key }) => isScalar(key) && key.value === wanted).map(({ value }) => value)
      : []
  const twice = keys.find((key) => valuesOf(key).length > 1)
  if (twice !== undefined) return bad(file, `${twice}: found the key twice, expected it once`)
  const textOf = (key: Key) => {
    const [value] = valuesOf(key)
    return isScalar(value) && typeof value.value === 'string' && value.value !== '' ? value.value : null
  }
  return {
    kind: 'ok',
    text: textOf,
    path: (key) => {
      const written = textOf(key)
      return written === null ? null : resolve(dirname(resolve(file)), written)
    },
  }
}

function bad(file: string, message: string): Bad {
  return { kind: 'bad', problems: [{ file, line: 1, column: 1, message }] }
}
