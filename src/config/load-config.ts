// A node's YAML and its role file become one frozen Config, or every problem of both, each at its place.

import { readFileSync } from 'node:fs'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Config, ListenerConfig } from './config.ts'
import { readDeliveryFiles } from './delivery-files.ts'
import { checkDestinations } from './delivery-cross-checks.ts'
import { readDirectoryFiles } from './directory-files.ts'
import { nodeSchema } from './node-schema.ts'
import type { NodeFile } from './node-schema.ts'
import type { Problem } from './problem.ts'
import { readRspamd } from './rspamd-files.ts'
import { roleSchema } from './role-schema.ts'
import type { RoleFile } from './role-schema.ts'
import { checkMeaning } from './cross-checks.ts'
import { loadTls } from './read-tls-material.ts'
import { validate } from './validate.ts'
import { loadYaml } from './yaml-source.ts'
import type { YamlSource } from './yaml-source.ts'

export type ConfigLoad =
  | { readonly kind: 'ok'; readonly config: Config }
  | { readonly kind: 'bad'; readonly problems: readonly Problem[] }

/** Where the role files of the program are. */
const ROLES = fileURLToPath(new URL('../../roles/', import.meta.url))

/** Least length of an SRS secret in characters: 16 random ones withstand guessing of HMAC-SHA1 keys. */
const MIN_SECRET = 16

/** Loads everything that the node's own files say; routing data, users and keys are loaded by their rooms. */
export function loadConfig(file: string): ConfigLoad {
  const yaml = loadYaml(file)
  if (yaml.kind === 'bad') return yaml
  const node = validate(yaml.source, nodeSchema)
  const roleName = (yaml.source.value as { role?: unknown } | null)?.role
  const role = typeof roleName === 'string' ? loadRole(yaml.source, roleName) : null
  const problems = [...(node.kind === 'bad' ? node.problems : []), ...(role?.kind === 'bad' ? role.problems : [])]
  if (node.kind === 'bad' || role === null || role.kind === 'bad') return { kind: 'bad', problems: inOrder(problems) }
  return assemble(yaml.source, node.value, role.value)
}

/** Top to bottom, so that an editor can walk through them. */
function inOrder(problems: readonly Problem[]): Problem[] {
  return problems.toSorted((a, b) => a.line - b.line || a.column - b.column)
}

/** Turns a path of the node's YAML into an absolute one: relative paths start at the YAML's own folder. */
function besides(source: YamlSource): (path: string) => string {
  const folder = dirname(resolve(source.file))
  return (path) => (isAbsolute(path) ? path : join(folder, path))
}

/** The path of an operator's own role file, and not the name of one of ours. */
function isOwnRole(role: string): boolean {
  return /[/.]/.test(role)
}

function loadRole(
  source: YamlSource,
  name: string,
): { kind: 'ok'; value: RoleFile } | { kind: 'bad'; problems: readonly Problem[] } {
  const file = isOwnRole(name) ? besides(source)(name) : join(ROLES, `${name}.yaml`)
  const yaml = loadYaml(file)
  if (yaml.kind === 'ok') return validate(yaml.source, roleSchema)
  const unreadable = yaml.problems[0]?.message.startsWith('cannot be read')
  if (!unreadable) return yaml
  const message = `role: found "${name}", expected one of mx, srs, submission, mta or the path of a role file`
  return { kind: 'bad', problems: [source.at(['role'], message)] }
}

function assemble(source: YamlSource, node: NodeFile, role: RoleFile): ConfigLoad {
  const placeOf = besides(source)
  const problems: Problem[] = []
  const files = [source.file, ...(isOwnRole(node.role) ? [placeOf(node.role)] : [])]
  const resolvePath = (path: string) => {
    const file = placeOf(path)
    files.push(file)
    return file
  }
  const reading = { source, resolvePath, placeOf, problems }
  const tls = node.tls ? loadTls(node.tls, { source, resolvePath, at: ['tls'] }) : null
  if (tls?.kind === 'bad') problems.push(...tls.problems)
  const secrets = (node.srs?.secrets ?? []).map((path, index) =>
    readSecret({ source, index, path: resolvePath(path) }, problems),
  )
  const listeners = placeListeners(source, { node, role }, problems)
  const config: Config = {
    ...node,
    file: source.file,
    files,
    role,
    listeners,
    tls: tls?.kind === 'ok' ? tls.material : null,
    srs: node.srs ? { ...node.srs, secrets, hash_minimum: node.srs.hash_minimum ?? node.srs.hash_length } : null,
    data: placeOf(node.data),
    hiera: node.hiera === undefined ? undefined : placeOf(node.hiera),
    mail: node.mail.map(placeOf),
    delivery: readDeliveryFiles(node.delivery, reading),
    directory: readDirectoryFiles(node.directory, reading),
    rspamd: readRspamd(node.rspamd, reading),
    users: node.users === undefined ? undefined : placeOf(node.users),
    machines: node.machines === undefined ? undefined : placeOf(node.machines),
    dkim: node.dkim && { keys: placeOf(node.dkim.keys) },
    postmaster: node.postmaster ?? `postmaster@${node.domain}`,
    authserv_id: node.authserv_id ?? node.domain,
  }
  checkDestinations(node.delivery, (path, message) => problems.push(source.at(path, message)))
  problems.push(...checkMeaning(source, config, { tlsWanted: node.tls !== undefined }))
  return problems.length > 0 ? { kind: 'bad', problems: inOrder(problems) } : { kind: 'ok', config: deepFreeze(config) }
}

function placeListeners(
  source: YamlSource,
  files: { node: NodeFile; role: RoleFile },
  problems: Problem[],
): ListenerConfig[] {
  const names = Object.keys(files.role.listeners)
  for (const name of Object.keys(files.node.listen)) {
    if (!names.includes(name))
      problems.push(
        source.atKey(
          ['listen'],
          name,
          `listen.${name}: found a listener the role ${files.role.role} does not have, expected one of ${names.join(', ')}`,
        ),
      )
  }
  return Object.entries(files.role.listeners).map(([name, { address, ...listener }]) => {
    const bind = files.node.listen[name]
    return { ...listener, name, host: bind?.host ?? address, port: bind?.port ?? listener.port }
  })
}

function readSecret(from: { source: YamlSource; index: number; path: string }, problems: Problem[]): string {
  const where = ['srs', 'secrets', from.index]
  try {
    const secret = readFileSync(from.path, 'utf8').trim()
    const lines = secret.split(/\r?\n/).length
    if (lines === 1 && secret.length >= MIN_SECRET) return secret
    // Other programs take each line for a secret of its own: all in one, none of their addresses would find its way home.
    const fault =
      lines > 1
        ? `found ${lines} lines in ${from.path}, expected one secret: each has a file of its own`
        : `found a secret of ${secret.length} characters in ${from.path}, expected at least ${MIN_SECRET}`
    problems.push(from.source.at(where, `srs.secrets: ${fault}`))
  } catch (error) {
    problems.push(
      from.source.at(
        where,
        `srs.secrets: found ${from.path}, which cannot be read (${(error as Error).message}), expected a file with one secret`,
      ),
    )
  }
  return ''
}

function deepFreeze<T>(value: T): T {
  if (value === null || typeof value !== 'object' || Object.isFrozen(value)) return value
  Object.freeze(value)
  for (const part of Object.values(value)) deepFreeze(part)
  return value
}
