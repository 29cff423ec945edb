// Loads the files that a node's YAML names: routing data, users, machines, signing keys. One problem rejects all of it, at a start and at a
// reload, so that a node never runs on half of an edit. A password that cannot be used concerns one user only, so it is a warning.

import type { AppPassword } from '../auth/app-password.ts'
import { currentApps, withAppPasswords } from '../auth/app-password-file.ts'
import { createPeople } from '../auth/directory-people.ts'
import type { CertificateAuthenticator } from '../auth/authenticator.ts'
import type { Machines } from '../auth/machines.ts'
import type { People } from '../auth/people.ts'
import type { RevocationList } from '../auth/revocation-list.ts'
import { createUserCertificates, type UserCertificates } from '../auth/user-certificates.ts'
import type { UserPins } from '../auth/user-pins.ts'
import { certificatesIn } from '../config/sections/user-certificates-section.ts'
import type { Config } from '../config/config.ts'
import type { Problem } from '../config/problem.ts'
import { overlaySources } from '../directory/overlay-sources.ts'
import { openOfflineSources } from '../directory/source-set.ts'
import type { SourceSet } from '../directory/source-set.ts'
import { unlistedAddresses } from '../directory/check/unlisted.ts'
import type { Snapshot } from '../directory/snapshot.ts'
import { FILES_NAME } from '../directory/snapshots/file-guard.ts'
import type { FileGuard, FileReading } from '../directory/snapshots/file-guard.ts'
import { createSealer } from '../dkim/seal.ts'
import type { Sealer } from '../dkim/sealer.ts'
import { createSigner } from '../dkim/sign.ts'
import type { Signer } from '../dkim/signer.ts'
import type { LoopSettings } from '../intake/forward-loop.ts'
import type { Clock } from '../lib/clock.ts'
import { checkAssertions } from '../route/assertions/assertions.ts'
import { createOwnLists } from '../route/lists/create-own-lists.ts'
import type { OwnLists } from '../route/operator-lists.ts'
import type { Router } from '../route/resolution.ts'
import { createRouter } from '../route/router.ts'
import type { ShortHashes } from '../route/srs/srs-hash.ts'
import type { TokenStore } from '../route/srs/srs-token.ts'
import { formatNextHop, parseNextHop } from '../smtp/nexthop.ts'
import { sourceSettings } from '../wiring/directory-settings.ts'
import { forwardWarnings } from '../wiring/forward-settings.ts'
import { srsWarnings } from '../wiring/srs-warnings.ts'
import { routerSettings } from '../wiring/routing-settings.ts'
import { uselessAppPasswords } from './app-password-state.ts'
import { problemsOf, readDataFiles } from './data-files.ts'
import type { FilesRead } from './data-files.ts'
import { fileContent } from './file-content.ts'
import { doubtSource, withDoubtfulMachines, withDoubtfulUsers, withLostDomains } from './file-doubt.ts'
import type { Doubt } from './file-doubt.ts'
import { expiredEntries } from './own-list-gauges.ts'
import { certificateHealth } from './health-checks.ts'

type LoadedMachines = CertificateAuthenticator & Pick<Machines, 'list'>

export interface CurrentApps {
  value: readonly AppPassword[]
  /** When the file was read, monotonic. */
  readonly readAt: number
}

export interface NodeData {
  /** The SRS secrets also sign the loop marks of forwards, because all forwarding nodes share them. */
  readonly loop: LoopSettings
  readonly router: Router
  /** Our mail and alias domains, the main one first. */
  readonly domains: readonly string[]
  /** The own lists of allowed and blocked mail. */
  readonly ownLists: OwnLists
  readonly signer: Signer
  readonly sealer: Sealer
  /** The users of the passwd-file, LDAP and SQL, with their app passwords. */
  readonly people: People
  /** Those of the file; the page for people replaces them when it changed the file. */
  readonly apps: CurrentApps
  /** Null if the configuration has no client certificates of users. */
  readonly certificates: UserCertificates | null
  /** The pinned ones of them. */
  readonly pins: UserPins['list']
  /** Null if the configuration names no file of machines. */
  readonly machines: LoadedMachines | null
  /** The next hops that the routing data name, in the form of formatNextHop. */
  readonly transports: ReadonlySet<string>
  /** Every file that was read; a change of one requires a reload. */
  readonly files: readonly string[]
  /** Addresses that cannot be listed, such as those of a pattern. */
  readonly notes: readonly Problem[]
  /** What was loaded, such as `3 routing files, 1 signing key`. */
  readonly summary: string
}

export type DataLoad =
  | { readonly kind: 'ok'; readonly data: NodeData; readonly warnings: readonly Problem[] }
  | {
      readonly kind: 'bad'
      readonly problems: readonly Problem[]
      readonly warnings: readonly Problem[]
      /** As of valid data: the files in which the problems can be fixed. */
      readonly files: readonly string[]
    }

export interface LoadPorts {
  readonly clock: Clock
  /** Null where senders that are too long for SRS are not stored. */
  readonly tokens: TokenStore | null
  /** SRS hashes of an earlier length that are accepted; the node records a change, commands only read. */
  readonly shortHashes: (config: Config, at: number) => Promise<ShortHashes | null>
  /** The running sources of a node; commands omit it and read the snapshots on disk. */
  readonly sources?: SourceSet
  /** The current revocation lists; none for commands. */
  readonly revocation?: () => readonly RevocationList[]
  /** The guard of the files. */
  readonly guard: FileGuard
  /**
   * `start`: doubtful files are used with doubt; `reload`: they are refused; `disk`: as at a start, and nothing changes; `command`: the
   * same, and the answers are those of a node that starts with them.
   */
  readonly use: 'start' | 'reload' | 'disk' | 'command'
}

/** Loads all data and reports every problem of every file at once. */
export async function loadData(config: Config, { clock, tokens, guard, use, ...ports }: LoadPorts): Promise<DataLoad> {
  const sources = ports.sources ?? (await openOfflineSources(sourceSettings(config), clock))
  const readAt = clock.monotonic()
  const read = await readDataFiles(config, sources.list)
  const { directory, keys, users, apps, pins, machines, problems, files } = read
  const warnings = [
    ...read.warnings,
    ...certificateWarnings(config, clock),
    ...sources.problems.map((message) => config.at(['directory'], message)),
  ]
  const { directory: snapshot } = directory
  if (problems.length > 0 || !snapshot) return { kind: 'bad', problems, warnings, files }
  const shortHashes = await ports.shortHashes(config, clock.now())
  const { current, byUser, appSenders } = currentAppsOf(apps?.list ?? [], config.domain, readAt)
  const routing = routerSettings(config, { machines: machines?.list ?? [], appSenders, tokens, shortHashes })
  const reading = { content: fileContent(snapshot, read), endings: read.endings }
  const doubted = await doubtOf(reading, guard, use)
  const doubtful = doubtSource(doubted, snapshot)
  const merged = withLostDomains(
    overlaySources(snapshot, () => (doubted.doubt() === null ? sources.list : [...sources.list, doubtful])),
    doubted,
    snapshot,
  )
  const assertions = await checkAssertions({ ...merged, assertions: snapshot.assertions }, routing, clock.now())
  const [violated, untested] = [problemsOf(assertions, 'error'), problemsOf(assertions, 'warning')]
  warnings.push(...untested.map((one) => (one.file === 'configuration' ? { ...one, file: config.file } : one)))
  if (violated.length > 0) return { kind: 'bad', problems: violated, warnings, files }
  const doubt = await (use === 'start' || use === 'reload' ? guard.judge(reading) : guard.inspect(reading))
  if (doubt !== null) {
    // About other files than this one, at no key.
    const problem = { file: config.file, line: 1, column: 1, message: doubt }
    if (use === 'reload') return { kind: 'bad', problems: [problem], warnings, files }
    warnings.push({ ...problem, message: `${doubt}; until then, unknown names get 451 instead of 550` })
  }
  const signing = { keys, parents: [config.domain] }
  const signer = createSigner(signing)
  warnings.push(...listWarnings(config, snapshot, clock.now()))
  warnings.push(...forwardWarnings(config, signer), ...srsWarnings(config, merged.domains.keys()))
  const router = createRouter(routing, () => merged)
  const people = createPeople(users, sources, config.domain)
  const knownPeople = sources.list.length === 0 ? people : null
  if (apps) warnings.push(...(await uselessAppPasswords(apps, { people: knownPeople, router, domain: config.domain })))
  const data: NodeData = {
    loop: { secrets: config.srs?.secrets ?? [] },
    router,
    domains: [...new Set([config.domain, ...merged.domains.keys()])],
    ownLists: createOwnLists(merged, routing),
    sealer: createSealer(signing),
    signer,
    people: withDoubtfulUsers(apps ? withAppPasswords(people, byUser) : people, doubted, apps !== null),
    apps: current,
    certificates: userCertificates(config, pins, ports.revocation ?? (() => [])),
    pins: pins?.list ?? [],
    machines: machines && withDoubtfulMachines(machinesNow(machines, clock), doubted),
    transports: transportsOf(snapshot),
    files,
    notes: unlistedAddresses(snapshot),
    summary: summaryOf(read, assertions.checked),
  }
  return { kind: 'ok', data, warnings }
}

function userCertificates(
  { user_certificates: settings }: Config,
  pins: UserPins | null,
  lists: () => readonly RevocationList[],
): UserCertificates | null {
  if (settings === null) return null
  const { ca, user, any_purpose: anyPurpose, crl, stale_crl: whenStale } = settings
  const revocation = crl.length === 0 ? null : { lists, whenStale }
  return createUserCertificates({
    pins: pins?.list ?? [],
    authorities: certificatesIn(ca),
    user,
    anyPurpose,
    revocation,
  })
}

/** The app passwords, which the page for people can replace, and their senders in the form that the router asks for. */
function currentAppsOf(list: readonly AppPassword[], domain: string, readAt: number) {
  const current: CurrentApps = { value: list, readAt }
  const byUser = currentApps(() => current.value, domain)
  const appSenders = (identity: string, label: string) =>
    byUser()
      .get(identity)
      ?.find((app) => app.label === label)?.senders
  return { current, byUser, appSenders }
}

/** Entries without effect: expired ones, and all of a node that takes mail from the internet without the check. */
function listWarnings({ role, listeners, at }: Config, { listEntries }: Snapshot, now: number): readonly Problem[] {
  const takesStrangers = listeners.some(({ admit }) => admit.includes('internet'))
  const isIgnored = listEntries.length > 0 && takesStrangers && !role.checks.includes('own-lists')
  const ignored = `mail::allow and mail::block have no effect: the role ${role.role} has no check own-lists`
  return [...expiredEntries(listEntries, now), ...(isIgnored ? [at(['role'], ignored)] : [])]
}

/** The doubt of the running node; of a command, that of a node that starts with these files. */
async function doubtOf(reading: FileReading, guard: FileGuard, use: LoadPorts['use']): Promise<Doubt> {
  const seen = use === 'command' ? await guard.inspect(reading) : null
  return {
    doubt: () => guard.doubt() ?? (seen === null ? null : `${FILES_NAME}: ${seen}`),
    domains: () => guard.domains(),
  }
}

function transportsOf({ domains, addresses }: Snapshot): ReadonlySet<string> {
  const records = [...domains.values(), ...addresses.values()]
  return new Set(
    records.flatMap(({ transport }) => {
      const hop = transport && parseNextHop(transport.nextHop)
      return hop ? [formatNextHop(hop)] : []
    }),
  )
}

function machinesNow(machines: Machines, clock: Pick<Clock, 'now'>): LoadedMachines {
  return {
    list: machines.list,
    identify: (certificate, ip) => machines.identify({ certificate, ip, now: clock.now() }),
  }
}

function summaryOf({ directory, keys, users, apps, machines }: FilesRead, assertions: number): string {
  return [
    count(directory.files.length, 'routing file'),
    count(directory.directory?.addresses.size ?? 0, 'address', 'addresses'),
    count(keys.length, 'signing key'),
    count(assertions, 'assertion'),
    count(directory.directory?.listEntries.length ?? 0, 'list entry', 'list entries'),
    count(users?.entries.size ?? 0, 'user'),
    ...(apps ? [count(apps.list.length, 'app password')] : []),
    count(machines?.list.length ?? 0, 'machine'),
  ].join(', ')
}

/** A node starts with an expired certificate, because mail may still arrive without TLS. */
function certificateWarnings(config: Config, clock: Clock): Problem[] {
  const { tls, at } = config
  const pairs = [
    // A temporary certificate is replaced by the node.
    { path: ['tls', tls?.acme ? 'acme' : 'certificate'], pair: tls?.acme?.isTemporary ? null : tls },
    ...(tls?.more ?? []).map((pair, index) => ({ path: ['tls', 'more', index, 'certificate'], pair })),
  ]
  return pairs.flatMap(({ path, pair }) => {
    const health = certificateHealth(pair, clock.now())
    return health.kind === 'ok' ? [] : [at(path, health.reason)]
  })
}

function count(number: number, what: string, many = `${what}s`): string {
  return `${number} ${number === 1 ? what : many}`
}
