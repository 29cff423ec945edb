// Exim as a client: queues mail and sends it to one host in one queue run. It uses BDAT where the host offers CHUNKING.

import { spawnSync } from 'node:child_process'
import { chmodSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eximProgram } from './catalogue.ts'

export interface Exim {
  /** Puts a message into the queue. */
  queue(sender: string, recipient: string, message: string): void
  /** Sends everything; returns the dialogue of the deliveries, as Exim's debugging prints it. */
  send(): string
  /** The main log. */
  log(): string
  remove(): void
}

export function createExim(host: { readonly address: string; readonly port: number }): Exim {
  const folder = mkdtempSync(join(tmpdir(), 'waypost-exim-'))
  chmodSync(folder, 0o755)
  for (const part of ['spool', 'log']) mkdirSync(join(folder, part))
  spawnSync('chown', ['Debian-exim', join(folder, 'spool'), join(folder, 'log')])
  const config = join(folder, 'exim.conf')
  writeFileSync(config, settings(folder, host))
  const run = (args: readonly string[], input = ''): string => {
    const result = spawnSync(eximProgram, ['-C', config, ...args], { encoding: 'utf8', input, timeout: 60_000 })
    if (result.status !== 0) throw new Error(`exim ended with ${result.status}: ${result.stderr.slice(-2000)}`)
    return result.stderr
  }
  return {
    queue: (sender, recipient, message) => void run(['-odq', '-oi', '-f', sender, recipient], message),
    send: () => run(['-d-all+transport', '-qf']),
    log: () =>
      globSync('log/*', { cwd: folder })
        .map((file) => readFileSync(join(folder, file), 'utf8'))
        .join(''),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** The main section. */
function general(folder: string): string {
  return `exim_path = ${eximProgram}
spool_directory = ${folder}/spool
log_file_path = ${folder}/log/%slog
primary_hostname = exim.test
qualify_domain = exim.test
local_interfaces = 127.0.0.1
keep_environment =
queue_run_in_order
remote_max_parallel = 1
`
}

function settings(folder: string, { address, port }: { readonly address: string; readonly port: number }): string {
  return `${general(folder)}begin acl
begin routers
all:
  driver = manualroute
  route_list = * ${address}::${port} byname
  self = send
  transport = out
begin transports
out:
  driver = smtp
  port = ${port}
  hosts_avoid_tls = *
  allow_localhost
`
}

interface EximMail {
  readonly sender: string
  readonly recipient: string
  readonly message: string
}

/**
 * Sends one message with routers, transports and authenticators of a configuration, in a folder that exists.
 * @returns its main log
 */
export function runEximConfiguration(folder: string, configuration: string, mail: EximMail): string {
  for (const part of ['spool', 'log']) mkdirSync(join(folder, part))
  spawnSync('chown', ['Debian-exim', join(folder, 'spool'), join(folder, 'log')])
  const config = join(folder, 'exim.conf')
  writeFileSync(config, `${general(folder)}begin acl\n${configuration}`)
  const args = ['-C', config, '-odi', '-oi', '-f', mail.sender, mail.recipient]
  const run = spawnSync(eximProgram, args, { encoding: 'utf8', input: mail.message, timeout: 60_000 })
  const files = globSync('log/*', { cwd: folder }).map((file) => readFileSync(join(folder, file), 'utf8'))
  return `${run.stderr}${files.join('')}`
}
