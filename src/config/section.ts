// The contract of a section: a top-level key of a node's YAML with its schema, the files that it names, and the checks between its own keys.
// A section is one file in sections/ and one line in sections.ts; docs/reference/configuration.md and docs/node.schema.json are generated from it.
// Checks that need two sections, or a section and the role, are in cross-checks.ts.

import type { z } from 'zod'
import type { Path, Problem, Report } from './problem.ts'

export interface SectionReader {
  /** Reports a problem. The path starts at the section. */
  readonly report: Report
  /** Adds problems that have positions in another file. */
  readonly addProblems: (problems: readonly Problem[]) => void
  /** The absolute path of a file that another module reads. Relative paths start at the folder of the node's YAML, `${CREDENTIALS_DIRECTORY}/` is that of systemd's credentials. */
  readonly locate: (file: string) => string
  /** The absolute path of a file that the section reads. The file counts as part of the configuration from now on. */
  readonly open: (file: string) => string
  /** Marks a file as a secret that only the user of the node may read. */
  readonly noteSecret: (path: Path, file: string) => void
  /** The reader for the keys below a key. */
  readonly below: (...path: readonly string[]) => SectionReader
}

export interface Section<Schema extends z.ZodType, Value> {
  readonly schema: Schema
  /** Turns the parsed value into the one of the configuration. After a problem the result is not used. */
  readonly read: (written: z.output<Schema>, reader: SectionReader) => Value
}

/** A section of any type. The frame passes to `read` what `schema` has parsed. */
export interface AnySection {
  readonly schema: z.ZodType
  readonly read: (written: never, reader: SectionReader) => unknown
}

export function section<Schema extends z.ZodType, Value>(
  schema: Schema,
  read: Section<Schema, Value>['read'],
): Section<Schema, Value> {
  return { schema, read }
}

/** A section that names no files and whose keys do not depend on each other. */
export function plainSection<Schema extends z.ZodType>(schema: Schema): Section<Schema, z.output<Schema>> {
  return { schema, read: (written) => written }
}

/** A section with the path of a file or folder that another module reads. */
export function pathSection<Schema extends z.ZodType<string | undefined>>(
  schema: Schema,
): Section<Schema, z.output<Schema>> {
  return {
    schema,
    read: (written, { locate }) => (written === undefined ? written : locate(written)) as z.output<Schema>,
  }
}
