// `npm run build`: writes dist/, with the program as a folder for Node.js (dist/program), as one executable file (dist/waypost) and, with
// --deb, as a Debian package. Beside them are the manual pages and the completion of shells.

import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { partsOf, writeBundle } from './bundle.ts'
import { writeDebianPackage } from './debian-package.ts'
import { writeExecutable } from './executable.ts'
import { generatedTexts, programVersion, releaseDate, writeTexts } from './texts.ts'

const folder = join(import.meta.dirname, '../dist')
const program = join(folder, 'program')
const executable = join(folder, 'waypost')
const line = (text: string) => process.stdout.write(`${text}\n`)
const megabytes = (octets: number) => `${(octets / 1e6).toFixed(1)} MB`

const { values } = parseArgs({ options: { deb: { type: 'boolean', default: false } } })
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder)
await writeBundle(program)
const parts = partsOf(program)
line(`dist/program              ${megabytes(parts.reduce((sum, { size }) => sum + size, 0))} in ${parts.length} parts`)
line(`dist/waypost              ${megabytes(await writeExecutable(program, executable))}`)
const texts = generatedTexts(releaseDate())
writeTexts(texts, folder)
line(`dist/man, dist/completion ${texts.manual.size} manual pages`)
if (values.deb) {
  const contents = { executable, texts, version: programVersion(), date: releaseDate(), level: 6 }
  line(writeDebianPackage(contents, folder))
}
