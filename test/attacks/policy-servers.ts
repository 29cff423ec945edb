// Strangers from domains whose MTA-STS policy servers are slow or never end send mail that is returned to them. During that, forwards to
// domains whose policies the node does not know yet must be delivered, as these policies demand.

import { join } from 'node:path'
import { type PolicyAnswer, type PolicyServer, startPolicyServer } from '../lib/policy-server.ts'
import { freePort } from '../lib/free-port.ts'
import { until } from '../lib/until.ts'
import type { SmtpPeer } from '../lib/smtp-peer.ts'
import type { World } from '../lib/whole-node.ts'
import type { Attack, AttackStage, Target } from './attack.ts'
import { causeReports } from './cause-reports.ts'

/** More than the places of reports (`deliveryReports`). */
const DOMAINS = 70
/** Requests that the servers hold before the mail with a new policy is sent. */
const HELD = 50
/** Domains with policies that are new to the node, and whose mail is not attacked. */
const NEW = 12

interface Place {
  readonly servers: PolicyServer[]
  readonly port: number
  readonly fresh: readonly SmtpPeer[]
}

const places = new WeakMap<World, Place>()

export const policyServers: Attack = {
  name: 'policy-servers',
  budgets: ['strangerRequests', 'strangerWaiting', 'deliveryReports', 'stsPolicies'],
  what: 'strangers get reports at 70 domains whose MTA-STS policy servers are silent, slow or without an end, each in another network; mail to twelve domains with a policy that the node does not know yet is delivered',
  prepare,
  run,
}

async function prepare(world: World): Promise<Target> {
  const port = await freePort()
  const policies = await startPolicyServer(world.ca, { host: world.newAddress(), port })
  const withPolicy = async (domain: string) => {
    const { certificate: cert, key } = world.ca.issue({ names: [`mx.${domain}`] })
    const peer = await world.destination(domain, { tls: { cert, key } })
    announce(world, domain, policies, `version: STSv1\nmode: enforce\nmx: mx.${domain}\nmax_age: 86400\n`)
    return peer
  }
  const far = await withPolicy('far.example')
  const fresh: SmtpPeer[] = []
  for (let i = 0; i < NEW; i++) fresh.push(await withPolicy(`new-${i}.example`))
  const place: Place = { servers: [], port, fresh }
  places.set(world, place)
  const others = Object.fromEntries(fresh.map((_, i) => [`new-${i}`, `kim@new-${i}.example`]))
  const node = await world.node({
    role: join(import.meta.dirname, 'one-node-role.yaml'),
    mail: {
      domains: ['example.org'],
      forwards: { kim: 'kim@far.example', gone: 'permfail-rcpt@far.example', ...others },
    },
    yaml: { delivery: { mx_port: world.mxPort, public_ca: join(world.folder, 'ca.pem'), policy_port: port } },
  })
  return {
    node,
    good: { from: 'ann@sender.example', to: 'kim@example.org', localAddress: world.newAddress() },
    arrived: () => far.messages.filter(({ data }) => data.includes('<good-')).length,
    close: () => void Promise.all([policies, ...place.servers].map((server) => server.close())),
  }
}

function announce({ dns }: World, domain: string, server: PolicyServer, answer: string | PolicyAnswer): void {
  dns.zone.set(`_mta-sts.${domain}`, { TXT: 'v=STSv1; id=1;' })
  dns.zone.set(`mta-sts.${domain}`, { A: server.host })
  server.answers.set(`mta-sts.${domain}`, answer)
}

async function run(stage: AttackStage): Promise<void> {
  const { world, target, scale } = stage
  const { servers, port, fresh } = places.get(world) as Place
  const domains = Array.from({ length: DOMAINS * scale }, (_, i) => `hostile-${i}.example`)
  for (const [i, domain] of domains.entries()) {
    const host = stage.stranger(1000 + i)
    const server = await startPolicyServer(world.ca, { host, port })
    servers.push(server)
    announce(world, domain, server, i % 2 === 0 ? { stalls: true } : { drips: true })
    world.dns.zone.set(domain, { MX: `10 mx.${domain}`, TXT: 'v=spf1 ip4:127.0.0.0/8 -all' })
    world.dns.zone.set(`mx.${domain}`, { A: host })
  }
  await causeReports(stage, domains)
  const held = () => servers.reduce((sum, { requests }) => sum + requests.length, 0)
  await until(() => held() >= HELD, { what: 'the policy servers to hold their places', timeout: 60_000 })
  await target.node.send({ to: fresh.map((_, i) => `new-${i}@example.org`), localAddress: world.newAddress() })
  const missing = () => fresh.flatMap(({ messages }, i) => (messages.length === 1 ? [] : [`new-${i}`]))
  // Shorter than the minute that a server can hold its place: the mail must not wait for its end.
  await until(() => missing().length === 0, { what: 'the mail with new policies to arrive', timeout: 30_000 })
}
