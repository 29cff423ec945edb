// Makes one executable file of a bundle and the Node.js that runs this script (single executable application). It contains the files of the
// bundle as assets, with the compiled form of the program.

import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundledFiles } from './bundle.ts'

/** Writes the executable. @returns its size in octets */
export function writeExecutable(bundle: string, file: string): number {
  const work = mkdtempSync(join(tmpdir(), 'waypost-build-'))
  try {
    const node = join(work, 'node')
    copyFileSync(process.execPath, node)
    chmodSync(node, 0o755)
    // Before the program is added: stripping a finished executable damages it. Without binutils the symbols stay, which are 30 MB.
    spawnSync('strip', [node], { stdio: 'ignore' })
    const output = join(work, 'waypost')
    const configuration = {
      main: join(bundle, 'waypost.cjs'),
      executable: node,
      output,
      disableExperimentalSEAWarning: true,
      useCodeCache: true,
      assets: Object.fromEntries(bundledFiles(bundle).map((name) => [name, join(bundle, name)])),
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

/** Also from another file system; the name appears when the file is complete. */
function move(from: string, to: string): void {
  copyFileSync(from, `${to}.new`)
  renameSync(`${to}.new`, to)
}
