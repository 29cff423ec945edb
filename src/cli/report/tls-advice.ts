// What an operator can do about a failure in a TLS report, by its result type (RFC 8460 4.3).

const advice: Readonly<Record<string, string>> = {
  'starttls-not-supported':
    'something between the sender and the mx node removes STARTTLS, or `tls` is missing in its YAML',
  'certificate-host-mismatch': 'the certificate lacks the name of the MX record: add it and reload',
  'certificate-expired': 'renew the certificate; the node takes new files by itself with `watch`',
  'certificate-not-trusted':
    'the chain is incomplete or of an unknown authority: `tls.certificate` needs the whole chain',
  'validation-failure': 'see the reason; with DANE compare the TLSA record with the certificate',
  'tlsa-invalid': 'the TLSA record does not match the certificate: publish the new one before the change of a key',
  'dnssec-invalid': 'the DNSSEC chain of the zone of the MX host is broken: see the signatures of the zone',
  'dane-required': 'the sender requires DANE, and the MX hosts have no TLSA record',
  'sts-policy-fetch-error':
    'https://mta-sts.DOMAIN/.well-known/mta-sts.txt cannot be fetched: see the web server and its certificate',
  'sts-policy-invalid': 'the MTA-STS policy cannot be parsed',
  'sts-webpki-invalid': 'the certificate of mta-sts.DOMAIN is not valid',
}

/** Null for an unknown type. */
export function tlsAdvice(resultType: string): string | null {
  return Object.hasOwn(advice, resultType) ? (advice[resultType] ?? null) : null
}
