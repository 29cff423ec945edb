// The detail of the event of bulk mail: it is written by the check `bulk`, and `waypost report bulk` reads it again.

export interface BulkCount {
  readonly author: string
  /** Recipients of the author's mail without one click to unsubscribe, on that day (UTC) so far. */
  readonly recipients: number
}

export function formatBulk({ author, recipients }: BulkCount): string {
  return `${recipients} recipients today of mail of ${author} without one click to unsubscribe`
}

/** Null for the detail of another event. */
export function parseBulk(detail: string): BulkCount | null {
  const match = /^(\d+) recipients today of mail of (\S+) without /.exec(detail)
  return match ? { recipients: Number(match[1]), author: match[2] as string } : null
}
