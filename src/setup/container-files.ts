// Files that run a node in a container: a compose file for Docker, a quadlet for Podman. deploy/README.md says how to build the image.

import { stringify } from 'yaml'
import type { PlannedFile } from './write-files.ts'

interface Container {
  readonly node: string
  /** Ports that others connect to. */
  readonly ports: readonly number[]
}

/** The node drains sessions and then deliveries, each for up to 30 s. Seconds. */
const STOP_SECONDS = 90

export function composeFile({ node, ports }: Container): PlannedFile {
  const service = {
    image: 'waypost',
    container_name: `waypost-${node}`,
    restart: 'unless-stopped',
    stop_grace_period: `${STOP_SECONDS}s`,
    ports: ports.map((port) => `${port}:${port}`),
    volumes: ['/etc/waypost:/etc/waypost:ro', 'queue:/var/lib/waypost'],
    networks: ['mail'],
  }
  // Without IPv6 in its network, Docker replaces the addresses of IPv6 clients by its own.
  const file = { services: { waypost: service }, networks: { mail: { enable_ipv6: true } }, volumes: { queue: {} } }
  // With quotes: YAML 1.1, which some versions of Compose read, takes 25:25 for a number of base 60.
  const text = stringify(file, { defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN' })
  return {
    path: `${node}/compose.yaml`,
    text: `# docker compose -f /etc/waypost/compose.yaml up -d\n${text}`,
    rule: 'generated',
  }
}

export function quadletFile({ node, ports }: Container): PlannedFile {
  const lines = [
    '# Copy it to /etc/containers/systemd/, then: systemctl daemon-reload && systemctl start waypost',
    '[Unit]',
    `Description=Waypost mail-routing node ${node}`,
    'After=network-online.target',
    'Wants=network-online.target',
    '',
    '[Container]',
    'Image=localhost/waypost',
    `ContainerName=waypost-${node}`,
    'Volume=/etc/waypost:/etc/waypost:ro,Z',
    'Volume=waypost-queue:/var/lib/waypost',
    ...ports.map((port) => `PublishPort=${port}:${port}`),
    '# The node binds ports below 1024 without root.',
    'Sysctl=net.ipv4.ip_unprivileged_port_start=0',
    // StopTimeout= needs Podman 5; an unknown key would disable the whole unit.
    `PodmanArgs=--stop-timeout=${STOP_SECONDS}`,
    '',
    '[Service]',
    'Restart=on-failure',
    `TimeoutStopSec=${STOP_SECONDS + 10}`,
    '',
    '[Install]',
    'WantedBy=multi-user.target',
  ]
  return { path: `${node}/waypost.container`, text: `${lines.join('\n')}\n`, rule: 'generated' }
}
