// zod's findings in our words: `key: found …, expected …`, each at its place in the file.

import type { z } from 'zod'
import type { Problem } from './problem.ts'
import type { Path, YamlSource } from './yaml-source.ts'

export type Validated<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'bad'; readonly problems: readonly Problem[] }

/** Checks a parsed file against a schema and reports everything that does not fit, at once. */
export function validate<T>(source: YamlSource, schema: z.ZodType<T>): Validated<T> {
  const result = schema.safeParse(source.value)
  if (result.success) return { kind: 'ok', value: result.data }
  return { kind: 'bad', problems: result.error.issues.flatMap((issue) => translate(source, issue, schema)) }
}

function translate(source: YamlSource, issue: z.core.$ZodIssue, schema: z.ZodType): Problem[] {
  const path = issue.path as Path
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(schema, path)
    return issue.keys.map((key) =>
      source.atKey(
        path,
        key,
        `${dotted([...path, key])}: found an unknown key${nearest(key, known)}, expected ${list(known)}`,
      ),
    )
  }
  const found = describe(valueAt(source.value, path))
  return [source.at(path, `${dotted(path)}: found ${found}, expected ${expectation(issue)}`)]
}

function expectation(issue: z.core.$ZodIssue): string {
  if (!issue.message.startsWith('Invalid') && !issue.message.startsWith('Too ')) return issue.message
  if (issue.code === 'invalid_value') return list(issue.values.map(String))
  if (issue.code === 'invalid_type') return article(issue.expected)
  if (issue.code === 'too_small') return `at least ${issue.minimum}`
  if (issue.code === 'too_big') return `at most ${issue.maximum}`
  return issue.message
}

const names: Record<string, string> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map of keys',
  record: 'a map of keys',
}

function article(type: string): string {
  return names[type] ?? type
}

/** Characters of a value in a message. */
const MOST_SHOWN = 80

function describe(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'an empty value'
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object') return 'a map of keys'
  return typeof value === 'string' ? JSON.stringify(beginning(value)) : JSON.stringify(value)
}

/** Of a text that nobody wants to read to its end, such as a file that is no YAML at all. */
function beginning(text: string): string {
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text
}

function valueAt(root: unknown, path: Path): unknown {
  let value: unknown = root
  for (const part of path) {
    if (value === null || typeof value !== 'object') return undefined
    value = (value as Record<string | number, unknown>)[part]
  }
  return value
}

function dotted(path: Path): string {
  return path.length === 0 ? 'the file' : path.join('.')
}

function list(words: readonly string[]): string {
  return words.length <= 1 ? (words[0] ?? 'no key') : `one of ${words.join(', ')}`
}

/** Walks the schema along the path to the object whose keys are known there. */
function knownKeys(schema: z.ZodType, path: Path): string[] {
  let current: unknown = unwrap(schema)
  for (const part of path) {
    const shape = (current as { shape?: Record<string, unknown> }).shape
    const def = (current as { def?: { valueType?: unknown; element?: unknown } }).def
    current = unwrap(shape?.[String(part)] ?? def?.valueType ?? def?.element)
  }
  return Object.keys((current as { shape?: object } | undefined)?.shape ?? {})
}

function unwrap(schema: unknown): unknown {
  let current = schema as { def?: { innerType?: unknown; in?: unknown; options?: unknown[] } } | undefined
  for (;;) {
    const inner = current?.def?.innerType ?? current?.def?.in ?? current?.def?.options?.find(hasShape)
    if (!inner) return current
    current = inner as typeof current
  }
}

function hasShape(option: unknown): boolean {
  return (unwrap(option) as { shape?: unknown } | undefined)?.shape !== undefined
}

/** A likely misspelling: one or two edits away. */
function nearest(key: string, known: readonly string[]): string {
  const hit = known.find((word) => distance(key, word) <= 2)
  return hit ? ` (did you mean ${hit}?)` : ''
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(change, (row[j] as number) + 1, (next[j - 1] as number) + 1))
    }
    row = next
  }
  return row[b.length] as number
}
