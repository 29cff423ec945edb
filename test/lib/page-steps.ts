// Runs the commands of a page in one shell, in an empty home folder, and compares what they print with the page.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')
const MARK = '@@@ block '

export interface Step {
  readonly commands: string
  /** Lines that the commands print, in this order, among others. `…` stands for any text. */
  readonly output: readonly string[]
}

/** The `sh` blocks of the page, each with the `text` block that follows it. */
export function readSteps(text: string): Step[] {
  const blocks = [...text.matchAll(/^```(sh|text)\n(.*?)^```$/gms)].map((match) => ({
    kind: match[1],
    text: match[2]!,
  }))
  return blocks.flatMap(({ kind, text: commands }, i) => {
    const next = blocks[i + 1]
    const output = next?.kind === 'text' ? next.text.trimEnd().split('\n') : []
    return kind === 'sh' ? [{ commands, output }] : []
  })
}

/** What differs from run to run: queue IDs, SRS hashes and days, fingerprints, times, dates of selectors, the home folder. */
function normalised(line: string, home: string): string {
  return line
    .replaceAll(home, '/home/kim')
    .replace(/\r$/, '')
    .replace(/\b(?=[A-Za-z]*\d)[0-9A-Za-z]{16}\b/g, 'QUEUE-ID')
    .replace(/SRS0=[\w+/-]{4,27}=[A-Z2-7]{2}=/g, 'SRS0=HASH=DAY=')
    .replace(/\b[0-9a-f]{64}\b/g, 'FINGERPRINT')
    .replace(/\d{4}-\d\d-\d\d[T ][\d:.]+Z/g, 'TIME')
    .replace(/-20\d{6}\b/g, '-DATE')
}

function matches(printed: string, expected: string): boolean {
  const parts = expected.split('…').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`).test(printed)
}

/** The expected lines that do not appear in the printed ones, in order. */
export function missingLines(printed: readonly string[], expected: readonly string[]): string[] {
  let from = 0
  return expected.filter((line) => {
    const at = printed.findIndex((one, i) => i >= from && matches(one, line))
    if (at >= 0) from = at + 1
    return at < 0
  })
}

export interface ShellResult {
  readonly status: number | null
  /** Of standard output and standard error. */
  readonly output: string
}

/** Runs a script of bash, which ends at the first command that fails. */
export type Shell = (script: string) => Promise<ShellResult>

/** Runs a script with bash, and kills what it leaves running. @param options by default the script ends at the first command that fails */
export async function runInShell(
  script: string,
  home: string,
  { cwd = root, options = ['-e'] }: { readonly cwd?: string; readonly options?: readonly string[] } = {},
): Promise<ShellResult> {
  const child = spawn('bash', options, { cwd, env: { ...process.env, HOME: home }, detached: true })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
  child.stdin.end(script)
  try {
    const status = await new Promise<number | null>((resolve) => child.once('close', resolve))
    return { status, output }
  } finally {
    // The nodes run in the background of the shell, so they are in its process group.
    try {
      process.kill(-(child.pid as number), 'SIGKILL')
    } catch {
      // The group has ended.
    }
  }
}

/** Runs the steps in one shell; returns what each printed, and the exit status of the shell. */
async function runSteps(steps: readonly Step[], shell: Shell) {
  const script = steps.map(({ commands }, i) => `echo '${MARK}${i}'\n${commands}`).join('')
  const { status, output } = await shell(script)
  return { status, printed: output.split(/^@@@ block \d+\n/m).slice(1) }
}

export interface StepResults {
  /** Each step whose output lacks lines of the page. */
  readonly failures: readonly {
    readonly commands: string
    readonly missing: readonly string[]
    readonly lines: readonly string[]
  }[]
  /** Of the shell. */
  readonly status: number | null
  /** What the step printed at which the shell ended; empty after the last step. */
  readonly last: string | undefined
}

/** Runs all steps in a shell of this machine, in an empty home folder, and removes it. */
export async function compareSteps(steps: readonly Step[]): Promise<StepResults> {
  const home = mkdtempSync(join(tmpdir(), 'waypost-tutorial-'))
  try {
    return await compareStepsIn((script) => runInShell(script, home), steps, home)
  } finally {
    rmSync(home, { recursive: true, force: true, maxRetries: 5 })
  }
}

/**
 * Runs all steps in a shell.
 * @param home the home folder of the shell, which the page calls /home/kim
 */
export async function compareStepsIn(shell: Shell, steps: readonly Step[], home: string): Promise<StepResults> {
  const { status, printed } = await runSteps(steps, shell)
  const failures = steps.flatMap(({ commands, output: expected }, i) => {
    const lines = (printed[i] ?? '').split('\n').map((line) => normalised(line, home))
    const missing = missingLines(
      lines,
      expected.map((line) => normalised(line, home)),
    )
    return missing.length > 0 ? [{ commands, missing, lines }] : []
  })
  return { failures, status, last: printed.length === steps.length ? '' : printed.at(-1) }
}
