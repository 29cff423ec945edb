// The step of the check list for certificates of a public authority. Mail programs of people do not know the private one of the fleet.

import type { Fleet, FleetNode } from '../fleet/fleet-model.ts'

export function admitsUsers({ role }: FleetNode): boolean {
  return Object.values(role.listeners).some(({ admit }) => admit.includes('users'))
}

/** For each node that people log in to. Other nodes keep the certificate of the fleet, which other hosts do not verify on port 25. */
export function certificateStep({ nodes }: Fleet): readonly string[] {
  return [
    'Until then, mail programs warn of the certificate. With certbot, on the host:',
    '',
    '```sh',
    "cat > /etc/letsencrypt/renewal-hooks/deploy/waypost <<'EOF'",
    '#!/bin/sh',
    'install -d -m 750 -g waypost /etc/waypost/public',
    'install -m 640 -g waypost "$RENEWED_LINEAGE/fullchain.pem" "$RENEWED_LINEAGE/privkey.pem" /etc/waypost/public/',
    'waypost reload -c /etc/waypost/node.yaml || true',
    'EOF',
    'chmod 755 /etc/letsencrypt/renewal-hooks/deploy/waypost',
    ...nodes.filter(admitsUsers).map(({ hostname }) => `certbot certonly --standalone --reuse-key -d ${hostname}`),
    '```',
    '',
    'Copy `public/fullchain.pem` of the host to the folder of the node here, add these keys to the node',
    'in `fleet.yaml`, and follow "Later":',
    '',
    '```yaml',
    'certificate: NAME/fullchain.pem        # the other nodes recognise its key',
    'settings: { tls: { certificate: public/fullchain.pem, key: public/privkey.pem } }',
    '```',
    '',
    'Proof:',
    '',
    '```sh',
    ...nodes
      .filter(admitsUsers)
      .map(({ hostname }) => `openssl s_client -connect ${hostname}:465 -verify_return_error </dev/null | grep Verif`),
    '```',
  ]
}
