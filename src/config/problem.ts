// What is wrong with a configuration, and exactly where. Problems are collected, never thrown one by one.

export interface Problem {
  readonly file: string
  /** From 1; 1:1 where the file as a whole is meant. */
  readonly line: number
  readonly column: number
  readonly message: string
}

/** Tells of a problem at a key of a file's YAML. */
export type Report = (path: (string | number)[], message: string) => void

/** `file:line:column: message`, the form that editors jump to. */
export function formatProblem(problem: Problem): string {
  return `${problem.file}:${problem.line}:${problem.column}: ${problem.message}`
}
