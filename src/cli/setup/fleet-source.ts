// Where the text of the fleet file comes from: the folder of an earlier run, a file of answers, flags, or questions.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { formatProblem } from '../../config/problem.ts'
import { validate } from '../../config/validate.ts'
import { parseYaml } from '../../config/yaml-source.ts'
import type { Settings } from '../../fleet/fleet-model.ts'
import { isMap } from '../../fleet/merge-settings.ts'
import { newFleetText, withNodes, withoutKeys } from '../../setup/fleet-text.ts'
import { type NewNode, type Person, type Runner, runners, setupFiles } from '../../setup/setup-folder.ts'
import { answerDifferences } from './answer-differences.ts'
import { readForward, readPersonName } from './read-values.ts'

export interface FleetSource {
  readonly folder: string
  readonly text: string
  /** The file in which problems have their positions; null: the text comes from flags or answers. */
  readonly origin: string | null
  readonly runner: Runner | null
  readonly person: Person | null
}

export type FoundSource =
  | { readonly kind: 'ok'; readonly source: FleetSource }
  | { readonly kind: 'bad'; readonly problems: readonly string[] }

export interface Flags {
  readonly folder?: string
  readonly solo?: boolean
  readonly domain?: string
  readonly srsDomain?: string
  readonly address?: readonly string[]
  readonly nodes: readonly NewNode[]
  readonly resolver?: readonly string[]
  readonly person: Person | null
  readonly runner: Runner | null
  readonly hiera?: boolean
}

/** The name of the node of `--solo`. */
export const SOLO_NAME = 'mail'
export const USUAL_RESOLVER = '127.0.0.1:53'

/** Every domain can have it, but one outside is better (docs/reference/srs.md). */
export function usualSrsDomain(domain: string): string {
  return `srs.${domain}`
}

/** The nodes that flags name. */
function nodesOf({ solo, address = [], nodes }: Flags): readonly NewNode[] {
  return [...(solo ? [{ name: SOLO_NAME, role: 'solo', addresses: address }] : []), ...nodes]
}

/** The folder of an earlier run: its fleet file, with the nodes that flags add. */
export function fromFolder(folder: string, flags: Flags): FoundSource {
  const origin = join(folder, setupFiles.fleet)
  const text = readFileSync(origin, 'utf8')
  const yaml = parseYaml(origin, text)
  if (yaml.kind === 'bad') return bad(yaml.problems.map(formatProblem))
  const written = isMap(yaml.source.value) ? yaml.source.value : {}
  const srsDomain = isMap(written.srs) ? written.srs.domain : undefined
  for (const [flag, given, known] of [
    ['--domain', flags.domain, written.domain],
    ['--srs-domain', flags.srsDomain, srsDomain],
  ] as const)
    if (given !== undefined && given !== known)
      return bad([`${flag}: found ${given}, expected ${String(known)} as in ${origin}; change it there`])
  const unused = unusedFlags(flags, isMap(written.settings) ? written.settings : {})
  if (unused.length > 0) return bad(unused.map((problem) => `${problem} in ${origin}; change it there`))
  // A file without a map of nodes is reported as it is.
  const added = withNodes(text, isMap(written.nodes) ? nodesOf(flags) : [])
  if (added.kind === 'conflict')
    return bad([`found the node ${added.name}, which ${origin} has with another role or address; change it there`])
  const { runner, person } = flags
  return {
    kind: 'ok',
    source: { folder, text: added.text, origin: added.added.length > 0 ? null : origin, runner, person },
  }
}

/** Flags that set up the fleet file, and say something else than it does. */
function unusedFlags({ solo, address = [], resolver, hiera }: Flags, settings: Settings): readonly string[] {
  const dns = isMap(settings.dns) ? settings.dns : {}
  const isHiera = settings.hiera !== undefined
  return [
    ...(address.length > 0 && !solo ? ['--address: found without --solo, expected the addresses of the nodes'] : []),
    ...(resolver && JSON.stringify(resolver) !== JSON.stringify(dns.servers)
      ? [`--resolver: found ${resolver.join(', ')}, expected settings.dns.servers`]
      : []),
    ...(hiera && !isHiera ? ['--hiera: found a fleet without Hiera, expected settings.hiera'] : []),
  ]
}

/** Flags for a new folder. */
export function fromFlags(folder: string, flags: Flags & { readonly domain: string }): FoundSource {
  const nodes = nodesOf(flags)
  const problems = [
    ...(nodes.length === 0 ? ['found neither --solo nor --node, expected the nodes'] : []),
    ...(flags.solo && !flags.address?.length
      ? ['--address: found nothing, expected the public address of the host']
      : []),
    ...(!flags.solo && flags.address?.length
      ? ['--address: found without --solo, expected --node NAME=ROLE:ADDRESS']
      : []),
  ]
  if (flags.runner && flags.runner !== 'systemd' && !flags.resolver)
    problems.push(`--resolver: found nothing, expected an address that a ${flags.runner} container can reach`)
  if (problems.length > 0) return bad(problems)
  const {
    domain,
    srsDomain = usualSrsDomain(domain),
    resolver = [USUAL_RESOLVER],
    runner,
    person,
    hiera = false,
  } = flags
  const text = newFleetText({ domain, srsDomain, resolvers: resolver, nodes, hiera })
  return { kind: 'ok', source: { folder, text, origin: null, runner, person } }
}

/** The keys of a file of answers beside those of a fleet file. */
const notOfFleet: readonly string[] = ['person', 'run']
const extras = z.object({
  person: z
    .strictObject({ name: z.string(), forward: z.string() }, { error: 'a map with name and forward' })
    .optional(),
  run: z.enum(runners, { error: `one of ${runners.join(', ')}` }).optional(),
})

/** Flags whose values are in the answers. */
const answered: Readonly<Partial<Record<keyof Flags, string>>> = {
  solo: '--solo',
  domain: '--domain',
  srsDomain: '--srs-domain',
  address: '--address',
  nodes: '--node',
  resolver: '--resolver',
  hiera: '--hiera',
}

function isGiven(value: Flags[keyof Flags]): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false
}

/** A fleet file with further keys, which have the answers that are not part of a fleet. */
export function fromAnswers(file: string, folder: string | undefined, flags: Flags): FoundSource {
  const unused = Object.entries(answered).filter(([key]) => isGiven(flags[key as keyof Flags]))
  if (unused.length > 0)
    return bad(unused.map(([, flag]) => `${flag}: found with --answers, expected it in ${file} or in the fleet file`))
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    return bad([`${file}: cannot be read: ${(error as Error).message}`])
  }
  const yaml = parseYaml(file, text)
  if (yaml.kind === 'bad') return bad(yaml.problems.map(formatProblem))
  const { source } = yaml
  const read = validate(source, extras)
  if (read.kind === 'bad') return bad(read.problems.map(formatProblem))
  const { person, run } = read.value
  if (person) {
    const checks = [['name', readPersonName(person.name)] as const, ['forward', readForward(person.forward)] as const]
    const wrong = checks.flatMap(([key, answer]) =>
      answer.kind === 'bad' ? [formatProblem(source.at(['person', key], answer.problem))] : [],
    )
    if (wrong.length > 0) return bad(wrong)
  }
  const domain = isMap(source.value) ? source.value.domain : undefined
  const target = folder ?? (typeof domain === 'string' ? domain : '.')
  const fleet = join(target, setupFiles.fleet)
  if (existsSync(fleet)) {
    const written = parseYaml(fleet, readFileSync(fleet, 'utf8'))
    if (written.kind === 'bad') return bad(written.problems.map(formatProblem))
    const differences = answerDifferences({
      answers: source,
      others: notOfFleet,
      fleet: { file: fleet, value: written.source.value },
    })
    if (differences.length > 0) return bad(differences)
    return fromFolder(target, {
      ...flags,
      person: flags.person ?? person ?? null,
      runner: flags.runner ?? run ?? null,
    })
  }
  return {
    kind: 'ok',
    source: {
      folder: target,
      text: withoutKeys(text, notOfFleet),
      origin: file,
      runner: flags.runner ?? run ?? null,
      person: flags.person ?? person ?? null,
    },
  }
}

function bad(problems: readonly string[]): FoundSource {
  return { kind: 'bad', problems }
}
