// CHECKLIST.md: the steps from the folder to a running fleet, each with the command that proves it.

import type { Fleet, FleetNode } from '../fleet/fleet-model.ts'
import { nodesOf } from '../fleet/fleet-model.ts'
import { nodeSettings } from '../fleet/generated-settings.ts'
import { receivesFromInternet } from '../fleet/node-needs.ts'
import { viewPort } from '../fleet/view-settings.ts'
import { admitsUsers, certificateStep } from './certificate-step.ts'
import type { Person, Runner } from './setup-folder.ts'

interface CheckListRequest {
  readonly fleet: Fleet
  readonly runner: Runner
  /** Null: the commands have a placeholder. */
  readonly person: Person | null
}

const RUN = '/etc/waypost/node.yaml'

/** Markdown. The commands with a host run there as root, by ssh; all others run in the folder. */
export function checkListText(request: CheckListRequest): string {
  const { fleet } = request
  const steps: readonly (readonly [title: string, body: readonly string[]])[] = [
    ['Publish the DNS records', dnsStep],
    ['Install the program on each host', installStep(request)],
    ['Copy each folder to its host', copyStep(request)],
    ['Start the nodes', startStep(request)],
    ...(fleet.nodes.some(admitsUsers)
      ? [['Get a public certificate for mail programs', certificateStep(fleet)] as const]
      : []),
    ['Send the first mail', mailStep(request)],
  ]
  return [
    `# Check list of ${fleet.domain}`,
    '',
    'Work from top to bottom. Each step ends with a command that proves it. Commands run in this',
    'folder; those with `ssh` run on a host, as root.',
    '',
    ...steps.flatMap(([title, body], index) => [`## ${index + 1}. ${title}`, '', ...body, '']),
    ...later(fleet),
  ].join('\n')
}

function code(...commands: readonly string[]): readonly string[] {
  return ['```sh', ...commands, '```']
}

function remote(node: FleetNode, command: string): string {
  return `ssh root@${node.hostname} ${command}`
}

const dnsStep: readonly string[] = [
  '`dns.zone` has all records. Publish them at the DNS provider of each domain; for zones with dynamic',
  'updates, add `zones` to `fleet.yaml` and run `waypost dns publish`. The provider of an address sets',
  'its reverse name (PTR). If mail of the domain is at another provider now, publish the MX records',
  'last.',
  '',
  'Proof: no errors.',
  '',
  ...code('waypost dns check'),
]

function installStep({ fleet, runner }: CheckListRequest): readonly string[] {
  const { dns } = nodeSettings(fleet.nodes[0] as FleetNode, fleet) as { dns?: { servers?: readonly string[] } }
  const resolver = [
    `Each host needs a validating resolver at ${(dns?.servers ?? ['its usual address']).join(', ')}, such as unbound,`,
    runner === 'systemd'
      ? 'and the Debian package, which also brings user and unit:'
      : 'and the waypost program (deploy/README.md of the source):',
    '',
  ]
  if (runner !== 'systemd')
    return [
      ...resolver,
      ...code(
        'docker build -t waypost .        # or podman build'
          .replace('docker', runner === 'docker' ? 'docker' : 'podman')
          .replace(/ {8}# .*/, ''),
      ),
    ]
  return [
    ...resolver,
    ...code(
      '# in the source: npm ci && npm run build -- --deb, then copy dist/waypost_*.deb into this folder',
      ...fleet.nodes.flatMap((node) => [
        `scp waypost_*.deb root@${node.hostname}:`,
        remote(node, "'apt-get install -y ./waypost_*.deb'"),
      ]),
    ),
    '',
    'On other systems, install from the source: deploy/README.md.',
    '',
    'Proof:',
    '',
    ...code(...fleet.nodes.map((node) => remote(node, 'waypost --version'))),
  ]
}

function copyStep({ fleet, runner }: CheckListRequest): readonly string[] {
  // The user of the image has this number (Dockerfile).
  const group = runner === 'systemd' ? 'waypost' : '925'
  const unpack = [
    `install -d -m 750 -g ${group} /etc/waypost`,
    'tar -C /etc/waypost -xf - --no-same-owner',
    `chgrp -R ${group} /etc/waypost`,
    'chmod -R u=rwX,g=rX,o= /etc/waypost',
  ].join(' && ')
  const program = runner === 'systemd' ? 'waypost' : `${runner} run --rm -v /etc/waypost:/etc/waypost:ro waypost`
  return [
    'The folder of a node becomes /etc/waypost of its host. It has secrets: only root and the node read',
    'them.',
    '',
    ...code(
      `copy() { tar -C "$1" -cf - . | ssh "root@$2" '${unpack}'; }`,
      ...fleet.nodes.map(({ name, hostname }) => `copy ${name} ${hostname}`),
    ),
    '',
    'Proof: `ok`. Warnings about `data`, which the service makes at its start, and about nodes that do',
    'not run yet are usual now.',
    '',
    ...code(...fleet.nodes.map((node) => remote(node, `${program} check -c ${RUN}`))),
  ]
}

function startStep({ fleet, runner }: CheckListRequest): readonly string[] {
  const command = {
    systemd: 'systemctl enable --now waypost',
    docker: 'docker compose -f /etc/waypost/compose.yaml up -d',
    podman:
      "'cp /etc/waypost/waypost.container /etc/containers/systemd/ && systemctl daemon-reload && systemctl start waypost'",
  }[runner]
  const inside = { systemd: '', docker: 'docker exec waypost-NAME ', podman: 'podman exec waypost-NAME ' }[runner]
  return [
    ...code(...fleet.nodes.map((node) => remote(node, command))),
    '',
    'Proof: `health  ok`, or the reasons why not, each with a first step.',
    '',
    ...code(...fleet.nodes.map((node) => remote(node, `${inside.replace('NAME', node.name)}waypost status -c ${RUN}`))),
    ...fleetLines(fleet, (node) => inside.replace('NAME', node.name)),
  ]
}

/** How one node shows all; empty for a fleet whose nodes do not ask each other. */
function fleetLines(fleet: Fleet, inside: (node: FleetNode) => string): readonly string[] {
  const asking = fleet.nodes.find((node) => viewPort(node, fleet) !== null)
  if (!asking) return []
  const ports = [...new Set(fleet.nodes.flatMap((node) => viewPort(node, fleet) ?? []))].join(', ')
  return [
    '',
    `Nodes ask each other at TCP port ${ports}: permit it between the hosts, and for no others.`,
    '',
    'Proof: a line for each node, none without an answer.',
    '',
    ...code(remote(asking, `${inside(asking)}waypost status --fleet -c ${RUN}`)),
  ]
}

function mailStep({ fleet, person }: CheckListRequest): readonly string[] {
  const receiver = fleet.nodes.find(({ role }) => receivesFromInternet(role))
  const { name, forward } = person ?? { name: 'NAME', forward: 'NAME@home.example.net' }
  const address = `${name}@${fleet.domain}`
  const users = fleet.nodes.find(admitsUsers)
  return [
    ...(receiver
      ? [
          'A relay test must be refused (`5.7.1`). Run it from a network that is not yours:',
          '',
          ...code(
            `waypost send --via ${receiver.hostname}:25 --from test@example.net --to test@example.com`,
            remote(receiver, `waypost explain ${address} --from friend@example.net -c ${RUN}`),
          ),
          '',
          `Send a mail from a mailbox elsewhere to ${address}. It arrives at ${forward}:`,
          '',
          ...code(
            ...[receiver, ...nodesOf(fleet, 'srs')].map((node) => remote(node, `waypost trace ${address} -c ${RUN}`)),
          ),
        ]
      : []),
    ...(users
      ? [
          '',
          'Send one as the person, with the password that setup printed:',
          '',
          ...code(
            '(umask 077 && cat > password)        # type it, then Control-D',
            `waypost send --via ${users.hostname}:465 --tls --user ${name} --password-file password \\`,
            `  --from ${address} --to ${forward}`,
            'rm password',
          ),
        ]
      : []),
  ]
}

function later({ nodes }: Fleet): readonly string[] {
  return [
    '## Later',
    '',
    '| change | do |',
    '|---|---|',
    '| people, aliases, forwards | edit `shared/mail.yaml`, `waypost passwd set NAME --file shared/passwd`, then as below |',
    '| a setting | edit `fleet.yaml`, never a node.yaml, then as below |',
    '| one more node | `waypost setup --node NAME=ROLE:ADDRESS`, then as below, and steps 1 to 4 for the node |',
    '| renew the certificates of the nodes | every year: as below. The keys stay |',
    '',
    '```sh',
    'waypost setup                     # writes what changed, checks every node',
    `copy ${nodes[0]?.name ?? 'NAME'} ${nodes[0]?.hostname ?? 'HOST'}        # as in step 3`,
    remote(nodes[0] as FleetNode, `waypost reload -c ${RUN}`),
    '```',
    '',
    '`authority/ca.key`, the `key.pem` files and `shared/` are secrets. Keep this folder in a safe place,',
    'with a backup.',
    '',
  ]
}
