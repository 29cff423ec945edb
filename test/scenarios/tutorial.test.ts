// Runs the commands of docs/tutorial/four-nodes.md in one shell, in an empty home folder, and compares what they print with the page. Before
// the last step, which stops the nodes, it runs the commands of the how-to pages on those nodes. The commands of the tutorial about setup
// run in another shell.

import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect, it } from 'vitest'
import { commonFreePort } from '../../src/demo/demo-addresses.ts'
import { compareSteps, readSteps, type Step } from '../lib/page-steps.ts'
import { testedCommand } from '../lib/tested-program.ts'

const root = join(import.meta.dirname, '../..')
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const tutorial = read('docs/tutorial/four-nodes.md')
const howTos = globSync('docs/how-to/*.md', { cwd: root }).toSorted()
/** A hundred processes start one after the other; a loaded machine needs two minutes. */
const TIMEOUT_MS = 600_000
/** The tutorial runs the sources; the commands of the how-to pages run the program of the other tests, which starts in half the CPU time. */
const howToProgram = `
mkdir bin
cat > bin/waypost <<'EOF'
#!/bin/sh
exec ${testedCommand([]).flat().join(' ')} "$@"
EOF
chmod +x bin/waypost
export PATH="$PWD/bin:$PATH"
`
/** Files of the tutorial by the names that the how-to pages use: on a real host, all of them are beside node.yaml. */
const howToLayout = `
mkdir etc/added
for node in mx srs submission mta; do
  (cd $node && ln -s ../etc/* ../ca.key .)
  sed -i 's#../etc/mail.yaml#../etc/mail.yaml, ../etc/added#' $node/node.yaml
done
`

/** The same for addresses and ports. */
const howToHosts = [
  ['127.0.0.1:53', '127.0.0.1:5300'],
  ['submission-01.example.org:465', '127.0.1.3:4650'],
  ['mta-01.example.org:587', '127.0.1.4:5870'],
] as const

/**
 * The commands of a how-to page. `sh NODE` blocks run in the folder of that node; `yaml mail` blocks are files of routing data. Those of
 * `sh demo` blocks run in playbook.test.ts.
 */
function howToSteps(file: string): Step[] {
  const text = howToHosts.reduce(
    (all, [real, local]) => all.replaceAll(new RegExp(`${real}\\b`, 'g'), local),
    read(file),
  )
  const blocks = [...text.matchAll(/^( *)```(sh|yaml) (?!demo\n)(\w+)\n(.*?)^ *```$/gms)]
  return blocks.map(([, indent, kind, place, lines], i) => {
    const content = (lines as string).replaceAll(new RegExp(`^${indent}`, 'gm'), '')
    const name = `${basename(file, '.md')}-${i}.yaml`
    const commands =
      kind === 'yaml' ? `cat > etc/added/${name} <<'EOF'\n${content}EOF\n` : `(cd ${place}\n${content})\n`
    return { commands: `# ${file}\n${commands}`, output: [] }
  })
}

/** Replaces the ports of the page, which may be in use on this machine. */
async function withFreePorts(steps: readonly Step[]): Promise<Step[]> {
  const addresses = ['127.0.1.1', '127.0.1.2', '127.0.2.1']
  const ports = {
    2525: await commonFreePort(addresses),
    4650: await commonFreePort(['127.0.1.3']),
    5870: await commonFreePort(['127.0.1.3', '127.0.1.4']),
    5300: await commonFreePort(['127.0.0.1']),
  }
  const replace = (text: string) =>
    Object.entries(ports).reduce((result, [port, free]) => result.replaceAll(port, `${free}`), text)
  return steps.map(({ commands, output }) => ({ commands: replace(commands), output: output.map(replace) }))
}

it('the commands of the tutorial and of the how-to pages work', { timeout: TIMEOUT_MS }, async () => {
  const steps = readSteps(tutorial)
  const added = [{ commands: howToProgram + howToLayout, output: [] }, ...howTos.flatMap(howToSteps)]
  expect(steps.length).toBeGreaterThan(20)
  expect(added.length).toBeGreaterThan(20)
  const all = await withFreePorts([...steps.slice(0, -1), ...added, ...steps.slice(-1)])
  expect(await compareSteps(all)).toEqual({ failures: [], status: 0, last: '' })
})

it('the commands of the tutorial about setup work', { timeout: TIMEOUT_MS }, async () => {
  const steps = readSteps(read('docs/tutorial/fleet-in-ten-minutes.md'))
  expect(steps.length).toBeGreaterThan(5)
  expect(await compareSteps(steps)).toEqual({ failures: [], status: 0, last: '' })
})
