# Collects the files of all machines. The node has `machines: /etc/waypost/machines.d` and `watch: true`.
class waypost::mta {
  file { '/etc/waypost/machines.d':
    ensure  => directory,
    mode    => '0755',
    recurse => true,
    # The file of a host that is gone is removed.
    purge   => true,
  }

  File <<| tag == 'waypost_machine' |>>
}
