// What to try with a demonstration that stays up.

import type { Authority as Dns } from './authority.ts'
import { hostAddresses, nodeAddresses, strangerAddress } from './demo-addresses.ts'
import { machine, person } from './fleet.ts'
import type { Fleet } from './fleet.ts'

export function playground(fleet: Fleet, dns: Pick<Dns, 'host' | 'port'>): string {
  const { folder, ports } = fleet
  const waypost = 'npm run -s waypost --'
  return `
The fleet stays up until you press Ctrl-C. Everything is in ${folder}. To play with it, in another terminal:

  a stranger writes to a role address
    swaks --server ${nodeAddresses.mx}:${ports.smtp} --local-interface ${strangerAddress} --ehlo mail.stranger.example --from ann@stranger.example --to press@example.org
  ${person.name} submits a mail (password: ${person.password})
    swaks --server ${nodeAddresses.submission}:${ports.submissions} --tls-on-connect --auth-user ${person.name} --auth-password '${person.password}' --from lee@example.org --to friend@home.example.net
  the machine ${machine} sends one
    ${waypost} send --via ${nodeAddresses.mta}:${ports.submission} --starttls --insecure --cert ${folder}/${machine}.pem --key ${folder}/${machine}.key --from ${machine}@example.org --to friend@home.example.net
  where would this go, and why
    ${waypost} explain -c ${fleet.configOf('mx')} press@example.org --from ann@stranger.example
  what happened to it
    ${waypost} trace -c ${fleet.configOf('mx')} press@example.org
    ${waypost} trace -c ${fleet.configOf('srs')} kim@home.example.net
  what waits
    ${waypost} queue list -c ${fleet.configOf('srs')}
  turn a bounce address back
    ${waypost} srs -c ${fleet.configOf('srs')} encode ann@stranger.example
  the logs
    tail -f ${folder}/*.log

DNS answers at ${dns.host}:${dns.port}; the other hosts are ${hostAddresses.friendly} (accepts) and ${hostAddresses.moody} (now accepts too).`
}
