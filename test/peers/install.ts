// Brings the peers that tests use: on Debian as root by apt-get, elsewhere it says what stays away. Part of `npm test`.

import { spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Peer, type PeerName, peers, unpackedFolder } from '../lib/peers/catalogue.ts'
import { missingPeers, thisMachine } from '../lib/peers/ensure.ts'

/** No dialogs: a package that would ask takes its defaults. Tests start their own instances with their own configuration. */
const quietApt = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }

const names = Object.keys(peers) as PeerName[]
const wanted: Peer[] = names.filter((name) => !thisMachine.succeeds(peers[name].probe)).map((name) => peers[name])
const hasApt = existsSync('/etc/debian_version') && existsSync('/usr/bin/apt-get')

if (wanted.length > 0 && thisMachine.isRoot && hasApt) {
  process.stdout.write(`installing with apt-get: ${wanted.map(({ debian }) => debian).join(' ')}\n`)
  const packages = wanted.flatMap(({ debian, unpacked }) => unpacked?.libraries ?? [debian])
  apt('update')
  apt('install', '--yes', '--no-install-recommends', ...packages)
  for (const peer of wanted) unpack(peer)
}

const missing = missingPeers(names)
for (const reason of missing) process.stdout.write(`${thisMachine.isCi ? 'missing' : 'will be skipped'}: ${reason}\n`)
if (missing.length > 0 && !hasApt) process.stdout.write('this machine has no apt-get: install them by hand\n')
else if (missing.length > 0 && !thisMachine.isRoot) process.stdout.write('apt-get needs root: run the tests as root\n')
process.exitCode = missing.length > 0 && thisMachine.isCi ? 1 : 0

function apt(...args: string[]): void {
  spawnSync('apt-get', ['--quiet=2', ...args], { env: quietApt, stdio: ['ignore', 'inherit', 'inherit'] })
}

/** Unpacks a package that conflicts with another one, and adds the user that its installation would add. */
function unpack({ debian, unpacked }: Peer): void {
  if (!unpacked) return
  const folder = join(unpackedFolder, debian)
  const download = mkdtempSync(join(tmpdir(), 'waypost-peer-'))
  const options = { cwd: download, env: quietApt, stdio: 'inherit' } as const
  mkdirSync(folder, { recursive: true })
  spawnSync('apt-get', ['--quiet=2', 'download', debian], options)
  for (const file of globSync('*.deb', { cwd: download })) spawnSync('dpkg', ['-x', file, folder], options)
  spawnSync('useradd', ['--system', '--no-create-home', '--shell', '/usr/sbin/nologin', unpacked.user], options)
  rmSync(download, { recursive: true, force: true })
}
