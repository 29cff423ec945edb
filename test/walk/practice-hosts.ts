// Debian hosts for the walk: each is a view of this machine with systemd as its first process, sshd, a resolver, and an address in a network
// that only these hosts have. It needs root.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
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

/** The processes of a host end shortly after its first one; a group with processes cannot be removed. */
const removeGroup = `for try in $(seq 100); do
  [ -d "$1" ] || exit 0
  find "$1" -depth -type d -exec rmdir {} ";" 2> /dev/null
  sleep 0.1
done
echo "cannot remove $1" >&2; exit 1`

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

/** Gives the host its addresses, on a port of the switch. */
function connect(host: PracticeHost, { pid, bridge, port }: { pid: number; bridge: number; port: string }): void {
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

interface Running {
  readonly process: ChildProcess
  /** Of systemd, as this machine counts. */
  readonly pid: number
}

/** Boots a host in a separate cgroup below each of the machine's. */
async function boot(
  host: PracticeHost,
  { folder, groups }: { folder: string; groups: readonly string[] },
): Promise<Running> {
  const view = join(folder, host.name)
  const files = join(folder, `${host.name}.files`)
  mkdirSync(view)
  writeFiles(files, host)
  const enterGroups = groups.map((group) => `mkdir '${group}' && echo $$ > '${group}/cgroup.procs'`)
  const unshare = 'exec unshare --fork --kill-child --pid --mount --net --uts --ipc --cgroup sh -c "$@"'
  const script = ['set -e', ...enterGroups, unshare].join('\n')
  const child = spawn('sh', ['-c', script, 'sh', bootScript, 'sh', view, host.name, files], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const isUnshare = () => readFileSync(`/proc/${child.pid}/comm`, 'utf8') === 'unshare\n'
  const systemd = () => (child.exitCode === null && isUnshare() ? firstChild(child.pid as number) : null)
  await until(() => systemd() !== null || child.exitCode !== null, { what: `the host ${host.name}`, timeout: START_MS })
  const pid = systemd()
  if (pid === null) throw new Error(`the host ${host.name} did not start`)
  return { process: child, pid }
}

/** Ends a host with all its processes. */
async function end({ process: host }: Running): Promise<void> {
  if (host.exitCode !== null || host.signalCode !== null) return
  const ended = new Promise<void>((resolve) => host.once('exit', () => resolve()))
  host.kill('SIGKILL')
  await ended
}

/** @returns the hosts, which answer on port 22 */
export async function startPracticeHosts(hosts: readonly PracticeHost[]): Promise<PracticeHosts> {
  const folder = mkdtempSync(join(tmpdir(), 'waypost-hosts-'))
  const bridge = await startSwitch()
  const started = new Map<string, Running>()
  const groupsOf = (name: string) => cgroups.map((base) => join(base, `${basename(folder)}-${name}`))
  const close = async () => {
    await Promise.all([...started.values()].map(end))
    bridge.stdin?.end()
    for (const group of hosts.flatMap(({ name }) => groupsOf(name))) must('sh', ['-c', removeGroup, 'sh', group])
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  const access = accessTo((host) => started.get(host)?.pid)
  try {
    for (const [n, host] of hosts.entries()) {
      const running = await boot(host, { folder, groups: groupsOf(host.name) })
      started.set(host.name, running)
      connect(host, { pid: running.pid, bridge: bridge.pid as number, port: `practice${n}` })
    }
    for (const { name } of hosts)
      await until(() => access.run(name, 'systemctl is-active ssh unbound').output === 'active\nactive\n', {
        what: `ssh and resolver of ${name}`,
        timeout: START_MS,
      })
  } catch (error) {
    await close()
    throw error
  }
  return { ...access, close }
}

/** Programs in the namespaces of a host. */
function accessTo(pidOf: (host: string) => number | undefined): Omit<PracticeHosts, 'close'> {
  const inside = (host: string, ...more: readonly string[]) => [
    '-t',
    String(pidOf(host)),
    '-a',
    '--',
    'env',
    '-i',
    ...more,
  ]
  return {
    enter: (host, command) => spawn('nsenter', [...inside(host, `PATH=${PATH}`), ...command]),
    run: (host, script) => {
      const args = [...inside(host, `PATH=${PATH}`), 'sh', '-c', script]
      const { status, stdout, stderr } = spawnSync('nsenter', args, { encoding: 'utf8', input: '' })
      return { status, output: `${stdout}${stderr}` }
    },
    shell: (host) => {
      const own = ['-C', '/root', `PATH=${PATH}`, 'HOME=/root', `TERM=${process.env['TERM'] ?? 'dumb'}`]
      spawnSync('nsenter', [...inside(host, ...own), 'bash', '-i'], { stdio: 'inherit' })
    },
  }
}
