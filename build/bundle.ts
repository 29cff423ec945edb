// Writes the program as a folder that Node.js starts fast: one file for the program, one for each thread, and the files that they read.
// It has no dependencies. Paths of data are those of this tree, because src/lib/program-files.ts looks for them there.

import { copyFileSync, cpSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { builtinModules } from 'node:module'
import { type OutputChunk, type Plugin, rolldown } from 'rolldown'

const root = join(import.meta.dirname, '..')

/** Data that the program reads, as globs below the root. */
const data = [
  'roles/**/*.yaml',
  'hiera-examples/**/*.*',
  'src/delivery/default-replies.yaml',
  'src/filter/dns-lists.yaml',
  'src/openssl.cnf',
  'LICENSE',
]

/** Everything that the bundle depends on, as globs below the root: tests keep a bundle as long as none of it changes. */
export const bundleSources = ['src/**/!(*.test).ts', ...data, 'build/*.ts', 'package-lock.json']

/** The native addon of SQLite for this machine. */
function addonFile(): string {
  const libc = process.report.getReport() as { readonly header: { readonly glibcVersionRuntime?: string } }
  const system = process.platform === 'linux' && !libc.header.glibcVersionRuntime ? 'linuxmusl' : process.platform
  return join(root, 'node_modules/better-sqlite3/prebuilds', `${system}-${process.arch}.node`)
}

/** Writes the bundle into an empty or new folder. Throws if a module would be missing there. */
export async function writeBundle(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const threads = globSync('src/**/*-worker.ts', { cwd: root })
  await bundleFile('src/main.ts', join(folder, 'waypost.cjs'))
  for (const thread of threads) await bundleFile(thread, join(folder, `${basename(thread, '.ts')}.cjs`))
  for (const name of data.flatMap((glob) => globSync(glob, { cwd: root }))) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    cpSync(join(root, name), join(folder, name))
  }
  copyFileSync(addonFile(), join(folder, 'better-sqlite3.node'))
}

async function bundleFile(input: string, file: string): Promise<void> {
  const build = await rolldown({
    cwd: root,
    input,
    platform: 'node',
    logLevel: 'warn',
    plugins: [replaceLoaders],
    // A comment at the top of each module of the bundle names its file, for stack traces; other comments only take time to read.
    experimental: { attachDebugInfo: 'simple' },
  })
  const { output } = await build.write({ file, format: 'cjs', codeSplitting: false, comments: false })
  await build.close()
  writeAsAscii(file)
  const missing = output.flatMap((chunk) => (chunk.type === 'chunk' ? foreignImports(chunk) : []))
  if (missing.length > 0)
    throw new Error(`${basename(file)} imports ${missing.join(', ')}, which the bundle does not have`)
}

/** Imported modules that neither the bundle nor Node.js has. */
function foreignImports({ imports, dynamicImports }: OutputChunk): string[] {
  const known = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]))
  return [...imports, ...dynamicImports].filter(
    (name) => name !== 'waypost.cjs' && !known.has(name) && !name.startsWith('node:'),
  )
}

/** Code that loads something by a path of this tree, which a bundle does not have. */
const replaceLoaders: Plugin = {
  name: 'replace-loaders',
  load: {
    filter: { id: /better-sqlite3\/lib\/binding\.js$/ },
    handler: () =>
      `exports.getBinding = require(${JSON.stringify(join(root, 'build/sqlite-addon.ts'))}).loadSqliteAddon`,
  },
  transform: {
    filter: { code: /createRequire\(import\.meta\.url\)\('/ },
    handler: (code) => code.replaceAll("createRequire(import.meta.url)('", "require('"),
  },
}

/**
 * One character above U+00FF makes V8 keep the whole source with two octets for each character: 7 MB more for the program. Names of
 * variables, strings, templates and regular expressions may all have escapes; only String.raw would show them.
 */
function writeAsAscii(file: string): void {
  const code = readFileSync(file, 'utf8')
  if (/String\.raw`[^`]*[^\0-\x7f]/.test(code)) throw new Error(`${file} has a String.raw template that is not ASCII`)
  writeFileSync(
    file,
    code.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  )
}

/** The files of the bundle other than the program itself, as paths below its folder. */
export function bundledFiles(folder: string): string[] {
  return globSync('**/*', { cwd: folder, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((name) => name !== 'waypost.cjs')
    .toSorted()
}

/** Size in octets of the program's file, for the report of the build. */
export function bundleSize(folder: string): number {
  return readFileSync(join(folder, 'waypost.cjs')).length
}
