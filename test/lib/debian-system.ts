// A Debian system for tests that install packages: a view of this one whose changes are in memory. It needs root.

import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from './until.ts'

export interface DebianSystem {
  /** Runs a shell script as root in the system, without input: nothing may ask. */
  readonly run: (script: string) => { readonly status: number | null; readonly output: string }
  close(): Promise<void>
}

/** Only ends a script that hangs. */
const PATIENCE_MS = 600_000

/** Mounts the view, and waits. The mounts end with the process. */
const hostScript = `
set -e
mount -t tmpfs changes "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
mount -t proc proc "$1/root/proc"
mount --bind /dev "$1/root/dev"
mount -t tmpfs tmp "$1/root/tmp"
cp -r "$2"/. "$1/root/tmp"
echo ready
read end
`

/** @param files the folder whose content is in /tmp of the system */
export async function startDebianSystem(files: string): Promise<DebianSystem> {
  const mounts = mkdtempSync(join(tmpdir(), 'waypost-system-'))
  const host = spawn('unshare', ['--mount', 'sh', '-c', hostScript, 'sh', mounts, files])
  const ended = new Promise<void>((resolve) => host.once('exit', () => resolve()))
  let output = ''
  host.stdout.on('data', (text) => (output += String(text)))
  host.stderr.on('data', (text) => (output += String(text)))
  const close = async () => {
    host.stdin.end()
    await ended
    rmSync(mounts, { recursive: true, force: true })
  }
  await until(() => output.includes('ready') || host.exitCode !== null, { what: 'the mounts', timeout: PATIENCE_MS })
  if (output !== 'ready\n') {
    await close()
    throw new Error(`cannot mount a separate system: ${output}`)
  }
  const run = (script: string) => {
    const args = ['-t', `${host.pid}`, '-m', 'chroot', join(mounts, 'root'), 'sh', '-c', script]
    const { status, stdout, stderr } = spawnSync('nsenter', args, { encoding: 'utf8', input: '', timeout: PATIENCE_MS })
    return { status, output: `${stdout}${stderr}` }
  }
  return { run, close }
}
