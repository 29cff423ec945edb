// Reads a passwd-file into a table. A line that cannot be used is reported with its position and never matches. Problems of one user are
// warnings: they must not stop the logins of the others.

import { readFile } from 'node:fs/promises'
import type { Place } from '../directory/data-problem.ts'
import { type PasswdEntry, readPasswdLine } from './passwd-line.ts'

export interface PasswdProblem extends Place {
  readonly message: string
  readonly severity: 'error' | 'warning'
}

export interface PasswdFile {
  readonly file: string
  /** By user name in the form of `userKey`, with a domain where the file has one. */
  readonly entries: ReadonlyMap<string, PasswdEntry>
  /** The reason why a user of the file cannot log in, by user name. */
  readonly unusable: ReadonlyMap<string, string>
  readonly problems: readonly PasswdProblem[]
}

export interface PasswdOptions {
  /** Accepts unsalted and plain passwords. */
  readonly weak?: boolean
}

/** Upper bound of lines, for a wrong file that is named by mistake. */
const MOST_LINES = 1_000_000

export const noPasswdFile: PasswdFile = { file: '', entries: new Map(), unusable: new Map(), problems: [] }

/** Reads the file. An unreadable file is a problem at 1:1 and has no entries. */
export async function loadPasswdFile(file: string, options: PasswdOptions = {}): Promise<PasswdFile> {
  try {
    return parsePasswdFile(file, await readFile(file, 'utf8'), options)
  } catch (error) {
    const message = `found no readable file (${(error as Error).message}), expected a passwd-file`
    return { ...noPasswdFile, file, problems: [{ file, line: 1, column: 1, message, severity: 'error' }] }
  }
}

/** Reads the text of a passwd-file. The first of two lines for one user counts, as in dovecot; the second is a problem. */
export function parsePasswdFile(file: string, text: string, options: PasswdOptions = {}): PasswdFile {
  const entries = new Map<string, PasswdEntry>()
  const unusable = new Map<string, string>()
  const firstLines = new Map<string, number>()
  const problems: PasswdProblem[] = []
  for (const [index, line] of text.split(/\r?\n/, MOST_LINES).entries()) {
    const problem = (severity: PasswdProblem['severity'], column: number, message: string) =>
      void problems.push({ file, line: index + 1, column, message, severity })
    const read = readPasswdLine(line, options.weak ?? false)
    if (read.kind === 'bad') problem('error', read.column, read.problem)
    if (read.kind !== 'entry' && read.kind !== 'unusable') continue
    const user = read.kind === 'entry' ? read.entry.user : read.user
    const first = firstLines.get(user)
    if (first !== undefined) {
      problem('warning', 1, `found user ${user} again, first written in line ${first}`)
      continue
    }
    firstLines.set(user, index + 1)
    if (read.kind === 'entry') entries.set(user, read.entry)
    else {
      unusable.set(user, read.problem)
      problem('warning', read.column, `user ${user} cannot log in: ${read.problem}`)
    }
  }
  return { file, entries, unusable, problems }
}
