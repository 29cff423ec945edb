// One node of a fleet file: its defaults, its role and its public keys.

import { readFileSync } from 'node:fs'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import type { Path, Problem } from '../config/problem.ts'
import { readRole } from '../config/role-file.ts'
import type { SectionReader } from '../config/section.ts'
import type { YamlSource } from '../config/yaml-source.ts'
import { publicKeyDigest } from '../lib/public-key-digest.ts'
import type { FleetNode } from './fleet-model.ts'
import type { FleetFile } from './fleet-schema.ts'
import { mergeSettings } from './merge-settings.ts'

interface Reading {
  readonly name: string
  readonly node: FleetFile['nodes'][string]
  readonly file: FleetFile
  readonly source: YamlSource
  /** Receives what is wrong. */
  readonly problems: Problem[]
}

/** One label of a host name (RFC 1035 2.3.1), because it is the first label of the default host name. */
const nodeName = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/** Null after a problem. */
export function readNode(reading: Reading): FleetNode | null {
  const { name, node, file, source, problems } = reading
  const reader = readerAt(['nodes', name], source, problems)
  const before = problems.length
  if (!nodeName.test(name))
    reader.report([], `found ${name}, expected a name of lower-case letters, digits and hyphens such as mx-01`)
  const role = readRole(node.role, reader.below('role'))
  const current = node.certificate === undefined ? [] : keyOf(node.certificate, reader)
  if (role === null || problems.length > before) return null
  return {
    name,
    role,
    writtenRole: /[/.]/.test(node.role) ? reader.locate(node.role) : node.role,
    hostname: node.hostname ?? `${name}.${file.domain}`,
    preference: node.preference,
    addresses: node.addresses,
    sources: node.sources ?? node.addresses,
    publicKeys: [...new Set([...current, ...node.public_keys])],
    certificate: node.certificate === undefined ? null : reader.locate(node.certificate),
    config: reader.locate(node.config ?? join(name, 'node.yaml')),
    settings: mergeSettings(file.settings, file.roles[role.role] ?? {}, node.settings),
  }
}

function keyOf(file: string, reader: SectionReader): readonly string[] {
  try {
    return [publicKeyDigest(readFileSync(reader.open(file)))]
  } catch (error) {
    const cause = (error as NodeJS.ErrnoException).code === undefined ? 'is not a certificate' : 'cannot be read'
    reader.report(
      ['certificate'],
      `found ${file}, which ${cause} (${(error as Error).message}), expected a PEM file with a certificate`,
    )
    return []
  }
}

/** A reader for the parts of the configuration that a fleet file shares with node.yaml. */
function readerAt(base: Path, source: YamlSource, problems: Problem[]): SectionReader {
  const folder = dirname(resolve(source.file))
  const locate = (file: string) => (isAbsolute(file) ? file : join(folder, file))
  return {
    report: (path, finding) => void problems.push(source.at([...base, ...path], finding)),
    addProblems: (more) => void problems.push(...more),
    locate,
    open: locate,
    noteSecret: () => undefined,
    below: (...path) => readerAt([...base, ...path], source, problems),
  }
}
