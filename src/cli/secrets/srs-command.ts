// waypost srs: reads the secrets and the domain from the YAML of a node or from the command line.

import { readFileSync } from 'node:fs'
import { readShortHashes } from '../../node/srs-hash-record.ts'
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
  readonly at: number
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
  const common = { action, address, at: command.at, json: command.json === true } as const
  if (config !== undefined)
    return withConfig(config, io, async (node) => {
      if (!node.srs) return refuse(`${config}: found no srs, expected srs with a domain and secrets`)
      const settings = srsSettings(node.srs, await readShortHashes(node, command.at))
      return srs({ ...common, ...settings, domain: domain ?? settings.domain, isOwn: ownDomains(node) }, io)
    })
  const read = secretFile.map(readSecretFile)
  const bad = read.find((one) => 'problem' in one)
  if (bad) return refuse(`--secret-file: ${bad.problem}`)
  return srs({ ...common, secrets: read.flatMap((one) => ('secret' in one ? one.secret : [])), domain }, io)
}

/** Our domains, whose reverse-paths are not rewritten. If the routing data have errors, only the main domain is known; `check` reports them. */
function ownDomains(node: Config): (domain: string) => boolean {
  const { directory } = loadDirectory(routingFiles(node, []))
  return (domain) => domain === node.domain || directory?.domain(domain) !== undefined
}

/** An empty secret is rejected: anyone could sign with it. */
function readSecretFile(file: string): { readonly secret: string } | { readonly problem: string } {
  try {
    const secret = readFileSync(file, 'utf8').trim()
    if (/[\r\n]/.test(secret)) return { problem: `found several lines in ${file}, expected one secret per file` }
    return secret === '' ? { problem: `found ${file}, which is empty, expected a file with one secret` } : { secret }
  } catch (error) {
    return {
      problem: `found ${file}, which cannot be read (${(error as Error).message}), expected a file with one secret`,
    }
  }
}
