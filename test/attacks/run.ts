// `npm run attack`: every attack at full strength, as a table. `--write` puts it into docs/attacks.md; `--program DIR` attacks the nodes of
// another checkout, for a table of before and after; `--every-check` gives the mx nodes all checks; names run only those attacks.

import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { describeMachine } from '../bench/machine.ts'
import { measureAttack } from './attack.ts'
import { attacks } from './attacks.ts'
import { type AttackRow, attackTable } from './attack-table.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    write: { type: 'boolean' },
    program: { type: 'string' },
    'every-check': { type: 'boolean', default: false },
    scale: { type: 'string', default: '4' },
  },
})
const page = join(import.meta.dirname, '../../docs/attacks.md')
const folder = values.program === undefined ? join(import.meta.dirname, '../..') : resolve(values.program)
if (values.program !== undefined) process.env['WAYPOST_TEST_MAIN'] = join(folder, 'src/main.ts')
const chosen = attacks.filter(({ name }) => positionals.length === 0 || positionals.includes(name))

const rows: AttackRow[] = []
for (const attack of chosen) {
  process.stderr.write(`${attack.name}: ${attack.what}\n`)
  const result = await measureAttack(attack, { scale: Number(values.scale), everyCheck: values['every-check'] }).catch(
    (error: Error) => error,
  )
  rows.push({ attack, result })
  process.stdout.write(`${attackTable([{ attack, result }]).split('\n').at(-1)}\n`)
  if (!(result instanceof Error)) for (const refusal of result.second.refusals) process.stderr.write(`  ${refusal}\n`)
}

const revision = execFileSync('git', ['-C', folder, 'rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
const machine = describeMachine()
const checks = values['every-check'] ? ', every check on' : ''
const head = `Measured at revision ${revision}, scale ${values.scale}${checks}: ${machine.processor}, ${machine.cores} cores, ${machine.system}, Node.js ${machine.node}.`
const text = `${head}\n\n${attackTable(rows)}\n`
process.stdout.write(`\n${text}`)
if (values.write) {
  const mark = values.program === undefined ? 'after' : 'before'
  const part = new RegExp(`(<!-- ${mark} -->\n)[^]*?(<!-- end -->)`)
  const before = readFileSync(page, 'utf8')
  if (!part.test(before)) throw new Error(`docs/attacks.md has no part <!-- ${mark} -->`)
  writeFileSync(
    page,
    before.replace(part, (_, start: string, end: string) => `${start}${text}${end}`),
  )
}
