# A host that sends mail through the mta nodes: its key, its certificate, and the file that the mta nodes collect.
#
# @param senders addresses, or @domain for all addresses of a domain
# @param recipients the only recipients; none for any
# @param networks the only networks from which it connects; none for any
# @param folder where key and certificate are
class waypost::machine (
  Array[String[1]] $senders    = ["@${facts['networking']['fqdn']}"],
  Array[String[1]] $recipients = [],
  Array[String[1]] $networks   = [],
  String[1]        $folder     = '/etc/waypost',
) {
  $machine = $facts['networking']['fqdn']
  $key = "${folder}/machine.key"
  $certificate = "${folder}/machine.pem"

  file { $folder:
    ensure => directory,
    mode   => '0755',
  }

  # Only once: the fingerprint of the key is what the mta nodes know.
  exec { 'waypost machine key':
    command => "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj /CN=${machine} -keyout ${key} -out ${certificate}",
    creates => $key,
    path    => ['/usr/bin', '/bin'],
    umask   => '0077',
    require => File[$folder],
  }

  # The fact is there from the second run on, when the key exists.
  $fingerprint = $facts['waypost_machine_fingerprint']
  if $fingerprint {
    @@file { "/etc/waypost/machines.d/${machine}.yaml":
      ensure  => file,
      mode    => '0644',
      content => epp('waypost/machine.yaml.epp', {
          'machine'     => $machine,
          'fingerprint' => $fingerprint,
          'senders'     => $senders,
          'recipients'  => $recipients,
          'networks'    => $networks,
      }),
      tag     => 'waypost_machine',
    }
  }
}
