// The executable of the bundle that the tests start: made once for all files of a run that need it, because that takes ten seconds of CPU time.

import { existsSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { writeBundle } from '../../build/bundle.ts'
import { writeExecutable } from '../../build/executable.ts'

/** Between two looks at a file that another process makes, ms. */
const LOOK_MS = 200

/**
 * Resolves with its path. It is beside the bundle, and build-program.ts removes both when no run has used them for a day.
 * @param folder where it is made if the tests start the sources
 */
export async function testedExecutable(folder: string): Promise<string> {
  const bundle = process.env['WAYPOST_TEST_BUNDLE']
  if (bundle === undefined) {
    await writeBundle(join(folder, 'bundle'))
    await writeExecutable(join(folder, 'bundle'), join(folder, 'waypost'))
    return join(folder, 'waypost')
  }
  const file = `${bundle}-executable`
  await makeOnce(file, () => writeExecutable(bundle, file))
  utimesSync(file, new Date(), new Date())
  return file
}

/** Calls `make` and awaits it, unless the file exists or another process makes it. */
export async function makeOnce(file: string, make: () => unknown): Promise<void> {
  const lock = `${file}.lock`
  while (!existsSync(file)) {
    if (!takeLock(lock)) await sleep(LOOK_MS)
    else
      try {
        if (!existsSync(file)) await make()
      } finally {
        rmSync(lock)
      }
  }
}

/** False if another process has it. The lock of a process that was killed is removed. */
function takeLock(lock: string): boolean {
  try {
    writeFileSync(lock, `${process.pid}`, { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    if (!isHeld(lock)) rmSync(lock, { force: true })
    return false
  }
}

/** An empty lock is being written: signal 0 to process 0 asks for the own group, which runs. */
function isHeld(lock: string): boolean {
  try {
    process.kill(Number(readFileSync(lock, 'utf8')), 0)
    return true
  } catch {
    return false
  }
}
