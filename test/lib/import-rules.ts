// The import rule of docs/architecture.md as code: which room may import which, and no circle between files.
// Works on a map of sources, so that the rule itself can be tested with made-up ones. Tests beside the code are not its business.

import { posix } from 'node:path'

/** Source files by their path below src/, such as `queue/queue.ts`. */
export type Sources = ReadonlyMap<string, string>

const ANY = '*'

/**
 * Room → rooms it may import (itself always). `*` means every room. The files directly in src/ count as rooms of their own name.
 * `observe/events.ts` may be named by all: see `isOpenToAll`.
 */
const allowedArrows: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  smtp: ['lib'],
  message: ['smtp', 'lib'],
  dns: ['lib'],
  directory: ['lib', 'smtp'],
  route: ['smtp', 'directory', 'lib'],
  dkim: ['message', 'dns', 'smtp', 'directory', 'lib'],
  filter: ['message', 'dns', 'smtp', 'directory', 'lib'],
  auth: ['message', 'dns', 'smtp', 'directory', 'lib'],
  policy: ['smtp', 'route', 'auth', 'filter', 'message', 'lib'],
  queue: ['smtp', 'lib'],
  handover: ['queue', 'lib'],
  intake: ['message', 'dkim', 'route', 'queue', 'policy', 'smtp', 'lib'],
  bounce: ['message', 'intake', 'queue', 'smtp', 'lib'],
  delivery: ['smtp', 'dns', 'queue', 'bounce', 'lib'],
  server: ['smtp', 'policy', 'auth', 'intake', 'message', 'lib'],
  observe: ['smtp', 'queue', 'lib'],
  config: ['smtp', 'lib'],
  admin: ['smtp', 'queue', 'observe', 'delivery', 'route', 'lib'],
  assembly: [ANY],
  demo: [ANY],
  cli: [ANY],
  'node.ts': [ANY],
  'main.ts': ['cli'],
}

/** Rooms that only these may import: the rest of the program gets its settings passed in and knows no wiring. */
const importersOf: Readonly<Record<string, readonly string[]>> = {
  config: ['assembly', 'cli', 'node.ts', 'demo', 'config'],
  assembly: ['assembly', 'cli', 'node.ts', 'demo'],
  cli: ['cli', 'main.ts', 'demo'],
  demo: ['demo', 'cli'],
  'node.ts': ['cli', 'demo'],
  'main.ts': [],
}

/**
 * The files of a room that neighbours may import: its contract and its words. Everything else is inside; implementations never know
 * each other. Rooms that are not listed are open as a whole, and whoever wires (`*` above) may reach inside.
 */
const contracts: Readonly<Record<string, readonly string[]>> = {
  auth: ['authenticator.ts'],
  bounce: ['notifier.ts'],
  delivery: ['engine.ts'],
  directory: ['address.ts', 'directory.ts', 'located.ts', 'problem.ts', 'snapshot.ts', 'yaml-file.ts'],
  dkim: ['signer.ts', 'sealer.ts'],
  dns: ['resolver.ts', 'name.ts', 'mx.ts', 'addresses.ts'],
  filter: ['authentication.ts', 'spam-scan.ts'],
  intake: ['intake.ts'],
  policy: ['verdict.ts', 'content-check.ts', 'forward-strategist.ts'],
  queue: ['queue.ts', 'handover.ts', 'outcome.ts', 'scheduler.ts', 'unavailable.ts'],
  route: ['resolution.ts'],
  server: ['hooks.ts', 'listener-settings.ts'],
}

/** The closed list of events is the one thing that every room may name. */
function isOpenToAll(file: string): boolean {
  return file === 'observe/events.ts'
}

/** The room a file below src/ belongs to: its first folder, or its own name for a file directly in src/. */
function roomOf(file: string): string {
  return file.split('/')[0] as string
}

const importForms = [
  /^\s*(?:import|export)\s[^'";]*?from\s*['"]([^'"]+)['"]/gm,
  /^\s*import\s*['"]([^'"]+)['"]/gm,
  /\bimport\(\s*['"]([^'"]+)['"]/g,
  // A file started as a process of its own is no import, one that runs in a worker is.
  /new Worker\(\s*new URL\(\s*['"]([^'"]+)['"]/g,
]

/** Files that a source imports, as paths below src/; `../test/…` for what lies outside. Packages are left out. */
export function importsOf(file: string, source: string): string[] {
  const found = importForms.flatMap((form) => [...source.matchAll(form)].map((match) => match[1] as string))
  const local = found.filter((name) => name.startsWith('.'))
  return [...new Set(local.map((name) => posix.normalize(posix.join(posix.dirname(file), name))))]
}

/** Every import that the table does not allow, as sentences. Empty if the tree keeps the rule. */
export function forbiddenArrows(sources: Sources): string[] {
  return [...sources].flatMap(([file, source]) =>
    importsOf(file, source).flatMap((target) => {
      const objection = object(file, target)
      return objection === null ? [] : [`${file} imports ${target}: ${objection}`]
    }),
  )
}

function object(file: string, target: string): string | null {
  if (target.startsWith('../')) return 'src may not import what lies outside of it'
  if (target.endsWith('.test.ts')) return 'nothing may import a test'
  const from = roomOf(file)
  const to = roomOf(target)
  if (from === to || isOpenToAll(target)) return null
  const allowed = allowedArrows[from]
  if (allowed === undefined) return `no such room in the table: ${from}`
  if (allowedArrows[to] === undefined) return `no such room in the table: ${to}`
  if (!allowed.includes(ANY) && !allowed.includes(to)) return `${from} may not import ${to}`
  const importers = importersOf[to]
  if (importers !== undefined && !importers.includes(from)) return `${to} is only for ${importers.join(', ')}`
  const contract = contracts[to]
  if (contract === undefined || allowed.includes(ANY) || contract.includes(target.slice(to.length + 1))) return null
  return `it is inside ${to}, whose contract is ${contract.join(', ')}`
}

/** Circles of imports between files, each as `a → b → a`, once. Types count: a circle of types is a circle of ideas. */
export function circles(sources: Sources): string[] {
  const state = new Map<string, 'open' | 'done'>()
  const found: string[] = []
  const path: string[] = []
  const visit = (file: string): void => {
    const source = sources.get(file)
    if (source === undefined || state.get(file) === 'done') return
    if (state.get(file) === 'open') {
      found.push([...path.slice(path.indexOf(file)), file].join(' → '))
      return
    }
    state.set(file, 'open')
    path.push(file)
    for (const target of importsOf(file, source)) visit(target)
    path.pop()
    state.set(file, 'done')
  }
  for (const file of sources.keys()) visit(file)
  return found
}
