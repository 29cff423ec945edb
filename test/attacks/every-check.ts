// The mx nodes of an attack with every check that a node can have: virus scan, rspamd, own score, DNS lists, own lists and greylisting. None of
// them finds anything in good mail. What an attack configures itself stays.

import { startFakeClamd } from '../lib/fake-clamd.ts'
import { startFakeRspamd } from '../lib/fake-rspamd.ts'
import { testPointsOf } from '../lib/sample-dns-list.ts'
import { DEFAULT_MAIL, type NodeSettings, type World } from '../lib/whole-node.ts'

const LIST = 'bl.every.test'

export interface EveryCheck {
  /** The environment, whose nodes of the role mx get all checks. */
  readonly world: World
  close(): Promise<void>
}

/** Starts the scanners and the list. */
export async function withEveryCheck(world: World): Promise<EveryCheck> {
  const [clamd, rspamd] = [await startFakeClamd(), await startFakeRspamd()]
  for (const [name, entry] of testPointsOf(LIST)) world.dns.zone.set(name, entry)
  const answers = [{ answer: '127.0.0.2', points: 5, meaning: 'spam' }]
  const yaml = {
    clamav: { servers: [clamd.name] },
    rspamd: { urls: [rspamd.url] },
    score: {},
    dnsbl: { own: [{ name: 'every', zone: LIST, kinds: ['ip4', 'domain'], answers }] },
    greylist: { when: ['score', 'listed'] },
    dmarc: { reject: true },
  }
  const mail = { block: [{ sender_domain: '.blocked.example' }], allow: [{ sender_domain: 'partner.example' }] }
  const complete = (settings: NodeSettings): NodeSettings =>
    settings.role !== 'mx'
      ? settings
      : {
          ...settings,
          yaml: { ...yaml, ...settings.yaml },
          mail: { ...mail, ...(settings.mail ?? DEFAULT_MAIL) },
        }
  return {
    world: { ...world, node: (settings) => world.node(complete(settings)) },
    close: async () => void (await Promise.all([clamd.close(), rspamd.close()])),
  }
}
