// Debian hosts for the walk: each is a view of this machine with systemd as its first process, sshd, a resolver, and an address in a network
// that only these hosts have. It needs root.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { until } from '../lib/until.ts'

export interface PracticeHost {
  readonly name: string
  /** IPv4. All addresses of all hosts are in one network without a router. */
  readonly addresses: readonly string[]
  /** Files that the host has before it starts, by absolute path. */
  readonly files?: Readonly<Record<string, string | Buffer>>
  /** A shell script that runs in the host before systemd. */
  readonly prepare?: string
}

export interface PracticeHosts {
  /** Starts a program as root in the host. */
  enter(host: string, command: readonly string[]): ChildProcess
  /** Runs a shell script as root in the host, without input. */
  run(host: string, script: string): { readonly status: number | null; readonly output: string }
  /** An interactive shell on the host, with the terminal of this process. */
  shell(host: string): void
  close(): Promise<void>
}

/** Only ends a start that hangs: six hosts start at the same time. */
const START_MS = 120_000

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const bootScript = readFileSync(join(import.meta.dirname, 'practice-host.sh'), 'utf8')
const cgroups = ['/sys/fs/cgroup', '/sys/fs/cgroup/systemd', '/sys/fs/cgroup/unified'].filter((path) =>
  existsSync(join(path, 'cgroup.procs')),
)

/** Runs a command of the machine that must work. */
function must(command: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`)
}

/** A process that holds a network namespace with a switch. */
async function startSwitch(): Promise<ChildProcess> {
  const script = 'ip link add name switch type bridge && ip link set switch up && echo ready && read end'
  const held = spawn('unshare', ['--net', 'sh', '-c', script], { stdio: ['pipe', 'pipe', 'inherit'] })
  let ready = false
  held.stdout.once('data', () => (ready = true))
  await until(() => ready || held.exitCode !== null, { what: 'the switch', timeout: START_MS })
  if (!ready) throw new Error('cannot make a network namespace')
  return held
}

/** The first process of a PID namespace, by the `unshare` that made it; null before it runs. */
function firstChild(pid: number): number | null {
  const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')
  return child ? Number(child) : null
}

async function connect(host: PracticeHost, { pid, bridge, port }: { pid: number; bridge: number; port: string }) {
  must('ip', ['link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(pid)])
  must('ip', ['link', 'set', port, 'netns', String(bridge)])
  must('nsenter', ['-t', String(bridge), '-n', 'ip', 'link', 'set', port, 'master', 'switch', 'up'])
  const inside = (...args: string[]) => must('nsenter', ['-t', String(pid), '-n', 'ip', ...args])
  inside('link', 'set', 'lo', 'up')
  for (const address of host.addresses) inside('address', 'add', `${address}/24`, 'dev', 'eth0')
  inside('link', 'set', 'eth0', 'up')
  inside('route', 'add', 'default', 'dev', 'eth0')
}

/** Writes the files of a host into a folder that its boot copies over the view of this machine. */
function writeFiles(folder: string, host: PracticeHost): void {
  const files = { ...host.files, '/etc/practice/prepare.sh': host.prepare ?? '' }
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(folder, dirname(path)), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
}

/** @returns the hosts, which answer on port 22 */
export async function startPracticeHosts(hosts: readonly PracticeHost[]): Promise<PracticeHosts> {
  const folder = mkdtempSync(join(tmpdir(), 'waypost-hosts-'))
  const bridge = await startSwitch()
  const started = new Map<string, { readonly process: ChildProcess; readonly pid: number }>()
  const groupOf = (base: string, name: string) => join(base, `${folder.split('/').at(-1)}-${name}`)

  const start = async (host: PracticeHost, n: number) => {
    const own = join(folder, host.name)
    const files = join(folder, `${host.name}.files`)
    mkdirSync(own)
    writeFiles(files, host)
    // The boot script is one text; the files are copied into the view when it is mounted.
    const boot = bootScript.replace('\nhostname ', `\ncp -r '${files}'/. "$root"\nhostname `)
    const groups = cgroups.map((base) => groupOf(base, host.name))
    const join_ = groups.map((group) => `mkdir '${group}' && echo $$ > '${group}/cgroup.procs'`).join('\n')
    const unshare = 'exec unshare --fork --kill-child --pid --mount --net --uts --ipc --cgroup'
    const script = `set -e\n${join_}\n${unshare} sh -c "$1" sh "$2" "$3"`
    const child = spawn('sh', ['-c', script, 'sh', boot, own, host.name], { stdio: ['ignore', 'inherit', 'inherit'] })
    const pid = await new Promise<number>((resolve, reject) => {
      child.once('exit', () => reject(new Error(`the host ${host.name} did not start`)))
      void until(
        () => {
          const first = firstChild(child.pid as number)
          if (first !== null && readFileSync(`/proc/${child.pid}/comm`, 'utf8') === 'unshare\n') resolve(first)
          return first !== null && readFileSync(`/proc/${child.pid}/comm`, 'utf8') === 'unshare\n'
        },
        { what: `the host ${host.name}`, timeout: START_MS },
      ).catch(reject)
    })
    started.set(host.name, { process: child, pid })
    await connect(host, { pid, bridge: bridge.pid as number, port: `practice${n}` })
  }

  const inside = (host: string) => ['-t', String(started.get(host)?.pid), '-a', '--']
  const run = (host: string, script: string) => {
    const args = [...inside(host), 'env', '-i', `PATH=${PATH}`, 'sh', '-c', script]
    const { status, stdout, stderr } = spawnSync('nsenter', args, { encoding: 'utf8', input: '' })
    return { status, output: `${stdout}${stderr}` }
  }
  const close = async () => {
    const ended = [...started.values()].map(
      ({ process: host }) =>
        new Promise<void>((resolve) => (host.exitCode === null ? host.once('exit', () => resolve()) : resolve())),
    )
    for (const { process: host } of started.values()) host.kill('SIGKILL')
    await Promise.all(ended)
    bridge.stdin?.end()
    for (const base of cgroups)
      for (const { name } of hosts)
        spawnSync('find', [groupOf(base, name), '-depth', '-type', 'd', '-exec', 'rmdir', '{}', ';'])
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  try {
    for (const [n, host] of hosts.entries()) await start(host, n)
    for (const { name } of hosts)
      await until(() => run(name, 'systemctl is-active ssh unbound').output === 'active\nactive\n', {
        what: `ssh and resolver of ${name}`,
        timeout: START_MS,
      })
  } catch (error) {
    await close()
    throw error
  }
  const enter = (host: string, command: readonly string[]) =>
    spawn('nsenter', [...inside(host), 'env', '-i', `PATH=${PATH}`, ...command])
  const shell = (host: string) => {
    const own = [`PATH=${PATH}`, 'HOME=/root', `TERM=${process.env['TERM'] ?? 'dumb'}`]
    spawnSync('nsenter', [...inside(host), 'env', '-i', '-C', '/root', ...own, 'bash', '-i'], { stdio: 'inherit' })
  }
  return { run, enter, shell, close }
}
