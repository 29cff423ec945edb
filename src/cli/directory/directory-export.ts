// waypost directory export: the routing data of all files as one file that `mail:` reads with the same result. Use it to review a Hiera
// hierarchy, to compare two nodes or two days, and to replace other formats.

import { routingFiles } from '../../wiring/routing-files.ts'
import { formatProblem } from '../../config/problem.ts'
import { mailJson, mailYaml } from '../../directory/export/mail-yaml.ts'
import { plainMail } from '../../directory/export/plain-data.ts'
import { loadDirectory } from '../../directory/load-directory.ts'
import { unlistedAddresses } from '../../directory/check/unlisted.ts'
import { line, OK, USAGE } from '../io.ts'
import type { Io } from '../io.ts'
import { withConfig } from '../with-config.ts'

export interface ExportOptions {
  readonly config: string
  readonly format: 'yaml' | 'json'
}

/** Exit code 2 if the data have errors. The output has no data from LDAP and SQL, because these change without a file. */
export function directoryExport({ config: file, format }: ExportOptions, io: Io): Promise<number> | number {
  return withConfig(file, io, (config) => {
    const { directory, problems } = loadDirectory(routingFiles(config, []))
    for (const problem of problems.filter((one) => one.severity === 'error')) line(io.stderr, formatProblem(problem))
    if (!directory) return USAGE
    const mail = plainMail(directory)
    const notes = unlistedAddresses(directory).map(formatProblem)
    if (format === 'json') {
      io.stdout.write(mailJson(mail))
      // JSON has no comments.
      for (const note of notes) line(io.stderr, `${note} (note)`)
    } else {
      const head = [`Routing data of ${config.domain}, merged by waypost directory export.`]
      io.stdout.write(mailYaml(mail, head, { 'mail::rewrites': notes }))
    }
    if (config.directory.ldap || config.directory.sql)
      line(io.stderr, 'the output has no data from LDAP and SQL; see `waypost directory status`')
    return OK
  })
}
