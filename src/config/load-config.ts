// Loads a node's YAML: every section, its role, then the checks between sections. The result is a frozen Config, or every problem with its position.

import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import { z } from 'zod'
import type { Config, SecretFile } from './config.ts'
import { credentialPath } from '../lib/credential-path.ts'
import { checkSections } from './cross-checks.ts'
import { placeListeners } from './listeners.ts'
import type { Path, Problem, Report } from './problem.ts'
import type { AnySection, SectionReader } from './section.ts'
import { sections, type SectionValues } from './sections.ts'
import { testedChecks } from './tested-by-listener.ts'
import { validate, validateWithout } from './validate.ts'
import { loadYaml, type YamlSource } from './yaml-source.ts'

export type ConfigLoad =
  | { readonly kind: 'ok'; readonly config: Config }
  | {
      readonly kind: 'bad'
      readonly problems: readonly Problem[]
      /** The files in which the problems can be fixed, as far as they are known. */
      readonly files: readonly string[]
      /** The values of the sections without a problem, to check the files of routing data that they name. */
      readonly values: Partial<SectionValues>
    }

/** Loads everything that the configuration itself consists of. Routing data, users and signing keys are loaded by their modules. */
export function loadConfig(file: string): ConfigLoad {
  const yaml = loadYaml(file)
  if (yaml.kind !== 'ok') return { kind: 'bad', problems: yaml.problems, files: [file], values: {} }
  const { source } = yaml
  const load: Load = {
    source,
    files: [source.file],
    secrets: [],
    problems: [...source.problems],
    invalid: new Set(),
    faulty: new Set(),
  }
  const outline = validate(source, outlineSchema)
  if (outline.kind === 'bad') load.problems.push(...outline.problems)
  const values = Object.entries(sections).map(([key, section]) => [key, readSection(key, section, load)] as const)
  const sound = Object.fromEntries(values.filter(([key]) => !load.invalid.has(key) && !load.faulty.has(key)))
  if (outline.kind === 'bad' || load.invalid.size > 0) return rejected(load, sound)
  const config = combineSections(load, Object.fromEntries(values) as SectionValues)
  if (config === null || load.problems.length > 0) return rejected(load, sound)
  return { kind: 'ok', config: deepFreeze(config) }
}

interface Load {
  readonly source: YamlSource
  /** Every file read so far. */
  readonly files: string[]
  readonly secrets: SecretFile[]
  readonly problems: Problem[]
  /** Sections that do not fit their schema and so have no value. */
  readonly invalid: Set<string>
  /** Sections with a problem. */
  readonly faulty: Set<unknown>
}

/** The keys of the file without their values, to find unknown keys. */
const outlineSchema = z.strictObject(
  Object.fromEntries(Object.keys(sections).map((key) => [key, z.unknown().optional()])),
)

function readSection(key: string, section: AnySection, load: Load): unknown {
  const written = validate(load.source, section.schema, [key])
  if (written.kind === 'ok') return section.read(written.value as never, createReader([key], load))
  load.invalid.add(key)
  load.problems.push(...written.problems)
  readFilesOf(key, section, load)
  return undefined
}

/**
 * Reports the files that a section with an invalid key names: an operator corrects everything at once. The invalid values are left out, so
 * of the other findings only those about a file are true.
 */
function readFilesOf(key: string, section: AnySection, load: Load): void {
  const written = validateWithout(load.source, section.schema, [key])
  if (written === null) return
  const rest: Load = { ...load, problems: [], faulty: new Set() }
  const before = load.files.length
  section.read(written as never, createReader([key], rest))
  const opened = load.files.slice(before)
  load.problems.push(
    ...rest.problems.filter(({ file, message }) => isAboutFile({ file, message }, load.source, opened)),
  )
}

function isAboutFile(
  { file, message }: Pick<Problem, 'file' | 'message'>,
  source: YamlSource,
  opened: readonly string[],
): boolean {
  return file !== source.file || opened.some((one) => message.includes(basename(one)))
}

function createReader(base: Path, load: Load): SectionReader {
  const { source, files, secrets } = load
  const add = (problems: readonly Problem[]) => {
    load.problems.push(...problems)
    if (problems.length > 0) load.faulty.add(base[0])
  }
  const folder = dirname(resolve(source.file))
  const locate = (file: string) => {
    const path = credentialPath(file)
    return isAbsolute(path) ? path : join(folder, path)
  }
  return {
    report: (path, finding) => add([source.at([...base, ...path], finding)]),
    addProblems: add,
    locate,
    open: (file) => {
      files.push(locate(file))
      return locate(file)
    },
    noteSecret: (path, file) => void secrets.push({ path: [...base, ...path], file: locate(file) }),
    below: (...path) => createReader([...base, ...path], load),
  }
}

/** Null without a role. Adds problems between sections, except at a section that has a problem already: they may follow from it. */
function combineSections({ source, files, secrets, problems, faulty }: Load, values: SectionValues): Config | null {
  const { role, listen, checks, ...rest } = values
  if (role === null) return null
  const report: Report = (path, finding) => {
    if (!faulty.has(path[0])) problems.push(source.at(path, finding))
  }
  const config: Config = {
    ...rest,
    file: source.file,
    files,
    secrets,
    at: source.at,
    role,
    listeners: placeListeners(role, listen, report),
    tested_checks: testedChecks({ role, listen, checks }, report),
    postmaster: rest.postmaster ?? `postmaster@${rest.domain}`,
    authserv_id: rest.authserv_id ?? rest.domain,
  }
  checkSections(config, report)
  return config
}

/** Sorted by file and position, so that an editor can step through them. */
function rejected({ problems, files }: Load, values: Partial<SectionValues>): ConfigLoad {
  return { kind: 'bad', problems: problems.toSorted(byPosition), files, values }
}

function byPosition(a: Problem, b: Problem): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1
  return a.line - b.line || a.column - b.column
}

function deepFreeze<T>(value: T): T {
  if (value === null || typeof value !== 'object' || Object.isFrozen(value)) return value
  Object.freeze(value)
  for (const part of Object.values(value)) deepFreeze(part)
  return value
}
