// The import rule of docs/explanation/architecture.md as code: which module may import which, no circle between files, no file name twice.
// It works on a map of sources, so that tests of the rule can use invented trees. Tests beside the code are not covered.

import { posix } from 'node:path'

/** Source files by their path below src/, such as `queue/queue.ts`. */
export type Sources = ReadonlyMap<string, string>

const ANY = '*'

/**
 * Module → modules it may import (itself always). `*` means every module. A file directly in src/ is a module named after the file.
 * Every module may import `observe/events.ts`: see `isOpenToAll`.
 */
export const allowedArrows: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  budget: ['lib'],
  smtp: ['lib'],
  message: ['smtp', 'lib'],
  dns: ['budget', 'lib'],
  directory: ['lib', 'smtp'],
  route: ['smtp', 'directory', 'lib'],
  dkim: ['message', 'dns', 'lib'],
  filter: ['budget', 'message', 'dns', 'lib'],
  auth: ['smtp', 'directory', 'budget', 'state', 'x509', 'lib'],
  state: ['lib'],
  policy: ['smtp', 'state', 'route', 'auth', 'filter', 'message', 'dns', 'queue', 'budget', 'lib'],
  sendmail: ['message', 'smtp', 'lib'],
  queue: ['privacy', 'smtp', 'budget', 'lib'],
  intake: ['message', 'dkim', 'route', 'queue', 'policy', 'budget', 'smtp', 'lib'],
  bounce: ['message', 'intake', 'queue', 'smtp', 'lib'],
  https: ['dns', 'budget', 'lib'],
  'mta-sts': ['https', 'dns', 'state', 'lib'],
  'tls-reports': ['https', 'message', 'dns', 'state', 'smtp', 'lib'],
  delivery: ['mta-sts', 'smtp', 'dns', 'queue', 'budget', 'x509', 'lib'],
  server: ['smtp', 'policy', 'message', 'budget', 'lib'],
  reception: ['server', 'policy', 'budget', 'auth', 'route', 'intake', 'queue', 'message', 'observe', 'smtp', 'lib'],
  privacy: ['smtp', 'lib'],
  observe: ['privacy', 'smtp', 'lib'],
  'fleet-view': ['queue', 'budget', 'lib'],
  config: ['certificates', 'oauth', 'policy', 'smtp', 'state', 'lib'],
  fleet: ['config', 'smtp', 'lib'],
  published: ['fleet', 'config', 'mta-sts', 'autoconfig', 'filter', 'certificates', 'dns', 'lib'],
  oauth: ['lib'],
  certificates: ['x509', 'dns', 'budget', 'lib'],
  admin: ['observe', 'lib'],
  status: [
    'admin',
    'fleet-view',
    'self-service',
    'budget',
    'observe',
    'policy',
    'privacy',
    'queue',
    'smtp',
    'state',
    'lib',
  ],
  webhooks: ['privacy', 'observe', 'state', 'lib'],
  probe: ['message', 'smtp', 'lib'],
  alerts: ['observe', 'state', 'dns', 'smtp'],
  digest: ['fleet-view', 'queue', 'observe', 'message', 'lib'],
  reports: ['message', 'dns', 'state', 'budget', 'smtp', 'lib'],
  autoconfig: ['server', 'lib'],
  x509: [],
  setup: [ANY],
  'self-service': ['auth', 'server', 'budget', 'lib'],
  wiring: [ANY],
  node: [ANY],
  demo: [ANY],
  cli: [ANY],
  'main.ts': ['cli'],
}

/** Modules that only these may import: the rest of the program receives its settings as arguments and knows no wiring. */
const importersOf: Readonly<Record<string, readonly string[]>> = {
  config: ['fleet', 'setup', 'published', 'wiring', 'node', 'cli', 'demo'],
  setup: ['cli'],
  wiring: ['node', 'cli', 'demo'],
  node: ['cli', 'demo'],
  cli: ['main.ts', 'demo'],
  demo: ['cli'],
  'main.ts': [],
}

/**
 * The files of a module that other modules may import: its contract. The other files are private, so implementations never know
 * each other. A module that is not listed is open as a whole. Modules with `*` above may import private files too.
 */
const contracts: Readonly<Record<string, readonly string[]>> = {
  auth: [
    'authenticator.ts',
    'login-throttle.ts',
    'passwd-authenticator.ts',
    'people.ts',
    'login-history.ts',
    'page-login.ts',
    'second-factors.ts',
    'totp.ts',
    'app-password-line.ts',
  ],
  delivery: [],
  directory: [
    'address.ts',
    'directory.ts',
    'located.ts',
    'data-problem.ts',
    'snapshot.ts',
    'external-source.ts',
    'files/yaml-file.ts',
  ],
  dkim: ['signer.ts', 'sealer.ts'],
  dns: [
    'resolver.ts',
    'exchange.ts',
    'query-packet.ts',
    'ask-as.ts',
    'name.ts',
    'name-zone.ts',
    'mx.ts',
    'host-addresses.ts',
    'fcrdns.ts',
  ],
  filter: ['authentication.ts', 'dns-lists.ts', 'spam-scan.ts', 'virus-scan.ts'],
  intake: ['intake.ts', 'body-spool.ts', 'message-memory.ts'],
  oauth: ['service-account.ts'],
  certificates: [
    'certificate-file.ts',
    'key-kind.ts',
    'key-to-find.ts',
    'published-tlsa.ts',
    'temporary-certificate.ts',
  ],
  policy: [
    'verdict.ts',
    'check.ts',
    'evidence.ts',
    'check-table.ts',
    'brake-score.ts',
    'test-mode.ts',
    'run-checks.ts',
    'forward-policy.ts',
    'own-author.ts',
    'score/score-points.ts',
    'greylist-reasons.ts',
    'checks/',
  ],
  queue: [
    'contract/',
    'scheduling/scheduler.ts',
    'scheduling/destination-state.ts',
    'scheduling/destination-wait.ts',
    'transfer/peer-request.ts',
    'transfer/verified-connection.ts',
    'transfer/transfer-fields.ts',
    'scheduling/why-waiting.ts',
  ],
  route: ['resolution.ts', 'operator-lists.ts'],
  'mta-sts': ['policy-finder.ts', 'sts-policy.ts', 'fetch-policy.ts'],
  state: [
    'sqlite/state-file.ts',
    'greylist-contract.ts',
    'ban-contract.ts',
    'usage-contract.ts',
    'brake-contract.ts',
    'webhook-contract.ts',
    'sts-contract.ts',
    'tls-result-contract.ts',
  ],
  server: ['server-hooks.ts', 'interruption.ts', 'message-size.ts', 'server-replies.ts', 'https-listener.ts'],
}

/** The closed list of events is open to every module. */
function isOpenToAll(file: string): boolean {
  return file === 'observe/events.ts'
}

/** The module of a file below src/: its first folder, or the file name for a file directly in src/. */
function moduleOf(file: string): string {
  return file.split('/')[0] as string
}

const importForms = [
  /^\s*(?:import|export)\s[^'";]*?from\s*['"]([^'"]+)['"]/gm,
  /^\s*import\s*['"]([^'"]+)['"]/gm,
  /\bimport\(\s*['"]([^'"]+)['"]/g,
  // A worker's file counts as an import, a child process's file does not.
  /\b(?:new Worker|startThread)\(\s*new URL\(\s*['"]([^'"]+)['"]/g,
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
  const from = moduleOf(file)
  const to = moduleOf(target)
  if (from === to || isOpenToAll(target)) return null
  const allowed = allowedArrows[from]
  if (allowed === undefined) return `no such module in the table: ${from}`
  if (allowedArrows[to] === undefined) return `no such module in the table: ${to}`
  if (!allowed.includes(ANY) && !allowed.includes(to)) return `${from} may not import ${to}`
  const importers = importersOf[to]
  if (importers !== undefined && !importers.includes(from)) return `${to} is only for ${importers.join(', ')}`
  const contract = contracts[to]
  if (contract === undefined || allowed.includes(ANY) || isContract(contract, target.slice(to.length + 1))) return null
  return `it is inside ${to}, whose contract is ${contract.join(', ')}`
}

/** Arrows of the table that no file uses, as `route → auth`. Every module may import lib, whether it does or not. */
export function unusedArrows(sources: Sources): string[] {
  const used = new Set(
    [...sources].flatMap(([file, source]) =>
      importsOf(file, source)
        .filter((target) => !isOpenToAll(target))
        .map((target) => `${moduleOf(file)} → ${moduleOf(target)}`),
    ),
  )
  const arrows = Object.entries(allowedArrows).flatMap(([from, targets]) => targets.map((to) => `${from} → ${to}`))
  return arrows.filter((arrow) => !arrow.endsWith(ANY) && !arrow.endsWith('→ lib') && !used.has(arrow))
}

/** Contract entries that no other module imports, as `queue/contract/`. Modules with `*` do not count, because they need no contract. */
export function unusedContracts(sources: Sources): string[] {
  const imported = [...sources].flatMap(([file, source]) =>
    allowedArrows[moduleOf(file)]?.includes(ANY)
      ? []
      : importsOf(file, source).filter((target) => moduleOf(target) !== moduleOf(file)),
  )
  return Object.entries(contracts).flatMap(([module, entries]) =>
    entries
      .filter(
        (entry) =>
          !imported.some(
            (target) => target.startsWith(`${module}/`) && isContract([entry], target.slice(module.length + 1)),
          ),
      )
      .map((entry) => `${module}/${entry}`),
  )
}

/** A contract names files, or folders by a final slash. */
function isContract(contract: readonly string[], file: string): boolean {
  return contract.some((entry) => (entry.endsWith('/') ? file.startsWith(entry) : file === entry))
}

/** Circles of imports between files, each once, as `a → b → a`. Type imports count too. */
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

/** Base names that more than one source has, as `name: path, path`: a file is found by its name alone. */
export function repeatedNames(sources: Sources): string[] {
  const paths = Map.groupBy(sources.keys(), (file) => posix.basename(file))
  return [...paths].filter(([, files]) => files.length > 1).map(([name, files]) => `${name}: ${files.join(', ')}`)
}

/** A file with fewer lines than this is a fragment if only one file imports it, and from the same folder. */
const FRAGMENT_LINES = 20

/** Short files that stay, each with the reason. */
const keptFragments: Readonly<Record<string, string>> = {
  'delivery/hosts/non-routable.ts': 'a rule of the RFCs with a table of tests',
  'delivery/tls-policy/dane-only-policy.ts': 'one file per policy',
}

/** Fragments that belong into their only importer, as `dns/a.ts → dns/b.ts`, and exceptions that are no fragments. Contracts may be short. */
export function fragments(sources: Sources): string[] {
  const importers = new Map<string, string[]>()
  for (const [file, source] of sources)
    for (const target of importsOf(file, source)) importers.set(target, [...(importers.get(target) ?? []), file])
  const found = new Map(
    [...sources].flatMap(([file, source]) => {
      const [importer, ...others] = importers.get(file) ?? []
      if (importer === undefined || others.length > 0 || posix.dirname(importer) !== posix.dirname(file)) return []
      if (source.split('\n').length > FRAGMENT_LINES || isContract(contracts[moduleOf(file)] ?? [], fileInModule(file)))
        return []
      return [[file, `${file} → ${importer}`] as const]
    }),
  )
  const stale = Object.keys(keptFragments).filter((file) => sources.has(file) && !found.has(file))
  return [...[...found].filter(([file]) => !(file in keptFragments)).map(([, arrow]) => arrow), ...stale]
}

function fileInModule(file: string): string {
  return file.slice(moduleOf(file).length + 1)
}
