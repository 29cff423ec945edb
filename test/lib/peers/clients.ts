// Mail programs of others as clients of our nodes: swaks and msmtp, run to their end.

import { spawn } from 'node:child_process'

export interface ClientRun {
  readonly status: number | null
  /** Everything it printed: for swaks the whole dialogue. */
  readonly output: string
}

/** A client that hangs is a finding, not a reason to wait for ever. */
const PATIENCE = 60_000

function run(program: string, args: readonly string[], input: string): Promise<ClientRun> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'pipe', timeout: PATIENCE })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
    child.once('error', reject)
    child.once('close', (status) => resolve({ status, output }))
    child.stdin.on('error', () => undefined) // it ended without reading
    child.stdin.end(input)
  })
}

/** swaks ends with 0 if the mail was accepted; its dialogue is the output. */
export function runSwaks(...args: string[]): Promise<ClientRun> {
  return run('swaks', args, '')
}

/** The command of GNU SASL: logs in and ends. */
export function runGsasl(...args: string[]): Promise<ClientRun> {
  return run('gsasl', args, '')
}

/** msmtp in sendmail's manner: recipients as arguments, the message on standard input. No configuration file is read. */
export function runMsmtp(message: string, ...args: string[]): Promise<ClientRun> {
  return run('msmtp', ['--file=/dev/null', ...args], message)
}
