// How a file ends, as a sign that it was written to its end. A file that was cut off in the middle of a line, or before its end marker, may
// still be valid: the people in the rest of it would be unknown.

import type { Files } from './files.ts'

/** From the strongest sign to none. */
const fileEndings = ['marker', 'line', 'open'] as const
/** `marker`: a last line `...` (YAML 1.1 9.2.4) or `# end`; `line`: a complete last line; `open`: no line end. */
export type FileEnding = (typeof fileEndings)[number]

/** The last line that says that nothing follows. */
const marker = /(?:^|\n)(?:\.\.\.|# ?end)[ \t]*\r?\n?\s*$/i

export function endingOf(text: string): FileEnding {
  if (marker.test(text.slice(-100))) return 'marker'
  return text === '' || text.endsWith('\n') ? 'line' : 'open'
}

/** By path. */
export type FileEndings = Readonly<Record<string, FileEnding>>

/** The first file that ended better in its last good version, as a sentence; null if there is none. */
export function incompleteFile(now: FileEndings, before: FileEndings): string | null {
  for (const [file, ending] of Object.entries(now)) {
    const last = before[file]
    if (last === undefined || fileEndings.indexOf(ending) <= fileEndings.indexOf(last)) continue
    const sign = last === 'marker' ? 'with the marker "..." or "# end"' : 'with a complete line'
    return `${file} is incomplete: its last version ends ${sign}`
  }
  return null
}

/** Files that also record how each text ends that is read from them. */
export function recordEndings(files: Files): { readonly files: Files; readonly endings: FileEndings } {
  const endings: Record<string, FileEnding> = {}
  return {
    endings,
    files: {
      ...files,
      read: (path) => {
        const answer = files.read(path)
        if (answer.kind === 'found') endings[path] = endingOf(answer.text)
        return answer
      },
    },
  }
}
