// Writes the program as a folder that Node.js starts fast: a first file and the parts that it loads when a command needs them, one file for
// each thread, and the files that they read. It has no dependencies. Paths of data are those of this tree, because
// src/lib/program-files.ts looks for them there.

import { copyFileSync, cpSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { builtinModules } from 'node:module'
import { type OutputChunk, type OutputOptions, type Plugin, rolldown, type RolldownOutput } from 'rolldown'

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

/** The first file of the program. */
const MAIN_PART = 'waypost.cjs'
/** The list of all parts. The program does not read it. */
const PART_LIST = 'parts.json'

/** A file of the program. Threads have other files. */
export interface Part {
  readonly name: string
  /** Parts that it loads at once. */
  readonly imports: readonly string[]
  /** Files of this tree that it contains, relative to the root. */
  readonly modules: readonly string[]
  /** Octets. */
  readonly size: number
}

/** Writes the bundle into an empty or new folder. Throws if a module would be missing there. */
export async function writeBundle(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const threads = globSync('src/**/*-worker.ts', { cwd: root })
  await bundleProgram(folder)
  for (const thread of threads) await bundleFile(thread, join(folder, `${basename(thread, '.ts')}.cjs`))
  for (const name of data.flatMap((glob) => globSync(glob, { cwd: root }))) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    cpSync(join(root, name), join(folder, name))
  }
  copyFileSync(addonFile(), join(folder, 'better-sqlite3.node'))
}

/** The parts of the bundle in this folder. */
export function partsOf(folder: string): readonly Part[] {
  return JSON.parse(readFileSync(join(folder, PART_LIST), 'utf8')) as readonly Part[]
}

/**
 * In parts, because every process keeps the source of each file that it loads: a node needs half of the program, most commands a tenth.
 * Parts are in one folder, which src/lib/program-files.ts takes for that of the program.
 */
async function bundleProgram(folder: string): Promise<void> {
  const fileNames = { entryFileNames: MAIN_PART, chunkFileNames: '[name]-[hash].cjs' }
  const { output } = await write('src/main.ts', { dir: folder, ...fileNames })
  const chunks = output.filter((one) => one.type === 'chunk')
  const names = new Set(chunks.map(({ fileName }) => fileName))
  const parts: readonly Part[] = chunks.map((chunk) => ({
    name: chunk.fileName,
    imports: chunk.imports.filter((name) => names.has(name)),
    modules: chunk.moduleIds.map((id) => relative(root, id)),
    size: writeAsAscii(join(folder, chunk.fileName)),
  }))
  writeFileSync(join(folder, PART_LIST), JSON.stringify(parts))
}

/** Writes one file that needs no other one. */
export async function bundleFile(input: string, file: string): Promise<void> {
  await write(input, { file, codeSplitting: false })
  writeAsAscii(file)
}

async function write(input: string, options: OutputOptions): Promise<RolldownOutput> {
  const build = await rolldown({
    cwd: root,
    input,
    platform: 'node',
    logLevel: 'warn',
    plugins: [replaceLoaders],
    // A comment at the top of each module of the bundle names its file, for stack traces; other comments only take time to read.
    experimental: { attachDebugInfo: 'simple' },
  })
  const written = await build.write({ ...options, format: 'cjs', comments: false })
  await build.close()
  const chunks = written.output.filter((one) => one.type === 'chunk')
  const known = new Set([...chunks.map(({ fileName }) => fileName), ...builtinModules])
  const missing = chunks.flatMap((chunk) => foreignImports(chunk, known))
  if (missing.length > 0) throw new Error(`${input} imports ${missing.join(', ')}, which the bundle does not have`)
  return written
}

/** Imported modules that neither the bundle nor Node.js has. */
function foreignImports({ imports, dynamicImports }: OutputChunk, known: ReadonlySet<string>): string[] {
  return [...imports, ...dynamicImports].filter((name) => !known.has(name) && !name.startsWith('node:'))
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
 * @returns the octets of the file
 */
function writeAsAscii(file: string): number {
  const code = readFileSync(file, 'utf8')
  if (/String\.raw`[^`]*[^\0-\x7f]/.test(code)) throw new Error(`${file} has a String.raw template that is not ASCII`)
  const ascii = code.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
  writeFileSync(file, ascii)
  return ascii.length
}

/** The files that the program needs, as paths below the folder of the bundle. */
export function bundledFiles(folder: string): string[] {
  return globSync('**/*', { cwd: folder, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((name) => name !== PART_LIST)
    .toSorted()
}
