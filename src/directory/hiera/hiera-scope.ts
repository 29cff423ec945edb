// Hiera 5 interpolation of `%{…}` in paths and data: facts of the node (with dots and a leading `::`), and the functions literal, lookup,
// alias and scope.

import type { Located, LocatedEntry } from '../located.ts'
import { textOf } from '../located.ts'
import type { ProblemList } from '../data-problem.ts'

export type Fact = string | number | boolean | null | readonly Fact[] | { readonly [name: string]: Fact }

/** Facts with Puppet's names (`hostname`, `domain`, `fqdn`, `role`, nested ones too), and the node's certificate name. */
export interface HieraScope {
  readonly facts: Readonly<Record<string, Fact>>
  readonly certname: string
}

/** Looks up another key while a value is being interpolated. */
export type NestedLookup = (key: string) => Located | null

const expression = /%\{([^}]*)\}/g
const call = /^(literal|lookup|hiera|alias|scope)\(\s*['"]([^'"]*)['"]\s*\)$/

/** The value of a variable such as `facts.os.family`, `::hostname`, `trusted.certname`; undefined if there is none. */
function variable(scope: HieraScope, text: string): string | undefined {
  const path = text.replace(/^::/, '').split('.')
  const root: Record<string, Fact> = { ...scope.facts, facts: scope.facts, trusted: { certname: scope.certname } }
  let value: Fact | undefined = root
  for (const part of path) {
    const name = part.replaceAll(/^['"]|['"]$/g, '')
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = (value as Record<string, Fact>)[name]
  }
  return value === undefined || value === null || typeof value === 'object' ? undefined : String(value)
}

/** Interpolates a path or a glob; an unknown variable becomes empty, as in Hiera. */
export function interpolatePath(text: string, scope: HieraScope): string {
  return text.replaceAll(expression, (_, inner: string) => {
    const literal = call.exec(inner.trim())
    return literal?.[1] === 'literal' ? (literal[2] as string) : (variable(scope, inner.trim()) ?? '')
  })
}

export interface Interpolation {
  readonly scope: HieraScope
  readonly lookup: NestedLookup
  readonly problems: ProblemList
}

/** Interpolates every string and key of a value. Places stay. */
export function interpolateValue(value: Located, how: Interpolation): Located {
  if (value.kind === 'list') return { ...value, items: value.items.map((item) => interpolateValue(item, how)) }
  if (value.kind === 'map') {
    return { ...value, entries: value.entries.map((entry) => interpolateEntry(entry, how)) }
  }
  if (typeof value.value !== 'string' || !value.value.includes('%{')) return value
  const alias = /^%\{alias\(\s*['"]([^'"]*)['"]\s*\)\}$/.exec(value.value)
  if (alias) return how.lookup(alias[1] as string) ?? unknown(value, `no Hiera key "${alias[1]}"`, how)
  return { ...value, value: fill(value.value, value, how) }
}

function interpolateEntry(entry: LocatedEntry, how: Interpolation): LocatedEntry {
  const value = interpolateValue(entry.value, how)
  return entry.key.includes('%{') ? { ...entry, key: fill(entry.key, entry.value, how), value } : { ...entry, value }
}

function fill(text: string, at: Located, how: Interpolation): string {
  return text.replaceAll(expression, (_, raw: string) => {
    const inner = raw.trim()
    const [, name, argument] = call.exec(inner) ?? []
    if (name === 'literal') return argument as string
    if (name === 'lookup' || name === 'hiera' || name === 'alias') return lookedUp(argument as string, at, how)
    const value = variable(how.scope, name === 'scope' ? (argument as string) : inner)
    if (value === undefined)
      how.problems.warn(at.place, `unknown variable %{${inner}}: it is replaced by an empty text`)
    return value ?? ''
  })
}

function lookedUp(key: string, at: Located, how: Interpolation): string {
  const found = how.lookup(key)
  const text = found ? textOf(found) : null
  if (text === null) how.problems.error(at.place, `%{lookup('${key}')} is not a text`)
  return text ?? ''
}

function unknown(value: Located, message: string, how: Interpolation): Located {
  how.problems.error(value.place, message)
  return value
}
