// Before tests with whole nodes: makes the bundle that they start. Its folder is named after the content of everything that it is made of, so
// a bundle is never older than the sources.

import { createHash } from 'node:crypto'
import {
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { bundleSources, writeBundle } from '../build/bundle.ts'

const root = join(import.meta.dirname, '..')
/** Bundles that no run has used for this time are removed, ms. */
const KEPT_MS = 24 * 60 * 60 * 1000

function contentHash(): string {
  const hash = createHash('sha256').update(`${process.version} ${process.platform} ${process.arch}\n`)
  for (const file of bundleSources.flatMap((glob) => globSync(glob, { cwd: root })).toSorted())
    hash
      .update(`${file}\n`)
      .update(readFileSync(join(root, file)))
      .update('\n')
  return hash.digest('hex').slice(0, 16)
}

/** Called by vitest. Runs side by side may share a folder: the first one that is complete stays. */
export async function setup(): Promise<void> {
  if (process.env['WAYPOST_FROM_SOURCE'] === '1') return
  const parent = join(tmpdir(), `waypost-test-program-${userInfo().username}`)
  const bundle = join(parent, contentHash())
  mkdirSync(parent, { recursive: true })
  if (!readdirSync(parent).includes(bundle.slice(parent.length + 1))) {
    const unfinished = mkdtempSync(join(parent, 'unfinished-'))
    // Commands of root continue as other users, who read the program too.
    await writeBundle(join(unfinished, 'bundle'))
    try {
      renameSync(join(unfinished, 'bundle'), bundle)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error
    } finally {
      rmSync(unfinished, { recursive: true, force: true })
    }
  }
  utimesSync(bundle, new Date(), new Date())
  removeUnused(parent)
  process.env['WAYPOST_TEST_BUNDLE'] = bundle
}

function removeUnused(parent: string): void {
  for (const name of readdirSync(parent)) {
    const folder = join(parent, name)
    const used = statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()
    if (Date.now() - used > KEPT_MS) rmSync(folder, { recursive: true, force: true })
  }
}
