// waypost check: the problems that would keep the node from starting, and warnings. For operators, editors and CI.

import { openOfflineGuard } from '../../node/offline-guard.ts'
import { readShortHashes } from '../../node/srs-hash-record.ts'
import { existsSync } from 'node:fs'
import { readDataKey } from '../../config/data-key.ts'
import { accountWarnings, silentMachines, unusedCertificates } from './account-warnings.ts'
import { keyWarnings } from './key-warnings.ts'
import { hostWarnings } from '../../node/check-host.ts'
import { oauthWarnings } from '../../node/oauth-warnings.ts'
import { problemsOfFiles } from '../../node/data-files.ts'
import { loadData, type NodeData } from '../../node/load-data.ts'
import { createBudgets } from '../../budget/budgets.ts'
import type { Config } from '../../config/config.ts'
import { loadConfig } from '../../config/load-config.ts'
import { expensiveFirst } from '../../policy/check-table.ts'
import { createDnsLists } from '../../filter/ask-lists.ts'
import type { Resolver } from '../../dns/resolver.ts'
import { openResolver } from '../../dns/open-resolver.ts'
import { foreignReportAddresses, unreadReportAddresses } from '../../node/report-addresses.ts'
import { createProbe } from '../../node/reachability.ts'
import { dnsListSettings } from '../../wiring/dns-list-settings.ts'
import { describeTestedChecks } from '../../wiring/tested-checks.ts'
import { resolverSettings } from '../../wiring/node-settings.ts'
import { systemRandom } from '../../lib/random.ts'
import { formatProblem } from '../../config/problem.ts'
import { commandClock, systemClock } from '../../lib/clock.ts'
import { formatEndpoint } from '../../lib/endpoint.ts'
import type { Problem } from '../../config/problem.ts'
import { json, line, OK, USAGE } from '../io.ts'
import type { Io } from '../io.ts'
import { actAsServiceUser, actingNote } from '../place/act-as-owner.ts'
import { asOwnerOfNode } from '../place/node-place.ts'

/** A root process reads everything as the owner of the data directory, as the node does. */
export function check(options: CheckOptions, io: Io): Promise<number> | number {
  const found = readDataKey(options.config)
  // Before the first start there is no owner yet.
  const isUserKnown = found.kind !== 'ok' || existsSync(found.data) || actAsServiceUser()
  return asOwnerOfNode(options.config, io, () => checkAsOwner({ ...options, isUserKnown }, io))
}

const UNKNOWN_USER =
  'the directory does not exist yet, so the files are checked as root; whether the user of the node can read them is unknown'

interface CheckOptions {
  readonly config: string
  readonly json?: boolean
  /** Asks neither the resolver nor the fleet nodes. */
  readonly offline?: boolean
}

async function checkAsOwner(options: CheckOptions & { readonly isUserKnown: boolean }, io: Io): Promise<number> {
  const { problems, warnings, notes, summary } = await inspect(options)
  if (options.json) {
    const found = {
      problems: graded(problems, 'error'),
      warnings: graded(warnings, 'warning'),
      notes: graded(notes, 'note'),
    }
    json(io.stdout, { ok: problems.length === 0, ...found, summary })
  } else {
    for (const problem of problems) line(io.stderr, formatProblem(problem))
    for (const warning of warnings) line(io.stderr, `${formatProblem(warning)} (warning)`)
    for (const note of notes) line(io.stdout, `${formatProblem(note)} (note)`)
    if (problems.length === 0) line(io.stdout, `${options.config}: ok. ${summary}`)
    else
      line(io.stderr, `${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}: this node would not start`)
    if (problems.length > 0 && actingNote() !== '') line(io.stderr, actingNote())
  }
  return problems.length === 0 ? OK : USAGE
}

/** With its severity in each, for programs that put the lists together. */
function graded(found: readonly Problem[], severity: 'error' | 'warning' | 'note') {
  return found.map(({ file, line: row, column, message }) => ({ file, line: row, column, message, severity }))
}

interface Inspection {
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
  /** Facts that are not problems: addresses that cannot be listed. */
  readonly notes: readonly Problem[]
  readonly summary: string
}

export async function inspect(options: CheckOptions & { readonly isUserKnown: boolean }): Promise<Inspection> {
  const load = loadConfig(options.config)
  if (load.kind === 'bad') {
    const problems = [...load.problems, ...(await problemsOfFiles(load.values))]
    return { problems, warnings: [], notes: [], summary: '' }
  }
  const { config } = load
  const data = await loadData(config, {
    clock: systemClock,
    tokens: null,
    shortHashes: readShortHashes,
    guard: await openOfflineGuard(config),
    use: 'command',
  })
  const listeners = config.listeners.map((listener) => `${listener.name} on ${formatEndpoint(listener)}`).join(', ')
  const admitsInternet = config.listeners.some(({ admit }) => admit.includes('internet'))
  const noSpamCheck =
    config.role.checks.includes('spam') && admitsInternet && !config.rspamd && !config.score
      ? '; neither rspamd nor score: mail is not checked for spam'
      : ''
  const tested = describeTestedChecks(config)
  const inTest = tested === null ? '' : `; in test mode, refusing nothing: ${tested}`
  const summary = `${config.role.role} ${config.hostname}: ${listeners}${noSpamCheck}${inTest}`
  const asked = options.offline || data.kind === 'bad' ? [] : await networkWarnings(config, data.data)
  const warnings = [
    ...data.warnings,
    ...hostWarnings(config),
    ...(await oauthWarnings(config)),
    ...orderWarnings(config),
    ...asked,
  ]
  if (data.kind === 'bad') return { problems: data.problems, warnings, notes: [], summary }
  warnings.push(...foreignReportAddresses(config, data.data))
  warnings.push(...(await accountWarnings(config, data.data, options.offline !== true)))
  warnings.push(...(await keyWarnings(config, options.offline !== true)))
  const unused = await unusedCertificates(config, data.data)
  const silent = await silentMachines(config, data.data)
  const notes = [
    ...data.data.notes,
    ...unused,
    ...silent,
    ...(options.isUserKnown ? [] : [config.at(['data'], UNKNOWN_USER)]),
  ]
  return { problems: [], warnings, notes, summary: `${summary}; ${data.data.summary}` }
}

/** Checks of a role file that cost more than a later one. */
function orderWarnings(config: Config): Problem[] {
  const wrong = expensiveFirst(config.role.checks)
  if (wrong === null) return []
  const { first, later } = wrong
  const finding = `the role has the check ${first} before ${later}, which costs less and can spare the mail the other`
  return [config.at(['role'], finding)]
}

/** What the node would find dead at its start. These are warnings, because the others may be down for a moment. */
async function networkWarnings(config: Config, data: NodeData): Promise<Problem[]> {
  const resolver = await openResolver(resolverSettings(config), {
    clock: commandClock,
    budgets: createBudgets(commandClock),
  })
  const certificate = { value: config.tls }
  const probe = createProbe(config, { resolver, clock: commandClock, random: systemRandom, certificate })
  const [report, lists, reports] = await Promise.all([
    probe(),
    listWarnings(config, resolver),
    unreadReportAddresses(config, data, resolver),
  ])
  return [
    ...(report.resolver === null ? [] : [config.at(['dns'], report.resolver)]),
    ...[...report.unreachable].map(([role, cause]) =>
      config.at(['peers', role], `no ${role} node can be reached, so mail for it would wait: ${cause}`),
    ),
    ...lists,
    ...reports,
  ]
}

/** The DNS lists that fail their test now. */
async function listWarnings(config: Config, resolver: Resolver): Promise<Problem[]> {
  const settings = dnsListSettings(config)
  if (settings === null) return []
  const lists = createDnsLists(settings.lists, settings.timeoutMs, { resolver, clock: commandClock })
  await lists.test()
  lists.close()
  return lists
    .doubts()
    .flatMap(({ list, kind, doubt }) =>
      doubt === null ? [] : [config.at(['dnsbl'], `the list ${list} (${kind}) would not be asked: ${doubt}`)],
    )
}
