// Problems of routing data, found when it is loaded: all at once, each with its place.

export interface Place {
  readonly file: string
  /** From 1; 0 for the file as a whole. */
  readonly line: number
  readonly column: number
}

export interface Problem extends Place {
  /** An error refuses the data; a warning does not. */
  readonly severity: 'error' | 'warning'
  readonly message: string
}

/** Collects problems while data is read. */
export interface ProblemList {
  readonly error: (place: Place, message: string) => void
  readonly warn: (place: Place, message: string) => void
}

/** An empty list that can also be read. */
export function collectProblems(): ProblemList & { readonly problems: readonly Problem[] } {
  const problems: Problem[] = []
  const add = (severity: Problem['severity']) => (place: Place, message: string) => {
    problems.push({ file: place.file, line: place.line, column: place.column, severity, message })
  }
  return { problems, error: add('error'), warn: add('warning') }
}

/** `file:line:column: severity: message`, the format of compilers. */
export function formatProblem(problem: Problem): string {
  const { file, line, column, severity, message } = problem
  return `${file}:${line}:${column}: ${severity}: ${message}`
}

/** `file:line`, the format of the source of a resolution step. */
export function formatPlace(place: Place): string {
  return `${place.file}:${place.line}`
}

/** The inverse of formatPlace, with column 1. */
export function parsePlace(source: string): Place {
  const colon = source.lastIndexOf(':')
  return { file: source.slice(0, colon), line: Number(source.slice(colon + 1)) || 0, column: 1 }
}
