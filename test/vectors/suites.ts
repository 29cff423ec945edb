// Where the published suites lie: the directory in WAYPOST_VECTORS. Without it their tests are skipped; the project stands without them.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const directory = process.env['WAYPOST_VECTORS']

/** The text of a suite's file, or null with a plain message where the suites are not there. */
export function suite(path: string): string | null {
  if (directory === undefined || directory === '') {
    process.stderr.write(`${path}: skipped, WAYPOST_VECTORS names no directory of suites\n`)
    return null
  }
  const file = join(directory, path)
  if (!existsSync(file)) throw new Error(`${file}: not found, expected a suite in the directory of WAYPOST_VECTORS`)
  return readFileSync(file, 'latin1')
}

/** A message as on the wire: CRLF line ends, header apart from body. */
export function wire(text: string): { header: Buffer; body: Buffer } {
  const lines = text.replace(/\r?\n/g, '\r\n')
  const end = lines.startsWith('\r\n') ? 0 : lines.indexOf('\r\n\r\n')
  if (end < 0) return { header: Buffer.from(lines, 'latin1'), body: Buffer.alloc(0) }
  const cut = end === 0 ? 2 : end + 4
  return { header: Buffer.from(lines.slice(0, cut), 'latin1'), body: Buffer.from(lines.slice(cut), 'latin1') }
}
