# SHA-256 of the public key of the machine's certificate, lower-case hexadecimal.
require 'digest'
require 'openssl'

Facter.add(:waypost_machine_fingerprint) do
  setcode do
    file = '/etc/waypost/machine.pem'
    if File.readable?(file)
      certificate = OpenSSL::X509::Certificate.new(File.read(file))
      Digest::SHA256.hexdigest(certificate.public_key.public_to_der)
    end
  end
end
