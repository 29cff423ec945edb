// The command `npm run bench -- idle`: builds the bundle and the executable in a temporary folder and measures both.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeBundle } from '../../../build/bundle.ts'
import { writeExecutable } from '../../../build/executable.ts'
import { formatIdle, type IdlePage } from './idle-report.ts'
import { measureIdle } from './idle-rows.ts'

/** The section of the page. */
export async function runIdleBenchmark(
  page: IdlePage,
  { say }: { readonly say: (line: string) => void },
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'waypost-idle-'))
  try {
    const bundle = join(folder, 'program')
    const executable = join(folder, 'waypost')
    await writeBundle(bundle)
    await writeExecutable(bundle, executable)
    const programs = { bundle: [process.execPath, join(bundle, 'waypost.cjs')], executable: [executable] } as const
    return formatIdle(page, await measureIdle(programs, say))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
