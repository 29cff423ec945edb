// The keys that describe the node itself: role, names, data directory, and how it notices changed files.

import { lstatSync, statSync } from 'node:fs'
import { normalizeMailbox } from '../../smtp/mailbox.ts'
import { plainSection, section } from '../section.ts'
import { flag, hostName, path, text } from '../values.ts'
import { readRole } from '../role-file.ts'

export const role = section(
  text('mx, srs, submission, mta, client, solo, or the path of a role file').describe(
    'Role of this node: the name of a shipped role, or the path of a role file.',
  ),
  readRole,
)

export const hostname = plainSection(
  hostName.describe('Host name of the node in the greeting, in EHLO and in Received.'),
)

export const domain = plainSection(hostName.describe("The organisation's main mail domain."))

export const data = section(
  path.describe('Directory of the queue and of other state. It must survive restarts.'),
  (written, reader) => {
    const directory = reader.locate(written)
    const obstacle = obstacleAt(directory)
    if (obstacle !== null) reader.report([], `found ${directory}, which ${obstacle}, expected a directory`)
    return directory
  },
)

export const postmaster = section(
  text('an address').optional().describe('Address that reports come from; default: postmaster@ the main domain.'),
  (written, reader) => {
    if (written !== undefined && normalizeMailbox(written) === null)
      reader.report([], `found "${written}", expected an address such as postmaster@example.org`)
    return written
  },
)

/** Characters. With the usual text of a refusal the reply stays in one line of 512 octets (RFC 5321 4.5.3.1.5). */
const LONGEST_LINK = 200

export const help_link = section(
  text('a URL')
    .optional()
    .describe(
      'Page for senders whose mail was refused, such as `https://example.org/mail-help?{id}`. Refusals end with it; `{id}` is the ID with which `waypost trace` finds the refusal.',
    ),
  (written, reader): string | null => {
    const isLink = written === undefined || (/^https?:\/\/[!-~]+$/.test(written) && written.length <= LONGEST_LINK)
    if (!isLink)
      reader.report(
        [],
        `found "${written}", expected a URL of at most ${LONGEST_LINK} ASCII characters, such as https://example.org/mail-help?{id}`,
      )
    return written ?? null
  },
)

export const watch = plainSection(
  flag.default(false).describe('Reload when a file changes, without `waypost reload` or SIGHUP.'),
)

/** Why the node cannot create or use the directory; null if it can. A missing directory is created at the start. */
function obstacleAt(directory: string): string | null {
  try {
    return statSync(directory).isDirectory() ? null : 'is not a directory'
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOTDIR') return 'is below a file'
    return code === 'ENOENT' && lstatSync(directory, { throwIfNoEntry: false }) ? 'is a dangling link' : null
  }
}
