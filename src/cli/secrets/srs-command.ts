// waypost srs: secrets and domain from a node's YAML or from the command line; srs.ts does the rest.

import { readFileSync } from 'node:fs'
import { srsSettings } from '../../wiring/routing-settings.ts'
import { routingFiles } from '../../wiring/routing-files.ts'
import type { Config } from '../../config/config.ts'
import { normalDomain } from '../../directory/address.ts'
import { loadDirectory } from '../../directory/load-directory.ts'
import { line, USAGE } from '../io.ts'
import type { Io } from '../io.ts'
import { srs } from './srs-codec.ts'
import { withConfig } from '../with-config.ts'

export interface SrsCommand {
  readonly action: string
  readonly address: string
  readonly config?: string
  readonly secretFile?: readonly string[]
  readonly domain?: string
  /** Unix milliseconds. */
  readonly at?: number
  readonly json?: boolean
}

export function srsCommand(command: SrsCommand, io: Io): Promise<number> | number {
  const { action, address, config, secretFile = [] } = command
  const refuse = (text: string) => {
    line(io.stderr, text)
    return USAGE
  }
  if (action !== 'encode' && action !== 'decode') return refuse(`found ${action}, expected encode or decode`)
  const domain = command.domain === undefined ? undefined : normalDomain(command.domain)
  if (domain === null || domain?.startsWith('[')) return refuse(`--domain: found ${command.domain}, expected a domain`)
  const asked = { action, address, at: command.at ?? Date.now(), json: command.json === true } as const
  if (config !== undefined)
    return withConfig(config, io, (node) =>
      node.srs
        ? srs({ ...asked, ...srsSettings(node.srs), domain: domain ?? node.srs.domain, isOwn: ownDomains(node) }, io)
        : refuse(`${config}: found no srs, expected a domain and secrets`),
    )
  const read = secretFile.map(readSecretFile)
  const bad = read.find((one) => 'problem' in one)
  if (bad) return refuse(`--secret-file: ${bad.problem}`)
  return srs({ ...asked, secrets: read.flatMap((one) => ('secret' in one ? one.secret : [])), domain }, io)
}

/** Whose senders the node leaves as they are. Faults of its data are the business of `check`: then the main domain alone is known. */
function ownDomains(node: Config): (domain: string) => boolean {
  const { directory } = loadDirectory(routingFiles(node, []))
  return (domain) => domain === node.domain || directory?.domain(domain) !== undefined
}

/** An empty secret would sign what anybody can sign. */
function readSecretFile(file: string): { readonly secret: string } | { readonly problem: string } {
  try {
    const secret = readFileSync(file, 'utf8').trim()
    if (/[\r\n]/.test(secret))
      return { problem: `found several lines in ${file}, expected one secret: each has a file of its own` }
    return secret === '' ? { problem: `found ${file}, which is empty, expected a file with one secret` } : { secret }
  } catch (error) {
    return {
      problem: `found ${file}, which cannot be read (${(error as Error).message}), expected a file with one secret`,
    }
  }
}
