// Makes one executable file of a bundle and the Node.js that runs this script (single executable application). It contains the files of the
// bundle as assets, with the compiled form of each part of the program.

import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundledFiles, bundleFile, partsOf } from './bundle.ts'
import { compiledAsset, compilePart } from './compiled-part.ts'

/** Writes the executable. @returns its size in octets */
export async function writeExecutable(bundle: string, file: string): Promise<number> {
  const work = mkdtempSync(join(tmpdir(), 'waypost-build-'))
  try {
    const node = join(work, 'node')
    copyFileSync(process.execPath, node)
    chmodSync(node, 0o755)
    // Before the program is added: stripping a finished executable damages it. Without binutils the symbols stay, which are 30 MB.
    spawnSync('strip', [node], { stdio: 'ignore' })
    const output = join(work, 'waypost')
    const main = join(work, 'main.cjs')
    await bundleFile('build/executable-main.ts', main)
    const files = bundledFiles(bundle).map((name) => [name, join(bundle, name)])
    const configuration = {
      main,
      executable: node,
      output,
      disableExperimentalSEAWarning: true,
      assets: Object.fromEntries([...files, ...compiledFiles(bundle, work)]),
    }
    writeFileSync(join(work, 'configuration.json'), JSON.stringify(configuration))
    const { status, stderr } = spawnSync(process.execPath, ['--build-sea', join(work, 'configuration.json')], {
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(`cannot make the executable: ${stderr}`)
    chmodSync(output, 0o755)
    move(output, file)
    return statSync(file).size
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** Writes the compiled form of each part. @returns asset names with the paths of the files */
function compiledFiles(bundle: string, work: string): [asset: string, path: string][] {
  return partsOf(bundle).map(({ name }) => {
    const path = join(work, compiledAsset(name))
    writeFileSync(path, compilePart(readFileSync(join(bundle, name), 'utf8'), name))
    return [compiledAsset(name), path]
  })
}

/** Also from another file system; the name appears when the file is complete. */
function move(from: string, to: string): void {
  copyFileSync(from, `${to}.new`)
  renameSync(`${to}.new`, to)
}
