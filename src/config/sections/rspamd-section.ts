// `rspamd`: the workers of the spam filter, and the controller that learns.

import { z } from 'zod'
import { isLoopbackHost } from '../../lib/ip-address.ts'
import { readPassword } from '../read-files.ts'
import { section, type SectionReader } from '../section.ts'
import { duration, httpOrSocket, path } from '../values.ts'

/** The client waits while the node tries the workers in order. */
const MAX_URLS = 8

/** A client waits ten minutes for the reply to the final dot (RFC 5321 4.5.3.2.6). Half of that is left for the queue and slow disks. */
const MAX_WAIT_MS = 300_000

const controllerSchema = z.strictObject({
  urls: z
    .array(httpOrSocket)
    .min(1, { error: 'at least one URL' })
    .max(MAX_URLS, { error: `at most ${MAX_URLS} URLs` })
    .describe(
      'Controllers, tried in order until one answers: `http://127.0.0.1:11334` or `unix:/run/rspamd/controller.sock`.',
    ),
  password_file: path
    .optional()
    .describe(
      'File with the password of the controller on its first line. It is sent to a loopback address or a socket only.',
    ),
})

const schema = z.strictObject({
  urls: z
    .array(httpOrSocket)
    .min(1, { error: 'at least one URL' })
    .max(MAX_URLS, { error: `at most ${MAX_URLS} URLs` })
    .describe('rspamd workers, tried in order: `http://127.0.0.1:11333` or `unix:/run/rspamd/worker.sock`.'),
  password_file: path
    .optional()
    .describe('File with the password of the worker on its first line. Controllers need one, normal workers do not.'),
  timeout: duration
    .prefault('10s')
    .describe('Time limit of the answer of one worker. The default of rspamd itself is 8 s.'),
  own_results: z
    .boolean({ error: 'true or false' })
    .default(true)
    .describe(
      'Send rspamd the results of SPF, DKIM, DMARC and ARC, so that it does not verify the message again. false: it verifies the message itself.',
    ),
  when_down: z
    .enum(['accept', 'defer'], { error: 'one of accept, defer' })
    .default('accept')
    .describe(
      'If no worker answers: accept the mail unchecked and report it in the ledger, health page and metrics, or defer it (`451 4.3.0`).',
    ),
  controller: controllerSchema.optional().describe('The controller of rspamd, for `waypost learn`.'),
})

type RspamdFile = z.output<typeof schema>

export interface RspamdConfig extends Omit<RspamdFile, 'password_file' | 'controller'> {
  readonly password: string | null
  readonly controller: { readonly urls: readonly string[]; readonly password: string | null } | null
}

export const rspamd = section(
  schema.optional().describe('Spam filter. The role decides which mail it checks.'),
  (written, reader): RspamdConfig | null => {
    if (written === undefined) return null
    const { password_file, controller, ...keys } = written
    checkUrls(written, reader)
    checkCleartext(written, [], reader)
    return {
      ...keys,
      password: password_file === undefined ? null : readPassword(reader, ['password_file'], password_file),
      controller: controller === undefined ? null : readController(controller, reader),
    }
  },
)

function readController(written: z.output<typeof controllerSchema>, reader: SectionReader): RspamdConfig['controller'] {
  const { urls, password_file } = written
  checkCleartext(written, ['controller'], reader)
  const password =
    password_file === undefined ? null : readPassword(reader, ['controller', 'password_file'], password_file)
  return { urls, password }
}

function checkUrls({ urls, timeout }: RspamdFile, reader: SectionReader): void {
  if (timeout * urls.length > MAX_WAIT_MS)
    reader.report(
      ['timeout'],
      `found ${timeout / 1000} s for each of ${urls.length} URLs, expected at most ${MAX_WAIT_MS / 1000} s in total: clients do not wait longer`,
    )
}

/** Reports each URL to which a password would cross the network. `at` is the key that holds the URLs. */
function checkCleartext(
  { urls, password_file }: Pick<RspamdFile, 'urls' | 'password_file'>,
  at: readonly string[],
  reader: SectionReader,
): void {
  for (const [index, url] of urls.entries()) {
    if (password_file !== undefined && !isLocal(url))
      reader.report(
        [...at, 'urls', index],
        `found ${url} beside password_file, expected a loopback address or a socket: the password must not cross the network in cleartext`,
      )
  }
}

function isLocal(url: string): boolean {
  return url.startsWith('unix:') || isLoopbackHost(new URL(url).hostname)
}
