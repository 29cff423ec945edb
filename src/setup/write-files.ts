// Writes planned files. What exists is never lost: a file of the operator is kept, and so is a generated file that was changed by hand.

import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createFile } from '../lib/create-file.ts'
import { makeDirectory } from '../lib/make-directory.ts'
import { replaceFile } from '../lib/replace-file.ts'
import { digestOf, type GeneratedRecord, writeRecord } from './generated-record.ts'
import { lineDiff } from './line-diff.ts'

export interface PlannedFile {
  /** Below the folder of setup. */
  readonly path: string
  readonly text: string
  /**
   * - `once`: made if it is missing; from then on it is the operator's.
   * - `generated`: written again when its sources change, unless it was changed by hand.
   * - `edit`: the operator asked for this change of the file.
   */
  readonly rule: 'once' | 'generated' | 'edit'
}

export interface FileResult {
  readonly path: string
  /**
   * - `unchanged`: as it should be, or the operator's.
   * - `kept`: changed by hand, and setup has no other text than before.
   * - `differs`: changed by hand, and setup would write another text now.
   */
  readonly kind: 'created' | 'updated' | 'unchanged' | 'kept' | 'differs'
  /** Of `differs`. */
  readonly diff: readonly string[]
}

export interface FileWriter {
  /** The text of a file as it is, or as it would be in a dry run. Null if it does not exist. Throws if it cannot be read. */
  read(path: string): string | null
  /** Writes the files in their order. Rejects with the error of the file system. */
  write(files: readonly PlannedFile[]): Promise<readonly FileResult[]>
  /** Writes the record of all files that were planned. */
  finish(): Promise<void>
}

interface WriterSettings {
  readonly folder: string
  readonly record: GeneratedRecord
  /** True: nothing is written. */
  readonly isDry: boolean
}

/** A writer for one run. */
export function createFileWriter({ folder, record, isDry }: WriterSettings): FileWriter {
  const planned = new Map<string, string>()
  /** Texts of a dry run. */
  const imagined = new Map<string, string>()
  const read = (path: string) => imagined.get(path) ?? textOf(join(folder, path))
  const recorded = (path: string) => record.files[path] ?? []
  const withPlans = (): GeneratedRecord => {
    const changed = [...planned].map(([path, digest]) => [path, [...new Set([...recorded(path), digest])]] as const)
    return { ...record, files: { ...record.files, ...Object.fromEntries(changed) } }
  }
  return {
    read,
    write: async (files) => {
      const results = files.map((file) => ({ file, result: compare(file, read(file.path), recorded(file.path)) }))
      // A file that differs stays out of the record, so that the next run reports it again.
      for (const { file, result } of results)
        if (file.rule === 'generated' && isWritten(result)) planned.set(file.path, digestOf(file.text))
      if (!isDry) {
        makeDirectory(folder)
        await writeRecord(folder, withPlans())
      }
      for (const { file, result } of results) {
        if (result.kind !== 'created' && result.kind !== 'updated') continue
        if (isDry) imagined.set(file.path, file.text)
        else await writeFile(join(folder, file.path), file.text, result.kind)
      }
      return results.map(({ result }) => result)
    },
    finish: async () => {
      const last = Object.fromEntries([...planned].map(([path, digest]) => [path, [digest]]))
      if (!isDry) await writeRecord(folder, { ...record, files: { ...record.files, ...last } })
    },
  }
}

function isWritten({ kind }: FileResult): boolean {
  return kind === 'created' || kind === 'updated' || kind === 'unchanged'
}

function compare({ path, text, rule }: PlannedFile, found: string | null, recorded: readonly string[]): FileResult {
  const result = (kind: FileResult['kind'], diff: readonly string[] = []): FileResult => ({ path, kind, diff })
  if (found === null) return result('created')
  if (found === text || rule === 'once') return result('unchanged')
  if (rule === 'edit' || recorded.includes(digestOf(found))) return result('updated')
  return recorded.at(-1) === digestOf(text) ? result('kept') : result('differs', lineDiff(found, text))
}

async function writeFile(file: string, text: string, kind: 'created' | 'updated'): Promise<void> {
  makeDirectory(dirname(file))
  if (kind === 'created') await createFile(file, text)
  else await replaceFile(file, text)
}

function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null
    throw error
  }
}
