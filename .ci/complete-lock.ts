// Completes package-lock.json after a renewal: `node .ci/complete-lock.ts`. npm leaves out the optional packages of other platforms
// when the registry does not carry them, and then refuses its own lock file in `npm ci`. The entries carry the platform, so that
// npm skips them where they do not fit; they have no integrity, because nobody has seen those archives.

import { readFileSync, writeFileSync } from 'node:fs'

interface LockEntry {
  readonly version?: string
  readonly dev?: boolean
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const file = new URL('../package-lock.json', import.meta.url)
const lock = JSON.parse(readFileSync(file, 'utf8')) as { packages: Record<string, LockEntry> }

const systems = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32']
const processors = ['arm', 'arm64', 'ia32', 'ppc64', 'riscv64', 's390x', 'x64']

function platformOf(name: string): object {
  const words = name.split(/[-/]/)
  const os = words.find((word) => systems.includes(word))
  const cpu = words.find((word) => processors.includes(word))
  if (os === undefined || cpu === undefined)
    throw new Error(`${name} is not the package of one platform: look yourself`)
  const last = words.at(-1) as string
  const libc = last.startsWith('musl') ? 'musl' : last.startsWith('gnu') ? 'glibc' : null
  return { cpu: [cpu], ...(libc === null ? {} : { libc: [libc] }), optional: true, os: [os] }
}

const { '': project, ...packages } = lock.packages
for (const [place, entry] of Object.entries(packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (`node_modules/${name}` in packages || `${place}/node_modules/${name}` in packages) continue
    const dev = entry.dev === true ? { dev: true } : {}
    packages[`node_modules/${name}`] = { version, ...dev, ...platformOf(name) }
    process.stdout.write(`added ${name} ${version}\n`)
  }
}
const sorted = Object.fromEntries(Object.entries(packages).toSorted(([one], [other]) => (one < other ? -1 : 1)))
writeFileSync(file, `${JSON.stringify({ ...lock, packages: { '': project, ...sorted } }, null, 2)}\n`)
