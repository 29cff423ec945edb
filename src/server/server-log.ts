// What the server writes to the log. Mail events (received, rejected) are not its business: the hooks know them.

/** Fields of a log line; `session` is the session id. No passwords, no message content. */
export type LogFields = Readonly<Record<string, string | number | boolean | null>>

export interface ServerLog {
  /** Something worth knowing that the other side did (a failed handshake, a time-out, an early talker). */
  notice(message: string, fields: LogFields): void
  /** An error of ours: an exception where a value was due. The client got 451 4.3.0. */
  bug(where: string, error: unknown, fields: LogFields): void
}
