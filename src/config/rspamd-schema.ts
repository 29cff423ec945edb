// The keys under `rspamd`: where the spam filter is, how long it may take, and what follows where it does not answer.

import { z } from 'zod'
import { duration, httpOrSocket, text } from './values.ts'

/** Tried in turn: more than a handful would keep the client waiting for nothing. */
const MOST_URLS = 8

export const rspamdSchema = z.strictObject({
  urls: z
    .array(httpOrSocket)
    .min(1, { error: 'at least one URL' })
    .max(MOST_URLS, { error: `at most ${MOST_URLS} URLs` })
    .describe('Workers of rspamd, tried in turn: `http://127.0.0.1:11333` or `unix:/run/rspamd/worker.sock`.'),
  password_file: text('a path')
    .optional()
    .describe('File with the password that the worker asks for (a controller does, normal workers do not).'),
  timeout: duration
    .prefault('10s')
    .describe('Wait for the answer of one URL; rspamd itself ends a check after 8 s unless told otherwise.'),
  when_down: z
    .enum(['accept', 'defer'], { error: 'one of accept, defer' })
    .default('accept')
    .describe('No answer of any: take the mail unchecked, which ledger, health and metrics tell, or `451 4.3.0`.'),
})

export type RspamdFile = z.output<typeof rspamdSchema>
