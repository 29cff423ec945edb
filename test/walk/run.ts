// `npm run walk`: runs every command of docs/tutorial/first-day.md on six Debian hosts with systemd and compares what they print with the page.
// `--shell` opens a shell on the operator's host instead; `--write` puts the times into the page; `--deb FILE` is the package.

import { spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { describeMachine } from '../bench/machine.ts'
import { wrap } from '../lib/wrap.ts'
import { compareStepsIn, readSteps, type ShellResult, type Step } from '../lib/page-steps.ts'
import { type PracticeHosts, startPracticeHosts } from './practice-hosts.ts'
import { hostsOfTheWalk, OPERATOR } from './the-internet.ts'

const root = join(import.meta.dirname, '../..')
const page = join(root, 'docs/tutorial/first-day.md')
const BLOCK = /^@@@ block (\d+)$/gm

/** What the hosts need beyond a base system: package, and a file of it. */
const needed = {
  'openssh-server': '/usr/sbin/sshd',
  unbound: '/usr/sbin/unbound',
  nsd: '/usr/sbin/nsd',
  postfix: '/usr/sbin/postfix',
  systemd: '/lib/systemd/systemd',
  iproute2: '/sbin/ip',
  openssl: '/usr/bin/openssl',
}

const { values } = parseArgs({
  options: {
    shell: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    deb: { type: 'string' },
  },
})

/** The package to install; ends the program with the reason if the walk cannot begin. */
function packageOrEnd(): string {
  const deb =
    values.deb ??
    globSync('dist/waypost_*.deb', { cwd: root })
      .map((file) => join(root, file))
      .toSorted()
      .at(-1)
  const missing = Object.entries(needed).flatMap(([name, file]) => (existsSync(file) ? [] : [name]))
  const reasons = [
    ...(process.getuid?.() === 0 ? [] : ['the walk makes network namespaces and mounts: run it as root']),
    ...(missing.length > 0 ? [`install first: apt-get install ${missing.join(' ')}`] : []),
    ...(deb !== undefined && existsSync(deb)
      ? []
      : ['no Debian package: run `npm run build -- --deb`, or name one with --deb']),
  ]
  for (const reason of reasons) process.stderr.write(`${reason}\n`)
  if (reasons.length > 0) process.exit(1)
  return deb as string
}

/** A key pair of ssh for the operator. */
function sshKey(): { readonly secret: string; readonly open: string } {
  const folder = mkdtempSync(join(tmpdir(), 'waypost-walk-'))
  try {
    const file = join(folder, 'key')
    spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'operator', '-f', file])
    return { secret: readFileSync(file, 'utf8'), open: readFileSync(`${file}.pub`, 'utf8') }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Seconds from the start of the script to the start of each block, and at the end to its end. */
type Starts = number[]

async function runOnHost(hosts: PracticeHosts, script: string, starts: Starts): Promise<ShellResult> {
  // A file, because ssh reads the standard input of the shell.
  const child = hosts.enter(OPERATOR, [
    'HOME=/root',
    'sh',
    '-c',
    'cd && cat > walk.sh && exec bash -e walk.sh < /dev/null 2>&1',
  ])
  const begin = performance.now()
  const seconds = () => (performance.now() - begin) / 1000
  let output = ''
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk
    const blocks = output.match(BLOCK)?.length ?? 0
    while (starts.length < blocks) starts.push(seconds())
    process.stderr.write(chunk)
  })
  child.stdin?.end(script)
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve))
  starts.push(seconds())
  return { status, output }
}

interface Section {
  readonly title: string
  readonly steps: readonly Step[]
}

function readSections(text: string): Section[] {
  const parts = text.split(/^## /m).slice(1)
  return parts
    .map((part) => ({ title: part.slice(0, part.indexOf('\n')), steps: readSteps(part) }))
    .filter(({ steps }) => steps.length > 0)
}

/** The seconds of each section as a table. */
function timeTable(sections: readonly Section[], starts: Starts): string {
  const machine = describeMachine()
  let at = 0
  const rows = sections.map(({ title, steps }) => {
    const from = starts[at] as number
    at += steps.length
    return `| ${title} | ${Math.round((starts[at] as number) - from)} s |`
  })
  const revision = spawnSync('git', ['-C', root, 'rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).stdout.trim()
  const head = `\`npm run walk -- --write\` at revision ${revision}, ${machine.processor}, ${machine.cores} cores, ${machine.system}, load average ${machine.load.toFixed(1)} before the run:`
  return [wrap(head), '', '| step | commands |', '|---|---:|', ...rows].join('\n')
}

function writeTimes(table: string): void {
  const before = readFileSync(page, 'utf8')
  const part = /(<!-- times -->\n)[^]*?(<!-- end -->)/
  if (!part.test(before)) throw new Error(`${page} has no part <!-- times -->`)
  writeFileSync(
    page,
    before.replace(part, (_, start: string, end: string) => `${start}${table}\n${end}`),
  )
}

async function walk(hosts: PracticeHosts): Promise<boolean> {
  const sections = readSections(readFileSync(page, 'utf8'))
  const steps = sections.flatMap((section) => section.steps)
  const starts: Starts = []
  const result = await compareStepsIn((script) => runOnHost(hosts, script, starts), steps, '/root')
  for (const { commands, missing, lines } of result.failures.slice(0, starts.length))
    process.stdout.write(
      `\n== differs from the page:\n${commands}-- missing:\n${missing.join('\n')}\n-- printed:\n${lines.join('\n')}\n`,
    )
  if (result.last !== '') process.stdout.write(`\n== the shell ended with ${result.status} here:\n${result.last}\n`)
  const passed = result.failures.length === 0 && result.last === '' && result.status === 0
  process.stdout.write(
    `\n${steps.length} blocks of commands, ${result.failures.length} differ: ${passed ? 'passed' : 'failed'}\n`,
  )
  if (passed) {
    const table = timeTable(sections, starts)
    process.stdout.write(`\n${table}\n`)
    if (values.write) writeTimes(table)
  }
  return passed
}

const deb = packageOrEnd()
const hosts = await startPracticeHosts(hostsOfTheWalk(readFileSync(deb), basename(deb), sshKey()))
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void hosts.close().finally(() => process.exit(1)))
try {
  if (values.shell) hosts.shell(OPERATOR)
  else process.exitCode = (await walk(hosts)) ? 0 : 1
} finally {
  await hosts.close()
}
