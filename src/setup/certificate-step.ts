// The step of the check list for certificates of a public authority. Mail programs of people do not know the private one of the fleet.

import type { Fleet, FleetNode } from '../fleet/fleet-model.ts'

export function admitsUsers({ role }: FleetNode): boolean {
  return Object.values(role.listeners).some(({ admit }) => admit.includes('users'))
}

const PUBLIC = '/etc/waypost/public'

/** For each node that people log in to. Other nodes keep the certificate of the fleet, which other hosts do not verify on port 25. */
export function certificateStep({ nodes }: Fleet): readonly string[] {
  const entrances = nodes.filter(admitsUsers)
  return [
    'Until then, mail programs warn of the certificate. With certbot, on each of these hosts:',
    '',
    '```sh',
    "cat > /etc/letsencrypt/renewal-hooks/deploy/waypost <<'EOF'",
    '#!/bin/sh',
    'cd "$RENEWED_LINEAGE" || exit 1',
    `install -d -m 750 -g waypost ${PUBLIC}`,
    `install -m 640 -g waypost fullchain.pem privkey.pem ${PUBLIC}/`,
    'waypost reload -c /etc/waypost/node.yaml || true',
    'EOF',
    'chmod 755 /etc/letsencrypt/renewal-hooks/deploy/waypost',
    ...entrances.map(({ hostname }) => `certbot certonly --standalone --reuse-key -d ${hostname}   # on that host`),
    '```',
    '',
    'The other nodes and the TLSA records know a node by its key, so fetch the new certificate:',
    '',
    '```sh',
    ...entrances.map(({ name, hostname }) => `scp root@${hostname}:${PUBLIC}/fullchain.pem ${name}/public.pem`),
    '```',
    '',
    'Change the node in `fleet.yaml`, publish the new TLSA record of `dns.zone` if there is one, and',
    'follow "Later":',
    '',
    '```yaml',
    ...entrances.map(({ name }) => `certificate: ${name}/public.pem`),
    `settings: { tls: { certificate: ${PUBLIC}/fullchain.pem, key: ${PUBLIC}/privkey.pem } }`,
    '```',
    '',
    'Proof: `Verification: OK`.',
    '',
    '```sh',
    ...entrances.map(({ hostname }) => `openssl s_client -connect ${hostname}:465 </dev/null | grep ^Verif`),
    '```',
  ]
}
