// Checks a parsed YAML file against a schema. Each finding of zod becomes `key: found …, expected …` with its position in the file.

import type { z } from 'zod'
import { editDistance } from '../lib/edit-distance.ts'
import { newKey, newValue } from './former-names.ts'
import type { Path, Problem } from './problem.ts'
import type { YamlSource } from './yaml-source.ts'

export type Validated<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'bad'; readonly problems: readonly Problem[] }

/** The value at `base` as the schema reads it, or every problem that it has. Without `base` the whole file is checked. */
export function validate<T>(source: YamlSource, schema: z.ZodType<T>, base: Path = []): Validated<T> {
  const result = schema.safeParse(valueAt(source.value, base))
  if (result.success) return { kind: 'ok', value: result.data }
  const place = { source, schema, base }
  return { kind: 'bad', problems: result.error.issues.flatMap((issue) => translate(issue, place)) }
}

/**
 * The value at `base` as the schema reads it without the keys that do not fit, or null if it does not fit then either. An item of a list is
 * not left out, because the positions of the others would change.
 */
export function validateWithout<T>(source: YamlSource, schema: z.ZodType<T>, base: Path): T | null {
  const written = valueAt(source.value, base)
  const { error } = schema.safeParse(written)
  if (!error || written === null || typeof written !== 'object') return null
  const rest: unknown = structuredClone(written)
  for (const issue of error.issues) {
    const path = issue.path as Path
    const wrong = issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...path, key]) : [path]
    for (const one of wrong) if (!removeAt(rest, one)) return null
  }
  const second = schema.safeParse(rest)
  return second.success ? second.data : null
}

/** Removes a key of a map; false for anything else. */
function removeAt(value: unknown, path: Path): boolean {
  const parent = valueAt(value, path.slice(0, -1))
  const key = path.at(-1)
  return typeof key === 'string' && parent !== null && typeof parent === 'object' && Reflect.deleteProperty(parent, key)
}

interface Place {
  readonly source: YamlSource
  readonly schema: z.ZodType
  /** Where in the file the schema begins. */
  readonly base: Path
}

function translate(issue: z.core.$ZodIssue, place: Place): Problem[] {
  const { source, schema, base } = place
  const path: Path = [...base, ...(issue.path as Path)]
  const inside = issuesInside(issue)
  if (inside) return inside.flatMap((one) => translate({ ...one, path: [...issue.path, ...one.path] }, place))
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(schema, issue.path as Path)
    return issue.keys.map((key) => source.atKey(path, key, `found an unknown key${advice(key, known)}`))
  }
  const value = valueAt(source.value, path)
  const renamed = newValue(String(path.findLast((part) => typeof part === 'string')), value)
  const expected = renamed === null ? expectation(issue) : `${renamed}, its new name`
  return [source.at(path, `found ${describe(value)}, expected ${expected}`)]
}

/** Of a key that may have several forms: the issues below it, if the value has one of these forms with a wrong part. Else null. */
function issuesInside(issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] | null {
  if (issue.code !== 'invalid_union') return null
  const isBelow = (one: z.core.$ZodIssue) => one.path.length > 0 || one.code === 'unrecognized_keys'
  return issue.errors.find((form) => form.length > 0 && form.every(isBelow)) ?? null
}

/** Maximum edits between an unknown key and the suggested one. */
const MAX_MISSPELLING = 2

function advice(key: string, known: readonly string[]): string {
  const renamed = newKey(key, known)
  if (renamed !== null) return `, expected ${renamed}, its new name`
  const nearest = known.find((word) => editDistance(key, word) <= MAX_MISSPELLING)
  return `${nearest === undefined ? '' : ` (did you mean ${nearest}?)`}, expected ${list(known)}`
}

function expectation(issue: z.core.$ZodIssue): string {
  if (!issue.message.startsWith('Invalid') && !issue.message.startsWith('Too ')) return issue.message
  if (issue.code === 'invalid_value') return list(issue.values.map(String))
  if (issue.code === 'invalid_type') return typeNames[issue.expected] ?? issue.expected
  if (issue.code === 'too_small') return `at least ${issue.minimum}`
  if (issue.code === 'too_big') return `at most ${issue.maximum}`
  return issue.message
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map of keys',
  record: 'a map of keys',
}

/** Characters of a value in a message. A file that is not YAML at all may be one long text. */
const MAX_SHOWN = 80

function describe(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'an empty value'
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object') return 'a map of keys'
  const isLong = typeof value === 'string' && value.length > MAX_SHOWN
  return JSON.stringify(isLong ? `${value.slice(0, MAX_SHOWN)}…` : value)
}

function valueAt(root: unknown, path: Path): unknown {
  let value: unknown = root
  for (const part of path) {
    if (value === null || typeof value !== 'object') return undefined
    value = (value as Record<string | number, unknown>)[part]
  }
  return value
}

function list(words: readonly string[]): string {
  return words.length <= 1 ? (words[0] ?? 'no key') : `one of ${words.join(', ')}`
}

/** The keys that an object of the schema may have: follows the path down to that object. */
function knownKeys(schema: z.ZodType, path: Path): string[] {
  let current: unknown = unwrap(schema)
  for (const part of path) {
    const shape = (current as { shape?: Record<string, unknown> }).shape
    const def = (current as { def?: { valueType?: unknown; element?: unknown } }).def
    current = unwrap(shape?.[String(part)] ?? def?.valueType ?? def?.element)
  }
  return Object.keys((current as { shape?: object } | undefined)?.shape ?? {})
}

/** The schema inside of defaults, transformations and unions. */
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
