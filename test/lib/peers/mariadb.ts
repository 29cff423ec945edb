// A throw-away MariaDB server on a loopback port, with its own data folder.

import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../free-port.ts'
import { isListening } from '../listening.ts'
import { until } from '../until.ts'
import { type Database, endings, OWNER } from './postgresql.ts'

/** Starts a server with the database `mail` and the user `waypost`, who may read it. */
export async function startMariadb(): Promise<Database & { readonly socket: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'waypost-mariadb-'))
  const data = join(folder, 'data')
  const socket = join(folder, 'socket')
  const user = `--user=${userInfo().username}`
  call('mariadb-install-db', [`--datadir=${data}`, user, '--auth-root-authentication-method=normal', '--skip-test-db'])
  const port = await freePort()
  let child: ChildProcess | null = null
  const start = async () => {
    const listen = [`--port=${port}`, '--bind-address=127.0.0.1', `--socket=${socket}`]
    const small = ['--innodb-buffer-pool-size=8M', '--innodb-flush-log-at-trx-commit=0', '--skip-log-bin']
    const args = ['--no-defaults', `--datadir=${data}`, user, ...listen, ...small, `--pid-file=${folder}/pid`]
    child = spawn('/usr/sbin/mariadbd', args, { stdio: 'ignore' })
    await until(() => isListening(port), { what: 'MariaDB to listen', timeout: 20_000, every: 100 })
  }
  await start()
  const run = (sql: string) =>
    call('mariadb', ['--no-defaults', `--socket=${socket}`, '--user=root', '--database=mail'], sql)
  call('mariadb', ['--no-defaults', `--socket=${socket}`, '--user=root'], 'CREATE DATABASE mail')
  run(`CREATE USER ${OWNER.user}@'%' IDENTIFIED BY '${OWNER.password}'; GRANT SELECT ON mail.* TO ${OWNER.user}@'%'`)
  run(
    `CREATE USER ${OWNER.user}@localhost IDENTIFIED BY '${OWNER.password}'; GRANT SELECT ON mail.* TO ${OWNER.user}@localhost`,
  )
  return { port, socket, run, start, ...endings(() => child, { folder, signal: 'SIGKILL' }) }
}

function call(command: string, args: readonly string[], input = ''): void {
  const result = spawnSync(command, args, { input, encoding: 'utf8' })
  if (result.status !== 0) throw new Error(`${command} ended with ${result.status}: ${result.stderr}${result.stdout}`)
}
