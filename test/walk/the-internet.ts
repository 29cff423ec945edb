// The hosts of the walk: the operator's computer, four hosts of a hoster, and one host that is the rest of the internet: a name server with
// the root of the DNS, and Postfix with the mailboxes of kim and ann.

import type { PracticeHost } from './practice-hosts.ts'

/** The host of the operator. */
export const OPERATOR = 'office'

/** Of the host that is the rest of the internet. */
const INTERNET = '198.51.100.25'

const fleet = {
  'mx-01': '192.0.2.1',
  'srs-01': '192.0.2.2',
  'submission-01': '192.0.2.3',
  'mta-01': '192.0.2.4',
}

const unbound = `server:
  interface: 127.0.0.1
  do-ip6: no
  module-config: "iterator"
  do-not-query-localhost: no
  cache-max-ttl: 1
  cache-max-negative-ttl: 1
  chroot: ""
  unblock-lan-zones: yes
stub-zone:
  name: "."
  stub-addr: ${INTERNET}
`

/** What every new host has: the key of the operator, and the resolver of the how-to. */
const everyHost = (name: string, publicKey: string) => ({
  '/etc/hosts': `127.0.0.1 localhost\n127.0.1.1 ${name}\n`,
  '/etc/resolv.conf': 'nameserver 127.0.0.1\n',
  '/etc/unbound/unbound.conf': unbound,
  '/root/.ssh/authorized_keys': publicKey,
  '/etc/ssh/sshd_config':
    'PermitRootLogin prohibit-password\nUsePAM no\nUseDNS no\nSubsystem sftp /usr/lib/openssh/sftp-server\n',
})

const prepareHost =
  'rm -f /etc/ssh/ssh_host_*; ssh-keygen -q -t ed25519 -N "" -f /etc/ssh/ssh_host_ed25519_key; chmod -R go= /root/.ssh'

const rootZone = `$ORIGIN .
$TTL 60
@ IN SOA ns.provider.example. hostmaster.provider.example. 1 3600 600 86400 1
@ IN NS ns.provider.example.
ns.provider.example. A ${INTERNET}
home.example.com. MX 10 mx.home.example.com.
mx.home.example.com. A ${INTERNET}
stranger.example. MX 10 mx.home.example.com.
stranger.example. TXT "v=spf1 ip4:${INTERNET} -all"
25.100.51.198.in-addr.arpa. PTR mx.home.example.com.
; A hoster gives names to the addresses of new hosts.
${Object.entries(fleet)
  .map(([name, address]) => `${name}.example.net. A ${address}`)
  .join('\n')}
$INCLUDE /etc/nsd/published.zone
`

const nsd = `server:
  ip-address: ${INTERNET}
  username: nsd
  database: ""
remote-control:
  control-enable: no
zone:
  name: .
  zonefile: /etc/nsd/root.zone
`

const postfix = `compatibility_level = 3.6
myhostname = mx.home.example.com
mydestination = home.example.com, stranger.example
mynetworks = 127.0.0.0/8
inet_protocols = ipv4
smtpd_banner = $myhostname ESMTP
smtp_tls_security_level = may
local_recipient_maps = unix:passwd.byname
smtpd_error_sleep_time = 0
smtpd_soft_error_limit = 1000
smtpd_hard_error_limit = 1000
queue_run_delay = 5s
minimal_backoff_time = 5s
maillog_file = /var/log/mail.log
`

const internetFiles = {
  '/etc/nsd/nsd.conf': nsd,
  '/etc/nsd/root.zone': rootZone,
  '/etc/nsd/published.zone': '',
  '/etc/postfix/main.cf': postfix,
  '/etc/aliases': '',
}

const prepareInternet = `${prepareHost}
useradd kim; useradd ann
newaliases -oA/etc/aliases || postalias /etc/aliases
for unit in nsd postfix; do
  ln -s /lib/systemd/system/$unit.service /etc/systemd/system/multi-user.target.wants/$unit.service
done
`

/**
 * All hosts of the walk. The first is the operator's.
 * @param deb content of the Debian package, which the operator has
 */
export function hostsOfTheWalk(
  deb: Buffer,
  packageName: string,
  key: { readonly secret: string; readonly open: string },
): PracticeHost[] {
  const operatorFiles = {
    ...everyHost(OPERATOR, key.open),
    [`/root/${packageName}`]: deb,
    '/root/.ssh/id_ed25519': key.secret,
    '/root/.ssh/config': 'StrictHostKeyChecking accept-new\nLogLevel ERROR\n',
  }
  return [
    { name: OPERATOR, addresses: ['203.0.113.7'], files: operatorFiles, prepare: prepareHost },
    ...Object.entries(fleet).map(([name, address]) => ({
      name,
      addresses: [address],
      files: everyHost(name, key.open),
      prepare: prepareHost,
    })),
    {
      name: 'internet',
      addresses: [INTERNET],
      files: { ...everyHost('internet', key.open), ...internetFiles },
      prepare: prepareInternet,
    },
  ]
}
