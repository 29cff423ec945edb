// The record of generated files, `.waypost-setup.json`: with it, setup recognises a file that was changed by hand. It is written before the
// files, so that a run that is killed leaves no file that the next run does not know.

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { replaceFile } from '../lib/replace-file.ts'
import { type Person, type Runner, runners, setupFiles } from './setup-folder.ts'

const schema = z.object({
  version: z.literal(1),
  runner: z.enum(runners),
  person: z.object({ name: z.string(), forward: z.string() }).nullable(),
  /** By path: SHA-256 of the text that was written last, after those that an interrupted run may have left. */
  files: z.record(z.string(), z.array(z.string())),
})

export interface GeneratedRecord {
  readonly runner: Runner
  /** The first person; null if none was named. */
  readonly person: Person | null
  readonly files: Readonly<Record<string, readonly string[]>>
}

export type RecordLoad =
  | { readonly kind: 'ok'; readonly record: GeneratedRecord }
  | { readonly kind: 'missing' }
  | { readonly kind: 'bad'; readonly problem: string }

/** Reads the record of a folder. */
export function readRecord(folder: string): RecordLoad {
  const file = join(folder, setupFiles.record)
  try {
    const { version: _, ...record } = schema.parse(JSON.parse(readFileSync(file, 'utf8')))
    return { kind: 'ok', record }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { kind: 'missing' }
    const cause = error instanceof z.ZodError ? 'it has another form' : (error as Error).message
    const remedy = 'restore it, or remove it: then every file that differs counts as changed by hand'
    return { kind: 'bad', problem: `${file}: cannot be used (${cause}); ${remedy}` }
  }
}

export async function writeRecord(folder: string, record: GeneratedRecord): Promise<void> {
  await replaceFile(join(folder, setupFiles.record), `${JSON.stringify({ version: 1, ...record }, null, 2)}\n`)
}

export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
