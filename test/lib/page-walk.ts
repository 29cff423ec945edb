// A page of the playbook: its `sh demo` blocks run in the folder of a broken demonstration, and the `text` block after one is an excerpt of
// what it prints. A block without one prints nothing.

import { missingLines, runInShell } from './page-steps.ts'
import { testedCommand } from './tested-program.ts'

interface Block {
  readonly commands: string
  /** Lines in their order, among others; `…` stands for any text. Null: the commands print nothing. */
  readonly excerpt: readonly string[] | null
  /** Where the lines of the excerpt are in the page. */
  readonly at: { readonly from: number; readonly to: number; readonly indent: string; readonly hasFence: boolean }
}

export interface WalkFailure {
  readonly commands: string
  readonly missing: readonly string[]
  readonly printed: readonly string[]
  readonly at: Block['at']
}

const MARK = '@@@ block '
/** The heading whose commands run when the fleet is repaired. */
const AFTER = '\n## Healthy again\n'
/** What the pages write for the folder of the demonstration. */
const FOLDER = '/tmp/waypost-demo'

/** The blocks before the repair is complete, and those after it. */
export function readWalk(page: string): { readonly repair: readonly Block[]; readonly healthy: readonly Block[] } {
  const pattern = /^( *)```sh demo\n(.*?)^ *```\n(?:\n *```text\n(.*?)^ *```\n)?/gms
  const blocks = [...page.matchAll(pattern)].map((match): Block => {
    const [all, indent = '', commands = '', excerpt] = match
    const plain = (text: string) => text.replaceAll(new RegExp(`^${indent}`, 'gm'), '')
    const end = match.index + all.length
    if (excerpt === undefined)
      return { commands: plain(commands), excerpt: null, at: { from: end, to: end, indent, hasFence: false } }
    const to = match.index + all.lastIndexOf(`${indent}\`\`\``)
    const lines = plain(excerpt)
      .split('\n')
      .filter((line) => line !== '')
    const at = { from: to - excerpt.length, to, indent, hasFence: true }
    return { commands: plain(commands), excerpt: lines, at }
  })
  const border = page.indexOf(AFTER)
  return {
    repair: blocks.filter(({ at }) => at.to <= border),
    healthy: blocks.filter(({ at }) => at.to > border),
  }
}

/** Runs the blocks in one shell and returns those whose output is not that of the page. */
export async function runBlocks(blocks: readonly Block[], folder: string): Promise<WalkFailure[]> {
  const [command, args] = testedCommand([])
  const quoted = [command, ...args].map((one) => `'${one}'`).join(' ')
  const script = blocks.map(({ commands }, i) => `echo '${MARK}${i}'\n${commands}`).join('')
  // As an argument: a command would read the rest of a script on standard input.
  const options = ['-c', `exec 2>&1\nwaypost() { ${quoted} "$@"; }\n${script}`]
  const { output } = await runInShell('', folder, { cwd: folder, options })
  const printed = output.split(/^@@@ block \d+\n/m).slice(1)
  return blocks.flatMap(({ commands, excerpt, at }, i) => {
    const lines = (printed[i] ?? '')
      .replaceAll(folder, FOLDER)
      .trimEnd()
      .split('\n')
      .filter((line) => line !== '')
    const shown = excerpt ?? []
    const missing = missingLines(lines.map(normalised), shown.map(normalised))
    const isSilent = excerpt === null && lines.length > 0
    const isEmpty = excerpt?.length === 0
    return missing.length > 0 || isSilent || isEmpty ? [{ commands, missing, printed: lines, at }] : []
  })
}

/** The page with all that the failing blocks print; a person shortens it. */
export function withOutput(page: string, failures: readonly WalkFailure[]): string {
  return failures
    .toSorted((a, b) => b.at.from - a.at.from)
    .reduce((text, { printed, at }) => {
      const lines = printed.map((line) => `${at.indent}${line}\n`).join('')
      const fence = `${at.indent}\`\`\``
      const added = at.hasFence ? lines : `\n${fence}text\n${lines}${fence}\n`
      return `${text.slice(0, at.from)}${added}${text.slice(at.to)}`
    }, page)
}

/** What differs from run to run: queue IDs, times, durations, ports, sizes, hashes, and how columns are padded for them. */
function normalised(line: string): string {
  return line
    .replaceAll(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::[\d.]+)?Z/g, 'TIME')
    .replaceAll(/\b(?=[A-Za-z]*\d)[0-9A-Za-z]{16}\b/g, 'QUEUE-ID')
    .replaceAll(/SRS0=[\w+/-]{4,27}=[A-Z2-7]{2}=/g, 'SRS0=HASH=DAY=')
    .replaceAll(/\b[0-9a-f]{64}\b/g, 'FINGERPRINT')
    .replaceAll(/letter\.\w+\.\d+@/g, 'letter@')
    .replaceAll(/\b(?:\d+(?:\.\d+)?(?:ms|[smhd]))+\b|\b\d+(?:\.\d+)? (?:ms|s|days|bytes)\b/g, 'AMOUNT')
    .replaceAll(/(127\.[\d.]+\]?):\d+/g, '$1:PORT')
    .replaceAll(/\s+/g, ' ')
    .trim()
}
