// Reads a passwd-file into a table. A line that cannot be used is reported with its position and never matches.

import { readFile } from 'node:fs/promises'
import type { Place } from '../directory/data-problem.ts'
import { type PasswdEntry, readPasswdLine } from './passwd-line.ts'

export interface PasswdProblem extends Place {
  readonly message: string
}

export interface PasswdFile {
  readonly file: string
  /** By user name in the form of `userKey`, with a domain where the file has one. */
  readonly entries: ReadonlyMap<string, PasswdEntry>
  readonly problems: readonly PasswdProblem[]
}

export interface PasswdOptions {
  /** Accepts unsalted and plain passwords. */
  readonly weak?: boolean
}

/** Upper bound of lines, for a wrong file that is named by mistake. */
const MOST_LINES = 1_000_000

/** Reads the file. An unreadable file is a problem at 1:1 and has no entries. */
export async function loadPasswdFile(file: string, options: PasswdOptions = {}): Promise<PasswdFile> {
  try {
    return parsePasswdFile(file, await readFile(file, 'utf8'), options)
  } catch (error) {
    const message = `found no readable file (${(error as Error).message}), expected a passwd-file`
    return { file, entries: new Map(), problems: [{ file, line: 1, column: 1, message }] }
  }
}

/** Reads the text of a passwd-file. The first of two lines for one user counts, as in dovecot; the second is a problem. */
export function parsePasswdFile(file: string, text: string, options: PasswdOptions = {}): PasswdFile {
  const entries = new Map<string, PasswdEntry>()
  const firstLines = new Map<string, number>()
  const problems: PasswdProblem[] = []
  const problem = (line: number, column: number, message: string) => void problems.push({ file, line, column, message })
  for (const [index, line] of text.split(/\r?\n/, MOST_LINES).entries()) {
    const read = readPasswdLine(line, options.weak ?? false)
    if (read.kind === 'bad') problem(index + 1, read.column, read.problem)
    if (read.kind !== 'entry') continue
    const { user } = read.entry
    const first = firstLines.get(user)
    if (first !== undefined) problem(index + 1, 1, `found user ${user} again, first written in line ${first}`)
    else {
      firstLines.set(user, index + 1)
      entries.set(user, read.entry)
    }
  }
  return { file, entries, problems }
}
