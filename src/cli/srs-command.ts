// waypost srs: secrets and domain from a node's YAML or from the command line; srs.ts does the rest.

import { readFileSync } from 'node:fs'
import { line, USAGE } from './io.ts'
import type { Io } from './io.ts'
import { srs } from './srs.ts'
import { withConfig } from './with-config.ts'

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
  const { action, address, config } = command
  if (action !== 'encode' && action !== 'decode') {
    line(io.stderr, `found ${action}, expected encode or decode`)
    return USAGE
  }
  const asked = { action, address, at: command.at ?? Date.now(), json: command.json === true } as const
  if (config === undefined)
    return srs({ ...asked, secrets: (command.secretFile ?? []).map(readSecretFile), domain: command.domain }, io)
  return withConfig(config, io, ({ srs: node }) => {
    if (node) return srs({ ...asked, secrets: node.secrets, domain: command.domain ?? node.domain }, io)
    line(io.stderr, `${config}: found no srs, expected a domain and secrets`)
    return USAGE
  })
}

function readSecretFile(file: string): string {
  return readFileSync(file, 'utf8').trim()
}
