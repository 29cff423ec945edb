// A throw-away PostgreSQL cluster on a loopback port. The server refuses to run as root, so as root it runs as the package's own user.

import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { chownSync, globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../free-port.ts'
import { until } from '../until.ts'

export interface Database {
  readonly port: number
  /** Runs statements with all rights. */
  run(sql: string): void
  kill(): Promise<void>
  start(): Promise<void>
  close(): Promise<void>
}

export const OWNER = { user: 'waypost', password: 'database-secret', database: 'mail' } as const

export interface DatabaseTls {
  readonly certificate: string
  readonly key: string
}

/** Starts a cluster with the database `mail` and the user `waypost`, who owns nothing. `tls` are PEM texts. */
export async function startPostgresql(tls?: DatabaseTls): Promise<Database> {
  const bin = join(globSync('/usr/lib/postgresql/*/bin/initdb').at(-1) ?? '', '..')
  const folder = mkdtempSync(join(tmpdir(), 'waypost-postgresql-'))
  const data = join(folder, 'data')
  const owner = process.getuid?.() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : {}
  writeFileSync(join(folder, 'password'), 'root-secret\n', { mode: 0o600 })
  if (tls) {
    writeFileSync(join(folder, 'server.pem'), tls.certificate)
    writeFileSync(join(folder, 'server.key'), tls.key, { mode: 0o600 })
  }
  for (const file of ['', 'password', ...(tls ? ['server.pem', 'server.key'] : [])]) {
    if (owner.uid !== undefined) chownSync(join(folder, file), owner.uid, owner.gid)
  }
  const call = (program: string, args: readonly string[], input = '') =>
    spawnSync(join(bin, program), args, { input, encoding: 'utf8', cwd: '/', ...owner })
  const must = (...args: Parameters<typeof call>) => {
    const { status, stderr } = call(...args)
    if (status !== 0) throw new Error(`${args[0]} ended with ${status}: ${stderr}`)
  }
  must('initdb', ['-D', data, '-A', 'scram-sha-256', '-U', 'root', `--pwfile=${folder}/password`, '-N'])
  const port = await freePort()
  const url = (database: string) => `postgresql://root:root-secret@127.0.0.1:${port}/${database}`
  const run = (sql: string, database = 'mail') => must('psql', ['-qX', '-v', 'ON_ERROR_STOP=1', url(database)], sql)
  const ssl = tls ? ['ssl=on', `ssl_cert_file=${folder}/server.pem`, `ssl_key_file=${folder}/server.key`] : []
  const settings = [`unix_socket_directories=${folder}`, 'listen_addresses=127.0.0.1', 'fsync=off', ...ssl]
  const args = ['-D', data, '-p', String(port), ...settings.flatMap((one) => ['-c', one])]
  let child: ChildProcess | null = null
  const start = async () => {
    child = spawn(join(bin, 'postgres'), args, { stdio: 'ignore', cwd: '/', ...owner })
    const ready = () => call('psql', ['-qXc', 'SELECT 1', url('postgres')]).status === 0
    await until(ready, { what: 'PostgreSQL to answer', timeout: 20_000, every: 100 })
  }
  await start()
  run('CREATE DATABASE mail', 'postgres')
  run(`CREATE ROLE ${OWNER.user} LOGIN PASSWORD '${OWNER.password}'`)
  // SIGQUIT is its immediate shutdown: with SIGKILL its children would keep the shared memory for a while.
  return { port, run, start, ...endings(() => child, { folder, signal: 'SIGQUIT' }) }
}

/** Of the user that the package has made. */
function idOf(which: '-u' | '-g'): number {
  return Number(spawnSync('id', [which, 'postgres'], { encoding: 'utf8' }).stdout)
}

/** How a database server ends. */
export function endings(
  child: () => ChildProcess | null,
  { folder, signal }: { readonly folder: string; readonly signal: NodeJS.Signals },
): Pick<Database, 'kill' | 'close'> {
  const kill = async () => {
    const running = child()
    if (!running || running.exitCode !== null || running.signalCode !== null) return
    await new Promise((resolve) => {
      running.once('exit', resolve)
      running.kill(signal)
    })
  }
  return {
    kill,
    close: async () => {
      await kill()
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
    },
  }
}
