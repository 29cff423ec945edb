// Completes package-lock.json after an update: `node .ci/complete-lock.ts`. npm omits optional packages of other platforms if the
// registry does not have them, and then `npm ci` rejects the lock file. The added entries name their platform, so npm skips them on
// others. They have no integrity, because those archives are not available here.

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
    throw new Error(`cannot read platform from the package name ${name}; add its entry to package-lock.json by hand`)
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
