// Changes of a passwd-file: one line changes, all other lines, fields and comments stay. The command `waypost passwd` and the page for
// people use it, under one lock, and readers see the old file or the new one.

import { readFile, realpath } from 'node:fs/promises'
import type { Clock } from '../lib/clock.ts'
import { withFileLock } from '../lib/file-lock.ts'
import { replaceFile } from '../lib/replace-file.ts'
import type { ScramSalt } from './derived-schemes.ts'
import { parsePasswdFile } from './passwd-file.ts'
import { userKey } from './passwd-line.ts'

export interface EditedPasswd {
  readonly text: string
  /** False if no line is of the user. */
  readonly found: boolean
}

/** Changes the lines of a user, or removes them if `change` returns null. @param user in any spelling, with the domain of the line */
export function editPasswdText(
  text: string,
  user: string,
  change: (fields: readonly string[]) => string | null,
): EditedPasswd {
  let found = false
  const lines = text.split('\n').flatMap((each) => {
    const fields = each.split(':')
    if (each.startsWith('#') || fields.length < 2 || userKey(fields[0] as string) !== userKey(user)) return [each]
    found = true
    const changed = change(fields)
    return changed === null ? [] : [changed]
  })
  if (lines.at(-1) === '') lines.pop()
  return { text: lines.map((each) => `${each}\n`).join(''), found }
}

/** The line with another password hash. A line end of Windows stays where it is. */
export function withHash(fields: readonly string[], hash: string): string {
  const isLast = fields.length === 2 && fields[1]?.endsWith('\r')
  return [fields[0], isLast ? `${hash}\r` : hash, ...fields.slice(2)].join(':')
}

/** The salt of the SCRAM keys of a user: app passwords have it too, and a client gets one salt for the user. */
export function scramSaltIn(text: string, user: string): ScramSalt | null {
  const stored = parsePasswdFile('', text).entries.get(userKey(user))?.stored
  return stored?.kind === 'scram' && stored.algorithm === 'sha256' ? stored.value : null
}

/**
 * Rewrites a file of users or of app passwords, behind a link its target; a missing file is empty. `change` returns the new text, or null
 * for no change. Rejects with the error of the file system; the old file stays then.
 */
export async function rewriteAccounts(
  file: string,
  clock: Pick<Clock, 'monotonic' | 'now' | 'sleep' | 'every'>,
  change: (text: string) => Promise<string | null> | string | null,
): Promise<void> {
  const target = await realpath(file).catch(() => file)
  await withFileLock(target, clock, async () => {
    const text = await readFile(target, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return ''
      throw error
    })
    const changed = await change(text)
    if (changed !== null) await replaceFile(target, changed)
  })
}
