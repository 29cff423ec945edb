// The data directory of a node from a YAML that may be broken elsewhere: commands about the queue must work when the configuration does not.

import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { isMap, isScalar, parseDocument } from 'yaml'
import type { Problem } from './problem.ts'

export type DataKey =
  | { readonly kind: 'ok'; readonly data: string }
  | { readonly kind: 'bad'; readonly problems: readonly Problem[] }

/** The absolute path that `data` names. Every other key, and errors of syntax behind it, are ignored. */
export function readDataKey(file: string): DataKey {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    return bad(file, `cannot be read: ${(error as Error).message}`)
  }
  const { contents } = parseDocument(text, { uniqueKeys: false })
  const values = isMap(contents)
    ? contents.items.filter(({ key }) => isScalar(key) && key.value === 'data').map(({ value }) => value)
    : []
  const [value] = values
  if (values.length > 1) return bad(file, 'data: found the key twice, expected it once')
  if (!isScalar(value) || typeof value.value !== 'string' || value.value === '')
    return bad(file, 'data: found nothing, expected the data directory')
  return { kind: 'ok', data: resolve(dirname(resolve(file)), value.value) }
}

function bad(file: string, message: string): DataKey {
  return { kind: 'bad', problems: [{ file, line: 1, column: 1, message }] }
}
