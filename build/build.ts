// `npm run build`: writes dist/program, the program as a folder for Node.js.

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { bundleSize, writeBundle } from './bundle.ts'

const folder = join(import.meta.dirname, '../dist')
const program = join(folder, 'program')
const megabytes = (octets: number) => `${(octets / 1e6).toFixed(1)} MB`

rmSync(folder, { recursive: true, force: true })
await writeBundle(program)
process.stdout.write(`dist/program/waypost.cjs  ${megabytes(bundleSize(program))}\n`)
