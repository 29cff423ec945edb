// An edit of the routing data sends mail to the wrong person. The correction has a mistake in another line, so the nodes refuse it and
// continue with the wrong data.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { askNode } from '../../cli/node/ask-node.ts'
import { nodeStatusSchema } from '../../fleet-view/node-status.ts'
import type { Fleet } from '../fleet.ts'
import { reloadNode } from '../reload-node.ts'
import type { Break, Stage } from './break.ts'

const nodes = ['mx', 'srs'] as const
/** Time limit of the answer of a node, ms. */
const ANSWER_MS = 10_000

export const wrongAlias: Break = {
  kind: 'wrong-alias',
  about: 'an edited alias sends mail to the wrong person, and its correction has no effect',
  page: 'docs/how-to/when-mail-goes-to-the-wrong-person.md',
  run: async ({ fleet, post }) => {
    const file = join(fleet.folder, 'hiera/data/common/mail.yaml')
    const edit = (from: string, to: string) =>
      writeFileSync(file, readFileSync(file, 'utf8').replace(`\n  ${from}\n`, `\n  ${to}\n`))
    edit('dpo: leo', 'dpo: lena')
    for (const node of nodes) await reloadNode(fleet, node)
    await post.fromAnn({ to: 'dpo@example.org', mailbox: 'lena@home.example.net', subject: 'My data' })
    edit('dpo: lena', 'dpo: leo')
    edit('tax: [wim, taxes]', 'tax: [wim, taxes')
    for (const node of nodes) await reloadNode(fleet, node)
    await post.fromAnn({ to: 'dpo@example.org', mailbox: 'lena@home.example.net', subject: 'My data, again' })
    let isRepaired = false
    return {
      report: [
        'Lena writes: I get confidential mail to dpo@example.org. Leo, who is the data protection officer, gets none.',
        'The editor of the aliases writes: I have corrected it, and nothing has changed.',
      ],
      commands: [`trace dpo@example.org -c ${fleet.configOf('mx')}`, `status -c ${fleet.configOf('mx')}`],
      look: async () => {
        const refusing = await refusingNodes(fleet)
        if (refusing.length > 0) return refusing
        if (!isRepaired)
          await post.fromAnn({ to: 'dpo@example.org', mailbox: 'leo@mail.example.com', subject: 'Third' })
        isRepaired = true
        return post.missing()
      },
    }
  },
}

async function refusingNodes(fleet: Stage['fleet']): Promise<string[]> {
  const all = await Promise.all(
    nodes.map(async (node) => ((await lastReload(fleet, node)) === 'refused' ? [node] : [])),
  )
  return all.flat().map((node) => `${node} runs with the data before the last edit`)
}

async function lastReload(fleet: Fleet, node: (typeof nodes)[number]): Promise<string | undefined> {
  const asked = await askNode(fleet.dataOf(node), 'status', ANSWER_MS)
  return asked.kind === 'answer' ? nodeStatusSchema.safeParse(asked.value).data?.reload?.result : undefined
}
