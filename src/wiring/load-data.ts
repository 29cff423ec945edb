// Everything a node reads besides its own YAML: routing data, people, machines, signing keys. Loaded whole; one problem refuses it all,
// at start as at a reload, so that a node never runs on half of what an admin wrote.

import { dirname } from 'node:path'
import { loadMachines } from '../auth/machines.ts'
import type { Machines } from '../auth/machines.ts'
import { loadPasswdFile } from '../auth/passwd-file.ts'
import type { People } from '../auth/people.ts'
import type { PasswdFile } from '../auth/passwd-file.ts'
import type { Config } from '../config/config.ts'
import type { Problem } from '../config/problem.ts'
import { overlaySources } from '../directory/overlay-sources.ts'
import { unlistedAddresses } from '../directory/check/unlisted.ts'
import { systemClock } from '../lib/clock.ts'
import { certificateHealth } from '../observe/certificate-health.ts'
import { restSources } from './directory-sources.ts'
import type { SourceSet } from './directory-sources.ts'
import { createPeople } from './people-sources.ts'
import { loadDirectory } from '../directory/load-directory.ts'
import type { LoadedDirectory } from '../directory/load-directory.ts'
import { stateFile } from '../dkim/key-file.ts'
import type { DkimKey } from '../dkim/key.ts'
import { loadKeys } from '../dkim/key-store.ts'
import { createSealer } from '../dkim/seal.ts'
import type { Sealer } from '../dkim/sealer.ts'
import { createSigner } from '../dkim/sign.ts'
import type { Signer } from '../dkim/signer.ts'
import type { LoopSettings } from '../intake/forward-loop.ts'
import type { Router } from '../route/resolution.ts'
import type { TokenStore } from '../route/srs/srs-token.ts'
import { checkAssertions } from '../route/assertions/assertions.ts'
import { createRouter } from '../route/router.ts'
import { forwardWarnings } from './forwards.ts'
import { routerSettings } from './routing-settings.ts'
import { routingFiles } from './routing-files.ts'

export interface NodeData {
  /** The secrets of SRS serve the marks of forwards too: the nodes that forward share them. */
  readonly loop: LoopSettings
  readonly router: Router
  readonly signer: Signer
  readonly sealer: Sealer
  readonly users: PasswdFile | null
  /** Everybody who may log in at this moment: the passwd-file's users, and those of LDAP and SQL. */
  readonly people: People
  readonly machines: Machines | null
  /** Every file that was read: when one changes, all is to be read again. */
  readonly files: readonly string[]
  /** Which addresses cannot be listed, each at its place. */
  readonly notes: readonly Problem[]
  /** What was loaded, in a few words. */
  readonly summary: string
}

export type DataLoad =
  | { readonly kind: 'ok'; readonly data: NodeData; readonly warnings: readonly Problem[] }
  | {
      readonly kind: 'bad'
      readonly problems: readonly Problem[]
      readonly warnings: readonly Problem[]
      /** As of good data: where the mistakes are mended. */
      readonly files: readonly string[]
    }

/** Loads it all; every problem of every source at once. */
export async function loadData(
  config: Config,
  tokens: TokenStore | null = null,
  running: SourceSet | null = null,
): Promise<DataLoad> {
  const sources = running ?? (await restSources(config, systemClock))
  const directory = loadDirectory(routingFiles(config, sources.list))
  const keys = config.dkim ? await loadKeys(config.dkim.keys) : { keys: [], problems: [], warnings: [] }
  const users = config.users === undefined ? null : await loadPasswdFile(config.users)
  const machines = config.machines === undefined ? null : await loadMachines(config.machines)
  const warnings = [
    ...of(directory, 'warning'),
    ...certificateWarnings(config),
    ...keys.warnings.map(aboutFile),
    ...sources.troubles.map((message) => ({ file: config.file, line: 1, column: 1, message })),
  ]
  const problems = [
    ...of(directory, 'error'),
    ...keys.problems.map(aboutFile),
    ...(users?.problems ?? []),
    ...(machines?.problems ?? []),
  ]
  const { directory: snapshot } = directory
  const files = filesRead(config, directory, keys.keys)
  if (problems.length > 0 || !snapshot) return { kind: 'bad', problems, warnings, files }
  const routing = routerSettings(config, { machines: machines?.list ?? [], tokens })
  const whole = overlaySources(snapshot, () => sources.list)
  const assertions = await checkAssertions({ ...whole, assertions: snapshot.assertions }, routing, Date.now())
  const broken = of(assertions, 'error')
  warnings.push(
    ...of(assertions, 'warning').map((one) => (one.file === 'configuration' ? { ...one, file: config.file } : one)),
  )
  if (broken.length > 0) return { kind: 'bad', problems: broken, warnings, files }
  const signing = { keys: keys.keys, parents: [config.domain] }
  const signer = createSigner(signing)
  warnings.push(...forwardWarnings(config, signer))
  const data: NodeData = {
    loop: { secrets: config.srs?.secrets ?? [] },
    router: createRouter(routing, () => whole),
    sealer: createSealer(signing),
    signer,
    users,
    people: createPeople(users, sources, config.domain),
    machines,
    files,
    notes: unlistedAddresses(snapshot),
    summary: [
      `${several(directory.files.length, 'file')} of routing data`,
      several(keys.keys.length, 'signing key'),
      several(assertions.checked, 'assertion'),
      several(users?.entries.size ?? 0, 'user'),
      several(machines?.list.length ?? 0, 'machine'),
    ].join(', '),
  }
  return { kind: 'ok', data, warnings }
}

/** A node starts with an expired certificate, for mail may come in the clear; but it will say that it fails. */
function certificateWarnings(config: Config): Problem[] {
  const health = certificateHealth(config.tls, systemClock.now())
  if (health.kind === 'ok') return []
  return [{ file: config.file, line: 1, column: 1, message: `tls.certificate: ${health.reason}` }]
}

function filesRead(config: Config, directory: LoadedDirectory, keys: readonly DkimKey[]): string[] {
  return [
    ...config.files,
    ...directory.files,
    // A folder changes when a fragment comes or goes.
    ...config.mail,
    ...directory.folders,
    ...[config.users, config.machines, config.dkim?.keys].filter((file) => file !== undefined),
    // The folder of a domain changes when a key comes or goes, its state file when it is rotated.
    ...keys.flatMap(({ file }) => [dirname(file), file, stateFile(file)]),
  ]
}

function of(loaded: Pick<LoadedDirectory, 'problems'>, severity: 'error' | 'warning'): Problem[] {
  return loaded.problems.filter((one) => one.severity === severity).map(placed)
}

/** Routing data say 0:0 of a file as a whole; editors jump to a line. */
function placed(problem: Problem): Problem {
  return { ...problem, line: Math.max(1, problem.line), column: Math.max(1, problem.column) }
}

function several(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

/** The key room names the file at the front of its sentence. */
function aboutFile(sentence: string): Problem {
  const [file = '', ...rest] = sentence.split(': ')
  return { file, line: 1, column: 1, message: rest.join(': ') }
}
