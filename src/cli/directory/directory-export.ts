// waypost directory export: all files of routing data as one, under keys of ours, which `mail:` reads again to the same effect. For looking
// over what a hierarchy comes to, for comparing two nodes or two days, and for leaving other shapes behind.

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

/** Prints the data; exit code 2 if it has faults. What LDAP and SQL say is not in it: that is no file, and changes by itself. */
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
      const head = [`Routing data of ${config.domain}: all files as one, addresses in full (waypost directory export).`]
      io.stdout.write(mailYaml(mail, head, { 'mail::rewrites': notes }))
    }
    if (config.directory.ldap || config.directory.sql)
      line(io.stderr, 'what LDAP and SQL say is not in it: see `waypost directory status`')
    return OK
  })
}
