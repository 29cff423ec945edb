// The project's tools work as documented: every configured lint rule reports its probe, the formatter reads its configuration, and every
// npm script refuses an old Node.

import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync, copyFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')
const tool = (name: string) => join(root, 'node_modules/.bin', name)
let folder = ''

function write(file: string, text: string): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true })
  writeFileSync(join(folder, file), text)
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-tooling-'))
  for (const file of ['.biome.json', '.oxlintrc.json', 'tsconfig.json', 'package.json'])
    copyFileSync(join(root, file), join(folder, file))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

const longFunction = `export function long(): void {\n${'  void 0\n'.repeat(61)}}\n`
const longFile = 'export const one = 1\n'.replace('1\n', `[\n${'  1,\n'.repeat(401)}]\n`)

const probes: Readonly<Record<string, string>> = {
  'typescript(no-floating-promises)': 'async function f(): Promise<void> {}\nf()\n',
  'typescript(no-misused-promises)': 'export async function f(): Promise<void> {\n  if (f()) await f()\n}\n',
  'typescript(await-thenable)': 'const five: number = 5\nexport const f = async () => await five\n',
  'typescript(no-explicit-any)': 'export const x: any = 1\n',
  'typescript(consistent-type-imports)': "import { Stats } from 'node:fs'\nexport type S = Stats\n",
  'eslint(no-console)': "console.log('x')\n",
  'eslint(eqeqeq)': 'export const same = (a: number, b: number) => a == b\n',
  'eslint(max-lines)': longFile,
  'eslint(max-lines-per-function)': longFunction,
  'eslint(max-params)': 'export const f = (a: 1, b: 1, c: 1, d: 1, e: 1) => [a, b, c, d, e]\n',
  'import(no-default-export)': 'export default 1\n',
  'import(no-cycle)': "import { self } from './self.ts'\nexport const other = self\n",
  'eslint(no-restricted-globals)': 'export const wait = (run: () => void) => setTimeout(run, 1)\n',
  'eslint(no-restricted-properties)': 'export const time = () => Date.now()\n',
  'eslint(no-restricted-imports)': "export { setTimeout } from 'node:timers/promises'\n",
}

/** Each reads the time or sets a timer without the clock port: src/lib/clock.ts only. */
const clockProbes: readonly string[] = [
  'export const probe = () => Date.now()\n',
  'export const probe = () => performance.now()\n',
  'export const probe = () => process.hrtime()\n',
  'export const probe = (run: () => void) => setTimeout(run, 1)\n',
  'export const probe = (run: () => void) => setInterval(run, 1)\n',
  'export const probe = (run: () => void) => globalThis.setTimeout(run, 1)\n',
  'export const probe = (run: () => void) => globalThis.setInterval(run, 1)\n',
  "export { setTimeout } from 'node:timers'\n",
  "export { performance } from 'node:perf_hooks'\n",
]

describe('lint', () => {
  it('has a probe for every configured rule', () => {
    const { rules, overrides } = JSON.parse(readFileSync(join(root, '.oxlintrc.json'), 'utf8')) as {
      readonly rules: Record<string, unknown>
      readonly overrides: readonly { readonly rules: Record<string, unknown> }[]
    }
    const entries = [rules, ...overrides.map((one) => one.rules)].flatMap((one) => Object.entries(one))
    const configured = [...new Set(entries.filter(([, level]) => level !== 'off').map(([rule]) => rule))]
    const named = Object.keys(probes).map((name) => name.replace('eslint(', '').replace('(', '/').replace(')', ''))
    expect(named.toSorted()).toEqual(configured.toSorted())
  })

  it('fires every configured rule', () => {
    Object.values(probes).forEach((text, index) => write(`src/probe/p${index}.ts`, text))
    const cycle = Object.keys(probes).indexOf('import(no-cycle)')
    write('src/probe/self.ts', `import { other } from './p${cycle}.ts'\nexport const self = () => other\n`)
    const run = spawnSync(tool('oxlint'), ['--type-aware', '--deny-warnings', 'src'], { cwd: folder, encoding: 'utf8' })
    expect(run.status).toBe(1)
    expect(Object.keys(probes).filter((rule) => !run.stdout.includes(rule))).toEqual([])
  })

  it('allows only the clock port to read the time and to set timers', () => {
    clockProbes.forEach((text, index) => write(`src/clock-probe/p${index}.ts`, text))
    const lint = (file: string) => spawnSync(tool('oxlint'), [file], { cwd: folder, encoding: 'utf8' })
    const { stdout } = lint('src/clock-probe')
    expect(clockProbes.filter((_text, index) => !stdout.includes(`p${index}.ts`))).toEqual([])
    for (const file of ['src/lib/clock.ts', 'src/clock-probe/some.test.ts']) {
      write(file, clockProbes.join('').replaceAll('export const probe = ', 'void '))
      expect(lint(file).stdout).not.toContain('restricted')
    }
  })

  it('allows tests more lines, up to a second limit', () => {
    write('src/tests/a.test.ts', longFunction + longFile)
    write('src/tests/b.test.ts', longFile.replace('[\n', `[\n${'  1,\n'.repeat(200)}`))
    const lint = (file: string) => spawnSync(tool('oxlint'), [file], { cwd: folder, encoding: 'utf8' })
    expect(lint('src/tests/a.test.ts').status).toBe(0)
    expect(lint('src/tests/b.test.ts').stdout).toContain('eslint(max-lines)')
  })
})

describe('format', () => {
  const format = () => spawnSync(tool('biome'), ['format', '.'], { cwd: folder, encoding: 'utf8' })

  it('reads the configuration: single quotes, no semicolons, 120 columns', () => {
    rmSync(join(folder, 'src'), { recursive: true, force: true })
    write('src/good.ts', `export const words = ['${'a'.repeat(40)}', '${'b'.repeat(40)}']\n`)
    expect(format()).toMatchObject({ status: 0 })
    write('src/bad.ts', 'export const word = "a";\n')
    expect(format()).toMatchObject({ status: 1 })
  })
})

describe('an older Node', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  const guard = 'node .ci/need-node.cjs && '

  it('is refused by every npm script first', () => {
    expect(Object.entries(scripts).filter(([, command]) => !command.startsWith(guard))).toEqual([])
  })

  it.each([
    ['20.20.2', 2],
    ['25.9.0', 2],
    ['26.0.0', 0],
    ['100.0.0', 0],
  ])('%s exits with %i, and with a message if it is refused', (version, status) => {
    const pretend = `Object.defineProperty(process.versions, 'node', { value: '${version}' }); require('./.ci/need-node.cjs')`
    const run = spawnSync(process.execPath, ['-e', pretend], { cwd: root, encoding: 'utf8' })
    expect(run.status).toBe(status)
    const sentence = `needs Node.js 26 or newer, but this is Node.js ${version}. Run "npm ci"`
    if (status === 0) expect(run.stderr).toBe('')
    else expect(run.stderr).toContain(sentence)
  })
})

describe('the lock file', () => {
  interface Entry {
    readonly optionalDependencies?: Readonly<Record<string, string>>
  }
  const text = readFileSync(join(root, 'package-lock.json'), 'utf8')
  const { packages } = JSON.parse(text) as { packages: Record<string, Entry> }

  it('names every optional package, or npm ci refuses it (run: node .ci/complete-lock.ts)', () => {
    const missing = Object.entries(packages).flatMap(([place, entry]) =>
      Object.keys(entry.optionalDependencies ?? {}).filter(
        (name) => !(`node_modules/${name}` in packages) && !(`${place}/node_modules/${name}` in packages),
      ),
    )
    expect(missing).toEqual([])
  })

  it('names no registry', () => {
    expect(text).not.toContain('"resolved"')
  })
})
