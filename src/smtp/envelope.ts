// The envelope: reverse-path, forward-paths and their parameters (RFC 5321 2.3.1, RFC 3461, RFC 6152, RFC 6531, RFC 8689).
// Addresses are strings in the printed form of smtp/mailbox.ts (`local@domain`, domain in lower case); the null sender is null.

/** Parameters of MAIL, after the check of their syntax. */
export interface MailParameters {
  /** SIZE=, octets the client announced, or null. */
  readonly size: number | null
  readonly body: '7BIT' | '8BITMIME'
  readonly smtputf8: boolean
  readonly requireTls: boolean
  /** RET= (RFC 3461 4.3). */
  readonly ret: 'FULL' | 'HDRS' | null
  /** ENVID= decoded from xtext (RFC 3461 4.4). */
  readonly envid: string | null
}

/** NOTIFY= values (RFC 3461 4.1); `NEVER` stands alone. */
export type Notify = 'NEVER' | 'SUCCESS' | 'FAILURE' | 'DELAY'

/** Parameters of RCPT, after the check of their syntax. */
export interface RecipientParameters {
  /** Empty without NOTIFY=: RFC 3461 4.1 then allows FAILURE and DELAY. */
  readonly notify: readonly Notify[]
  /** ORCPT= as `type;address` with the address decoded (RFC 3461 4.2), or null. */
  readonly orcpt: string | null
}

export const plainMail: MailParameters = {
  size: null,
  body: '7BIT',
  smtputf8: false,
  requireTls: false,
  ret: null,
  envid: null,
}

export const plainRecipient: RecipientParameters = { notify: [], orcpt: null }
