// Software of others that tests use as real peers: the Debian package that brings it and how to see that it is there.

export interface Peer {
  readonly debian: string
  /** A command that succeeds if the peer can be used. */
  readonly probe: readonly [string, ...string[]]
  /** Its daemon only runs as root. */
  readonly needsRoot?: boolean
  /** The package conflicts with another peer: it is unpacked below `unpackedFolder`, and these are installed. */
  readonly unpacked?: { readonly libraries: readonly string[]; readonly user: string }
}

/** Where packages are that cannot be installed beside the others. */
export const unpackedFolder = '/opt/waypost-peers'
/** Exim as a client; Debian has one mail server at a time. */
export const eximProgram = `${unpackedFolder}/exim4-daemon-light/usr/sbin/exim4`

const program = (file: string): Peer['probe'] => ['sh', '-c', `PATH="$PATH:/usr/sbin:/sbin"; command -v ${file}`]

export const peers = {
  postfix: { debian: 'postfix', probe: program('postfix'), needsRoot: true },
  exim: {
    debian: 'exim4-daemon-light',
    probe: ['sh', '-c', `test -x ${eximProgram} && id Debian-exim`],
    needsRoot: true,
    unpacked: {
      libraries: ['libdb5.3', 'libgnutls-dane0', 'libidn12', 'libidn2-0', 'libnsl2', 'libpcre2-8-0'],
      user: 'Debian-exim',
    },
  },
  swaks: { debian: 'swaks', probe: program('swaks') },
  // Only recommended by swaks, and without it swaks knows no TLS.
  'net-ssleay': { debian: 'libnet-ssleay-perl', probe: ['perl', '-MNet::SSLeay', '-e', '1'] },
  gsasl: { debian: 'gsasl', probe: program('gsasl') },
  msmtp: { debian: 'msmtp', probe: program('msmtp') },
  opendkim: { debian: 'opendkim', probe: program('opendkim') },
  'opendkim-tools': { debian: 'opendkim-tools', probe: program('opendkim-testmsg') },
  dkimpy: { debian: 'python3-dkim', probe: ['/usr/bin/python3', '-c', 'import dkim'] },
  'mail-srs': { debian: 'libmail-srs-perl', probe: ['perl', '-MMail::SRS', '-e', '1'] },
  postsrsd: { debian: 'postsrsd', probe: program('postsrsd') },
  'flufl.bounce': { debian: 'python3-flufl.bounce', probe: ['/usr/bin/python3', '-c', 'import flufl.bounce'] },
  sisimai: { debian: 'libsisimai-perl', probe: ['perl', '-MSisimai', '-e', '1'] },
  slapd: { debian: 'slapd', probe: program('slapd') },
  'ldap-utils': { debian: 'ldap-utils', probe: program('ldapmodify') },
  postgresql: { debian: 'postgresql', probe: ['sh', '-c', 'ls /usr/lib/postgresql/*/bin/initdb'] },
  mariadb: { debian: 'mariadb-server', probe: program('mariadbd') },
  puppet: { debian: 'puppet', probe: program('puppet') },
  strace: { debian: 'strace', probe: program('strace') },
  rspamd: { debian: 'rspamd', probe: program('rspamd'), needsRoot: true },
  redis: { debian: 'redis-server', probe: ['test', '-x', '/usr/bin/redis-server'] },
  prometheus: { debian: 'prometheus', probe: ['sh', '-c', 'command -v prometheus && command -v promtool'] },
  pebble: { debian: 'pebble', probe: program('pebble') },
  certbot: { debian: 'certbot', probe: program('certbot') },
  lego: { debian: 'lego', probe: program('lego') },
  openssl: { debian: 'openssl', probe: program('openssl') },
  haproxy: { debian: 'haproxy', probe: program('haproxy') },
  clamd: { debian: 'clamav-daemon', probe: program('clamd'), needsRoot: true },
  'dmarc-cat': { debian: 'dmarc-cat', probe: program('dmarc-cat') },
  mandoc: { debian: 'mandoc', probe: program('mandoc') },
  'man-db': { debian: 'man-db', probe: program('lexgrog') },
  bash: { debian: 'bash', probe: program('bash') },
  zsh: { debian: 'zsh', probe: program('zsh') },
  fish: { debian: 'fish', probe: program('fish') },
  adduser: { debian: 'adduser', probe: program('adduser'), needsRoot: true },
  lintian: { debian: 'lintian', probe: program('lintian') },
  ansible: { debian: 'ansible-core', probe: program('ansible-playbook') },
  'python3-apt': { debian: 'python3-apt', probe: ['/usr/bin/python3', '-c', 'import apt'] },
  xmllint: { debian: 'libxml2-utils', probe: program('xmllint') },
  'docker-compose': { debian: 'docker-compose', probe: ['docker-compose', 'version'] },
  jsonschema: { debian: 'python3-jsonschema', probe: ['/usr/bin/python3', '-c', 'import jsonschema'] },
  nsd: { debian: 'nsd', probe: program('nsd') },
  ldns: { debian: 'ldnsutils', probe: program('ldns-signzone') },
  unbound: { debian: 'unbound', probe: program('unbound') },
  named: { debian: 'bind9', probe: program('named') },
  nsupdate: { debian: 'bind9-dnsutils', probe: program('nsupdate') },
  knotd: { debian: 'knot', probe: program('knotd') },
  unshare: { debian: 'util-linux', probe: ['unshare', '-n', 'true'], needsRoot: true },
  ip: { debian: 'iproute2', probe: program('ip') },
  doveadm: { debian: 'dovecot-core', probe: program('doveadm') },
  php: { debian: 'php-cli', probe: program('php') },
  'git-send-email': { debian: 'git-email', probe: ['sh', '-c', 'test -x "$(git --exec-path)/git-send-email"'] },
  's-nail': { debian: 's-nail', probe: program('s-nail') },
  sshd: { debian: 'openssh-server', probe: ['test', '-x', '/usr/sbin/sshd'], needsRoot: true },
  mailman: { debian: 'mailman3', probe: ['test', '-x', '/usr/lib/mailman3/bin/master'], needsRoot: true },
  thunderbird: { debian: 'thunderbird', probe: program('thunderbird'), needsRoot: true },
  chromium: { debian: 'chromium', probe: program('chromium') },
  mutt: { debian: 'mutt', probe: program('mutt') },
  'mime-lite': { debian: 'libmime-lite-perl', probe: ['perl', '-MMIME::Lite', '-e', '1'] },
} as const satisfies Readonly<Record<string, Peer>>

export type PeerName = keyof typeof peers
