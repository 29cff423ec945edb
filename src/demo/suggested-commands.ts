// The commands that `waypost demo --stay` suggests while the fleet is running.

import type { Authority as Dns } from './authority.ts'
import { externalAddress, hostAddresses, nodeAddresses } from './demo-addresses.ts'
import { machine, person } from './fleet.ts'
import type { Fleet } from './fleet.ts'

/** Text to print: the location of the files and one command for each thing to try. */
export function suggestedCommands(fleet: Fleet, dns: Pick<Dns, 'host' | 'port'>): string {
  const { folder, ports } = fleet
  const waypost = 'npm run -s waypost --'
  return `
The fleet runs until you press Ctrl-C. Its files are in ${folder}. Try these commands in another terminal:

  send a message from the internet to a role address
    swaks --server ${nodeAddresses.mx}:${ports.smtp} --local-interface ${externalAddress} --ehlo mail.stranger.example --from ann@stranger.example --to press@example.org
  submit a message as ${person.name} (password: ${person.password})
    swaks --server ${nodeAddresses.submission}:${ports.submissions} --tls-on-connect --auth-user ${person.name} --auth-password '${person.password}' --from lee@example.org --to friend@home.example.net
  send a message from the machine ${machine}
    ${waypost} send --via ${nodeAddresses.mta}:${ports.submission} --starttls --insecure --cert ${folder}/${machine}.pem --key ${folder}/${machine}.key --from ${machine}@example.org --to friend@home.example.net
  show how the mx would route a message
    ${waypost} explain -c ${fleet.configOf('mx')} press@example.org --from ann@stranger.example
  show what happened to a message
    ${waypost} trace -c ${fleet.configOf('mx')} press@example.org
    ${waypost} trace -c ${fleet.configOf('srs')} kim@home.example.net
  list the queue of the srs node
    ${waypost} queue list -c ${fleet.configOf('srs')}
  compute an SRS address
    ${waypost} srs -c ${fleet.configOf('srs')} encode ann@stranger.example
  follow the logs
    tail -f ${folder}/*.log

The DNS server is ${dns.host}:${dns.port}. The other mail hosts are ${hostAddresses.accepting} and ${hostAddresses.failing}; both accept mail now.`
}
