// The contract of the schema of personal data: each place that holds any, with its classes, purpose, readers, retention and erasure.

import type { FieldClass } from '../../lib/log-fields.ts'

/** Columns have two classes more than fields of the log: octets of mail, and what proves an identity. */
export type DataClass = FieldClass | 'content' | 'secret'

/** What `waypost privacy erase` does with a row that names the person. */
export type Erasure =
  /** The row goes. */
  | 'delete'
  /** The name is replaced in the row. */
  | 'replace'
  /** The row stays, and the command lists it. */
  | 'keep'

export interface TablePlace {
  readonly columns: Readonly<Record<string, DataClass>>
  /** Absent for a table without personal data. */
  readonly erasure?: Erasure
  /** SQL: rows that the command keeps whatever `erasure` says, such as those that still have an effect. */
  readonly keptWhile?: string
  /** SQL: the queue ID of a row, for the operator. */
  readonly queueId?: string
  /** Why rows stay, and what removes them. */
  readonly whyKept?: string
}

interface PlaceTexts {
  /** What is there, as a sentence for the data-protection officer. */
  readonly holds: string
  readonly purpose: string
  /** Readers beside the operators of the node. */
  readonly readers: string
  /** How long, in words and settings. */
  readonly kept: string
  /** How one person is erased. */
  readonly erased: string
}

/** A file of the data directory, by its path there; `*` stands for any name. */
export type FilePlace = { readonly file: string } & (
  | ({ readonly kind: 'database'; readonly tables: Readonly<Record<string, TablePlace>> } & PlaceTexts)
  /** One entry for each line, in the classes that are named. */
  | ({ readonly kind: 'lines'; readonly classes: readonly DataClass[] } & PlaceTexts)
  | { readonly kind: 'none'; readonly holds: string }
)

/** Where data leaves the node or is shown. */
export interface Output extends Omit<PlaceTexts, 'readers'> {
  readonly name: string
  readonly classes: readonly DataClass[]
  readonly recipients: string
  /** The setting that turns it on; null if every node does it. */
  readonly setting: string | null
}
