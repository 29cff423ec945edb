// The files that belong to the program: role files, data, the code of threads. The program runs from this tree, from a bundle in a folder
// (dist/, see build/bundle.ts) or as one executable that contains them.

import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, sep } from 'node:path'
import { getAsset, getAssetKeys, isSea } from 'node:sea'
import { fileURLToPath } from 'node:url'
import { Worker, type WorkerOptions } from 'node:worker_threads'
import { sqliteLibraryPath } from './sqlite-library.ts'

const isSource = import.meta.url.endsWith('.ts')

/**
 * The folder of the program's files; they have the same paths below it in this tree and in dist/. In an executable it is the path of the
 * executable, below which the file system has nothing.
 */
const home = isSea() ? process.execPath : fileURLToPath(new URL(isSource ? '../../' : './', import.meta.url))

/** Absolute path of a file of the program. @param name its path in this tree. Only `readFileText` can read it in an executable. */
export function programFile(name: string): string {
  return join(home, name)
}

/** The name below the program's folder, or null for a file that is not in the executable. */
function assetOf(path: string): string | null {
  return isSea() && path.startsWith(home + sep) ? path.slice(home.length + 1) : null
}

/** Reads a file in UTF-8, of the program or of the operator. Throws the error of the file system. */
export function readFileText(path: string): string {
  const asset = assetOf(path)
  return asset === null ? readFileSync(path, 'utf8') : getAsset(asset, 'utf8')
}

/** True if the program has this file. @param name its path in this tree */
export function hasProgramFile(name: string): boolean {
  return isSea() ? getAssetKeys().includes(name) : existsSync(programFile(name))
}

/** The names of all files of the program in this folder of the tree and in the folders below. */
export function programFilesIn(folder: string): string[] {
  const names = isSea() ? getAssetKeys() : globSync(`${folder}/**/*.*`, { cwd: home })
  return names.filter((name) => name.startsWith(`${folder}/`)).toSorted()
}

/**
 * The path of a folder of the program, whose files other code can read. An executable copies them.
 * @param parent where the copy is made
 */
export function programFolder(name: string, parent: string): string {
  if (!isSea()) return programFile(name)
  for (const file of programFilesIn(name)) {
    const copy = join(parent, file)
    mkdirSync(dirname(copy), { recursive: true })
    writeFileSync(copy, getAsset(file, 'utf8'))
  }
  return join(parent, name)
}

/**
 * Starts a thread of the program.
 * @param source `new URL('./NAME.ts', import.meta.url)`: the file in this tree. A bundle has one file for each thread, with the same name.
 */
export function startThread(source: URL, options: WorkerOptions = {}): Worker {
  if (isSource) return new Worker(source, options)
  const bundle = `${basename(source.pathname, '.ts')}.cjs`
  if (!isSea()) return new Worker(programFile(bundle), options)
  prepareLibrary()
  return new Worker(getAsset(bundle, 'utf8'), { ...options, eval: true })
}

/** Before threads start, so that they all have the same library. */
function prepareLibrary(): void {
  try {
    sqliteLibraryPath()
  } catch {
    // A thread that needs it fails with the cause.
  }
}

export interface ProgramCommand {
  readonly command: string
  /** Arguments for Node.js: our configuration of OpenSSL, which only a node needs. Without it a node would start twice. */
  readonly nodeArgs: readonly string[]
  /** Arguments before those of the command. */
  readonly args: readonly string[]
}

/** How this program is started as another process. */
export function programCommand(): ProgramCommand {
  if (isSea()) return { command: process.execPath, nodeArgs: [], args: [] }
  return nodeCommand(programFile(isSource ? 'src/main.ts' : 'waypost.cjs'), programFile('src/openssl.cnf'))
}

/** The program whose first file this is, run by the Node.js of this process. */
export function nodeCommand(main: string, opensslConfig: string): ProgramCommand {
  return { command: process.execPath, nodeArgs: [`--openssl-config=${opensslConfig}`], args: [main] }
}
