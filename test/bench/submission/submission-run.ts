// The command `npm run bench -- submission`. Options: --messages N --rounds N --sessions N, --only TEXT for mail servers and --rows TEXT for
// loads whose name contains it.

import { missingPeers } from '../../lib/peers/ensure.ts'
import { formatSubmission, type SubmissionPage } from './submission-report.ts'
import { measureSubmission } from './submission-rows.ts'

export interface SubmissionOptions {
  readonly messages: string
  readonly rounds: string
  readonly sessions: string
  readonly only?: string | undefined
  readonly rows?: string | undefined
  readonly say: (line: string) => void
}

/** The section of the page. */
export async function runSubmissionBenchmark(page: SubmissionPage, options: SubmissionOptions): Promise<string> {
  const missing = missingPeers(['postfix', 'doveadm', 'rspamd', 'opendkim'])
  if (missing.length > 0) throw new Error(`the benchmark needs more programs: ${missing.join('; ')}`)
  const { messages, rounds, sessions, only = '', rows = '', say } = options
  const numbers = { messages: Number(messages), rounds: Number(rounds), sessions: Number(sessions) }
  return formatSubmission(page, await measureSubmission({ ...numbers, only, rows, say }))
}
