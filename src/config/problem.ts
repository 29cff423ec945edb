// Problems of a configuration, each with its position. They are collected, so that one run reports all of them.

/** Keys from the top of a YAML file down to a value; numbers are list positions. */
export type Path = readonly (string | number)[]

export interface Problem {
  readonly file: string
  /** From 1; 1:1 if the file as a whole is meant. */
  readonly line: number
  readonly column: number
  readonly message: string
}

/** Reports a problem at a key. `finding` is `found …, expected …`; the message is `key: found …, expected …`. */
export type Report = (path: Path, finding: string) => void

/** `file:line:column: message`, the form that editors can jump to. */
export function formatProblem(problem: Problem): string {
  return `${problem.file}:${problem.line}:${problem.column}: ${problem.message}`
}

/** `srs.secrets.0`, as messages name a key. */
export function dottedPath(path: Path): string {
  return path.length === 0 ? 'the file' : path.join('.')
}
