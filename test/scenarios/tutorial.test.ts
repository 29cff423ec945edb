// Runs the commands of docs/tutorial/four-nodes.md in one shell, in an empty home folder, and compares what they print with the page. Before
// the last step, which stops the nodes, it runs the commands of the how-to pages on those nodes.

import { spawn } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { expect, it } from 'vitest'
import { commonFreePort } from '../../src/demo/demo-addresses.ts'

const root = join(import.meta.dirname, '../..')
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const tutorial = read('docs/tutorial/four-nodes.md')
const howTos = globSync('docs/how-to/*.md', { cwd: root }).toSorted()
/** A hundred processes start one after the other; a loaded machine needs two minutes. */
const TIMEOUT_MS = 600_000
const MARK = '@@@ block '

interface Step {
  readonly commands: string
  /** Lines that the commands print, in this order, among others. `…` stands for any text. */
  readonly output: readonly string[]
}

/** The `sh` blocks of the page, each with the `text` block that follows it. */
function readSteps(text: string): Step[] {
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

/** Files of the tutorial by the names that the how-to pages use: on a real host, all of them are beside node.yaml. */
const howToLayout = `
mkdir etc/added
for node in mx srs submission mta; do
  (cd $node && ln -s ../etc/* ../ca.key .)
  sed -i 's#../etc/mail.yaml#../etc/mail.yaml, ../etc/added#' $node/node.yaml
done
`

/** The same for addresses and ports. */
const howToHosts = [
  ['127.0.0.1:53', '127.0.0.1:5300'],
  ['submission-01.example.org:465', '127.0.1.3:4650'],
  ['mta-01.example.org:587', '127.0.1.4:5870'],
] as const

/** The commands of a how-to page. `sh NODE` blocks run in the folder of that node; `yaml mail` blocks are files of routing data. */
function howToSteps(file: string): Step[] {
  const text = howToHosts.reduce(
    (all, [real, local]) => all.replaceAll(new RegExp(`${real}\\b`, 'g'), local),
    read(file),
  )
  const blocks = [...text.matchAll(/^( *)```(sh|yaml) (\w+)\n(.*?)^ *```$/gms)]
  return blocks.map(([, indent, kind, place, lines], i) => {
    const content = (lines as string).replaceAll(new RegExp(`^${indent}`, 'gm'), '')
    const name = `${basename(file, '.md')}-${i}.yaml`
    const commands =
      kind === 'yaml' ? `cat > etc/added/${name} <<'EOF'\n${content}EOF\n` : `(cd ${place}\n${content})\n`
    return { commands: `# ${file}\n${commands}`, output: [] }
  })
}

/** Replaces the ports of the page, which may be in use on this machine. */
async function withFreePorts(steps: readonly Step[]): Promise<Step[]> {
  const addresses = ['127.0.1.1', '127.0.1.2', '127.0.2.1']
  const ports = {
    2525: await commonFreePort(addresses),
    4650: await commonFreePort(['127.0.1.3']),
    5870: await commonFreePort(['127.0.1.3', '127.0.1.4']),
    5300: await commonFreePort(['127.0.0.1']),
  }
  const replace = (text: string) =>
    Object.entries(ports).reduce((result, [port, free]) => result.replaceAll(port, `${free}`), text)
  return steps.map(({ commands, output }) => ({ commands: replace(commands), output: output.map(replace) }))
}

/** What differs from run to run: queue IDs, SRS hashes and days, fingerprints, times, dates of selectors, the home folder. */
function normalised(line: string, home: string): string {
  return line
    .replaceAll(home, '/home/kim')
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
function missingLines(printed: readonly string[], expected: readonly string[]): string[] {
  let from = 0
  return expected.filter((line) => {
    const at = printed.findIndex((one, i) => i >= from && matches(one, line))
    if (at >= 0) from = at + 1
    return at < 0
  })
}

async function runInShell(script: string, home: string): Promise<{ readonly status: number | null; output: string }> {
  const child = spawn('bash', ['-e'], { cwd: root, env: { ...process.env, HOME: home }, detached: true })
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
async function runSteps(steps: readonly Step[], home: string) {
  const script = steps.map(({ commands }, i) => `echo '${MARK}${i}'\n${commands}`).join('')
  const { status, output } = await runInShell(script, home)
  return { status, printed: output.split(/^@@@ block \d+\n/m).slice(1) }
}

it('the commands of the tutorial and of the how-to pages work', { timeout: TIMEOUT_MS }, async () => {
  const home = mkdtempSync(join(tmpdir(), 'waypost-tutorial-'))
  try {
    const steps = readSteps(tutorial)
    const added = [{ commands: howToLayout, output: [] }, ...howTos.flatMap(howToSteps)]
    expect(steps.length).toBeGreaterThan(20)
    expect(added.length).toBeGreaterThan(20)
    const all = await withFreePorts([...steps.slice(0, -1), ...added, ...steps.slice(-1)])
    const { status, printed } = await runSteps(all, home)
    const failures = all.flatMap(({ commands, output: expected }, i) => {
      const lines = (printed[i] ?? '').split('\n').map((line) => normalised(line, home))
      const missing = missingLines(
        lines,
        expected.map((line) => normalised(line, home)),
      )
      return missing.length > 0 ? [{ commands, missing, lines }] : []
    })
    expect(failures).toEqual([])
    expect({ status, last: printed.length === all.length ? '' : printed.at(-1) }).toEqual({ status: 0, last: '' })
  } finally {
    rmSync(home, { recursive: true, force: true, maxRetries: 5 })
  }
})
