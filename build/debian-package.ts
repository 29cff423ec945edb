// Makes a Debian package of the executable: program, unit, manual pages, completion. The scripts of the package are in deploy/debian.

import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Texts } from './texts.ts'

const root = join(import.meta.dirname, '..')
const scripts = join(root, 'deploy/debian')
const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' }

export interface PackageParts {
  /** The executable of this machine's architecture. */
  readonly executable: string
  readonly texts: Texts
  readonly version: string
  /** Of the release: 2026-11-30. */
  readonly date: string
  /** Compression level of xz, 0 to 9. With 6 the package is a quarter of its files. */
  readonly level: number
}

/** Writes the package into the folder. @returns its path */
export function writeDebianPackage(parts: PackageParts, folder: string): string {
  const stage = mkdtempSync(join(tmpdir(), 'waypost-deb-'))
  try {
    // mkdtemp lets only its owner in; the mode becomes that of the root directory of the package.
    chmodSync(stage, 0o755)
    writeFiles(stage, parts)
    writeControl(stage, parts)
    const file = join(folder, `waypost_${parts.version}_${architecture()}.deb`)
    run('dpkg-deb', ['--root-owner-group', '-Zxz', `-z${parts.level}`, '--build', stage, file])
    return file
  } finally {
    rmSync(stage, { recursive: true, force: true })
  }
}

function architecture(): string {
  const name = architectures[process.arch]
  if (name === undefined) throw new Error(`Debian has no architecture for ${process.arch}`)
  return name
}

function writeFiles(stage: string, { executable, texts, version, date }: PackageParts): void {
  const put = (path: string, content: string | Buffer, mode = 0o644) => {
    mkdirSync(dirname(join(stage, path)), { recursive: true, mode: 0o755 })
    writeFileSync(join(stage, path), content, { mode })
    chmodSync(join(stage, path), mode)
  }
  mkdirSync(join(stage, 'usr/bin'), { recursive: true })
  copyFileSync(executable, join(stage, 'usr/bin/waypost'))
  chmodSync(join(stage, 'usr/bin/waypost'), 0o755)
  mkdirSync(join(stage, 'etc/waypost'), { recursive: true })
  put('etc/default/waypost', read('deploy/debian/default'))
  put('usr/lib/systemd/system/waypost.service', debianUnit(read('deploy/waypost.service')))
  put('usr/share/waypost/openssl.cnf', read('src/openssl.cnf'))
  for (const [name, page] of texts.manual) put(`usr/share/man/man1/${name}.gz`, compressed(page))
  put('usr/share/bash-completion/completions/waypost', texts.completion.bash)
  put('usr/share/zsh/vendor-completions/_waypost', texts.completion.zsh)
  put('usr/share/fish/vendor_completions.d/waypost.fish', texts.completion.fish)
  put('usr/share/lintian/overrides/waypost', read('deploy/debian/lintian-overrides'))
  put('usr/share/doc/waypost/changelog.gz', compressed(changelog(version, date)))
  const licence = read('LICENSE')
    .replace(/^MIT License\n+Copyright.*\n+/, '')
    .trimEnd()
  const indented = licence.split('\n').map((text) => (text === '' ? ' .' : ` ${text}`))
  put('usr/share/doc/waypost/copyright', read('deploy/debian/copyright').replace('@LICENSE@', indented.join('\n')))
  for (const name of globSync('{*.yaml,examples/*.yaml}', { cwd: join(root, 'roles') }))
    put(`usr/share/doc/waypost/examples/roles/${name}`, read(`roles/${name}`))
}

/** The unit of deploy/waypost.service for the paths of a package, whose executable needs no cache of compiled code. */
export function debianUnit(unit: string): string {
  const own = unit
    .replace(/^# systemd unit of a node\..*\n/, '')
    .replaceAll('/usr/local/bin/waypost', '/usr/bin/waypost')
    .replace(/^Documentation=.*$/m, 'Documentation=man:waypost(1)')
    .replace(
      /^Wants=network-online.target$/m,
      '$&\n# Written by the administrator, or by `waypost setup`.\nConditionPathExists=/etc/waypost/node.yaml',
    )
    .replace(/^Environment=NODE_OPTIONS=.*$/m, 'EnvironmentFile=-/etc/default/waypost')
    .replace(/^# A faster start: compiled code is kept\.\n(?:.*\n){3}/m, '')
    .replace('to /var/lib/waypost and to the cache.', 'to /var/lib/waypost.')
  return own
}

function writeControl(stage: string, { version }: PackageParts): void {
  const folder = join(stage, 'DEBIAN')
  mkdirSync(folder)
  for (const script of ['postinst', 'prerm', 'postrm']) {
    copyFileSync(join(scripts, script), join(folder, script))
    chmodSync(join(folder, script), 0o755)
  }
  writeFileSync(join(folder, 'conffiles'), '/etc/default/waypost\n')
  writeFileSync(join(folder, 'control'), control(version, installedKibibytes(stage)))
}

function installedKibibytes(stage: string): number {
  const files = globSync('{etc,usr}/**/*', { cwd: stage }).map((name) => statSync(join(stage, name)))
  return files.reduce((sum, file) => sum + Math.ceil(file.size / 1024), 0)
}

function control(version: string, kibibytes: number): string {
  return `Package: waypost
Version: ${version}
Architecture: ${architecture()}
Maintainer: The Waypost authors <waypost@example.org>
Installed-Size: ${kibibytes}
Depends: adduser, libc6 (>= 2.28), libgcc-s1 (>= 3.4), libstdc++6 (>= 9)
Pre-Depends: init-system-helpers (>= 1.54~)
Section: mail
Priority: optional
Description: mail-routing node for organisations without mailboxes
 Waypost receives mail for your domains, checks it, resolves aliases, and
 forwards it to the providers where people have their mailboxes. It rewrites
 senders (SRS), signs your own mail (DKIM) and returns bounces to the original
 sender.
 .
 One program is every kind of node: mx, srs, submission, mta, client and solo.
 A node is one process with one YAML file.
`
}

function changelog(version: string, date: string): string {
  const day = new Date(`${date}T00:00:00Z`).toUTCString().replace('GMT', '+0000')
  return `waypost (${version}) unstable; urgency=medium

  * See CHANGELOG.md of the sources.

 -- The Waypost authors <waypost@example.org>  ${day}
`
}

/** Without name and time, so that the same sources give the same package. */
function compressed(text: string): Buffer {
  return gzipSync(text, { level: 9 })
}

function read(name: string): string {
  return readFileSync(join(root, name), 'utf8')
}

function run(command: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr}`)
}
