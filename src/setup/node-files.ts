// The folder of a node, as it is copied to /etc/waypost of its host: node.yaml, its copies of what nodes share, and container files.

import { readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Fleet, FleetNode } from '../fleet/fleet-model.ts'
import { listenersOf, nodeSettings } from '../fleet/generated-settings.ts'
import { nodeYaml } from '../fleet/node-yaml.ts'
import { viewPort } from '../fleet/view-settings.ts'
import { isLoopbackAddress } from '../lib/ip-address.ts'
import { composeFile, quadletFile } from './container-files.ts'
import { type Runner, setupFiles } from './setup-folder.ts'
import { sharedNames } from './shared-files.ts'
import type { FileWriter, PlannedFile } from './write-files.ts'

interface NodeFolder {
  readonly fleet: Fleet
  readonly folder: string
  readonly runner: Runner
}

/** The files of a node. What is shared is read from `disk`. */
export function planNodeFiles(node: FleetNode, { fleet, folder, runner }: NodeFolder, disk: FileWriter): PlannedFile[] {
  const settings = nodeSettings(node, fleet)
  const config = relative(folder, node.config)
  const copies = sharedNames(settings).flatMap((name) => [
    ...filesBelow(folder, name),
    // The data of Hiera is beside hiera.yaml.
    ...(name === settings.hiera ? filesBelow(folder, 'data') : []),
  ])
  const authority = (settings.tls as { readonly ca?: unknown } | undefined)?.ca === 'ca.pem'
  return [
    generated(config, nodeYaml(node, fleet)),
    ...(authority ? copyOf(setupFiles.authority, `${node.name}/ca.pem`, disk) : []),
    ...[...new Set(copies)].flatMap((name) => copyOf(`${setupFiles.shared}/${name}`, `${node.name}/${name}`, disk)),
    ...containerFiles(node, { fleet, runner }),
  ]
}

/** The ports of a node that other hosts connect to. */
function publicPorts(node: FleetNode, fleet: Fleet): readonly number[] {
  const open = listenersOf(node).filter(({ host }) => !isLoopbackAddress(host))
  return [...new Set([...open.map(({ port }) => port), viewPort(node, fleet)])].filter((port) => port !== null)
}

function containerFiles(node: FleetNode, { fleet, runner }: Omit<NodeFolder, 'folder'>): PlannedFile[] {
  const container = { node: node.name, ports: publicPorts(node, fleet) }
  if (runner === 'docker') return [composeFile(container)]
  return runner === 'podman' ? [quadletFile(container)] : []
}

/** The files below an entry of the shared folder, or the entry itself, relative to that folder. Empty if it does not exist. */
function filesBelow(folder: string, name: string): readonly string[] {
  const shared = join(folder, setupFiles.shared)
  try {
    return readdirSync(join(shared, name), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !/^\.|\.new$|\.lock$/.test(entry.name))
      .map((entry) => relative(shared, join(entry.parentPath, entry.name)))
      .toSorted()
  } catch {
    // A file, or missing: then nothing is copied, and the check of the node says what it needs.
    return [name]
  }
}

function copyOf(from: string, to: string, disk: FileWriter): PlannedFile[] {
  const text = disk.read(from)
  return text === null ? [] : [generated(to, text)]
}

function generated(path: string, text: string): PlannedFile {
  return { path, text, rule: 'generated' }
}
