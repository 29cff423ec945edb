// Brings the peers that tests use: on Debian as root by apt-get, elsewhere it says what stays away. Part of `npm test`.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { type PeerName, peers } from '../lib/peers/catalogue.ts'
import { missingPeers, thisMachine } from '../lib/peers/ensure.ts'

/** No dialogs: a package that would ask takes its defaults. Tests start their own instances with their own configuration. */
const quietApt = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }

const names = Object.keys(peers) as PeerName[]
const wanted = names.filter((name) => !thisMachine.succeeds(peers[name].probe)).map((name) => peers[name].debian)
const hasApt = existsSync('/etc/debian_version') && existsSync('/usr/bin/apt-get')

if (wanted.length > 0 && thisMachine.isRoot && hasApt) {
  process.stdout.write(`installing with apt-get: ${wanted.join(' ')}\n`)
  apt('update')
  apt('install', '--yes', '--no-install-recommends', ...wanted)
}

const missing = missingPeers(names)
for (const reason of missing) process.stdout.write(`${thisMachine.isCi ? 'missing' : 'will be skipped'}: ${reason}\n`)
if (missing.length > 0 && !hasApt) process.stdout.write('this machine has no apt-get: install them by hand\n')
else if (missing.length > 0 && !thisMachine.isRoot) process.stdout.write('apt-get needs root: run the tests as root\n')
process.exitCode = missing.length > 0 && thisMachine.isCi ? 1 : 0

function apt(...args: string[]): void {
  spawnSync('apt-get', ['--quiet=2', ...args], { env: quietApt, stdio: ['ignore', 'inherit', 'inherit'] })
}
