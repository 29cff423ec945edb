import { describe, expect, it } from 'vitest'
import { matchesShaCrypt, writeShaCrypt } from './sha-crypt.ts'

/** Also computed by crypt(3) of libxcrypt. The last one is a password in UTF-8. */
describe('the test vectors of the specification', () => {
  it.each([
    ['$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5', 'Hello world!'],
    ['$5$rounds=10000$saltstringsaltst$3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA', 'Hello world!'],
    ['$5$rounds=5000$toolongsaltstrin$Un/5jzAHMgOGZ5.mWJpuVolil07guHPvOW8mGRcvxa5', 'This is just a test'],
    [
      '$5$rounds=1400$anotherlongsalts$Rx.j8H.h8HjEDGomFU8bDkXm3XIUnzyxf12oP84Bnq1',
      'a very much longer text to encrypt.  This one even stretches over morethan one line.',
    ],
    [
      '$5$rounds=77777$short$JiO1O3ZpDAxGJeaDIuqCoEFysAe1mZNJRs3pw0KQRd/',
      'we have a short salt string but not a short password',
    ],
    ['$5$rounds=123456$asaltof16chars..$gP3VQ/6X7UUEW3HkBn2w1/Ptq2jxPyzV/cZKmF/wJvD', 'a short string'],
    [
      '$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1',
      'Hello world!',
    ],
    [
      '$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v.',
      'Hello world!',
    ],
    [
      '$6$rounds=5000$toolongsaltstrin$lQ8jolhgVRVhY4b5pZKaysCLi0QBxGoNeKQzQ3glMhwllF7oGDZxUhx1yxdYcz/e1JSbq3y6JMxxl8audkUEm0',
      'This is just a test',
    ],
    [
      '$6$rounds=1400$anotherlongsalts$POfYwTEok97VWcjxIiSOjiykti.o/pQs.wPvMxQ6Fm7I6IoYN3CmLs66x9t0oSwbtEW7o7UmJEiDwGqd8p4ur1',
      'a very much longer text to encrypt.  This one even stretches over morethan one line.',
    ],
    [
      '$6$rounds=77777$short$WuQyW2YR.hBNpjjRhpYD/ifIw05xdfeEyQoMxIXbkvr0gge1a1x3yRULJ5CCaUeOxFmtlcGZelFl5CxtgfiAc0',
      'we have a short salt string but not a short password',
    ],
    [
      '$6$rounds=123456$asaltof16chars..$BtCwjqMJGx5hrJhZywWvt0RLE8uZ4oPwcelCjmw2kSYu.Ec6ycULevoBK25fs2xXgMNrCzIMVcgEJAstJeonj1',
      'a short string',
    ],
    [
      '$6$saltsalt$UWlnTg9Fhc83s927seaqZ1sO45kP9cr61Y.TsaTmFeIBUqDocxb3jWzn5b5hj7Os1xx0FTbiuyBoJUQvq1V04/',
      'Grüße 🔑Grüße 🔑Grüße 🔑Grüße 🔑',
    ],
  ])('%s', (hash, password) => {
    expect(matchesShaCrypt(hash, password)).toBe(true)
    expect(matchesShaCrypt(hash, `${password}.`)).toBe(false)
  })
})

/** Computed by crypt(3) of libxcrypt: that many `x`, the salt `saltsalt`. */
describe('a password of a length about a multiple of the digest', () => {
  it.each([
    ['5', 0, '09agN5RZ2meWdEdnEusqsq5G7RwwghB8jCKoWWADxW/'],
    ['6', 0, 'qkTgsCrWMTAS9gBGcf9W60sFfH.hU0oTCAOJjhbz5tSp/sU3/xXZK4OFwCtq8lIIdpJ6CatVdOTSHKp97TPkt/'],
    ['5', 1, 'hcyDOxdIg0p3xyqtpHh/v8Ph.am06tQaovp1KpEklb7'],
    ['6', 1, '8RWsOfwR6M6PpnoeQiEiWzNTPo1f0HjVYjDnLZhGx16aBFRkeqiHAzfXP/LgrOWMBMXqiU2pLrXsSOHNUyUm91'],
    ['5', 15, 'J3wQTjh9y0RFQfX9NBkKuyNCDaCCRr5vsX0AV9xkhO8'],
    ['6', 15, 'l/zufHnb5R6FeCGXP.x5ONkIPIO8m5gby9UaN9B5nZAEpisuascayQU3lK.7z7pkiAhmdyHYHCMruRs.uPTi90'],
    ['5', 31, 'qv6i9e.andcyGW5BXrw3iTvdAgTJm0JK.eR8tG2d4N/'],
    ['6', 31, '/BW2ldVlxC9T.TCO.5TV3cM8r6.ATMNxo4KqYvs080ojWtZlBQE/9ZBljUw8U9RQXA5Xvtk4oU1JNJ6qegs.51'],
    ['5', 32, 'nVO9zoM.Bfq522j476PYcqDc2vxmMSeMl7RsOoxrn37'],
    ['6', 32, 'oLx8f.eKQ6Q8YmFxKcqaAH8LvZiW2WNeUvN1RFwGRieQyqBcAwLqSZEO3hTuDSRQvbtl3k61G9k2T/m51UV6./'],
    ['5', 33, 'Kx4n2/4xRLVkQlw5rJkWifNHYceH0Ar/qtZ/xUtNsa2'],
    ['6', 33, 'Kom.S.mHauAkj/hnDfY7sxyg45cWH.bbMDx6NyEdt.yyyZw8kyzePZxl2AJ8BfJC5L1wXojzsGhCdnHHQLPhm.'],
    ['5', 63, 'e8dnFtZR0Bv0YsYV7A4s9O8dcRCB9mMBB2Z2Pa4RoK8'],
    ['6', 63, 'mxt0YkCtyNBFrQ6nYxaw9UpRq0bzf9ElpzJ2/VJDXiyEpRmw9tfttP/exGmJa1Kw6678sFD/RDRsm9m.dUY2f/'],
    ['5', 64, 'm/PwYwSKhXHnnF5ieqKGuRN3frnWUjLC/lbcEqQxvB0'],
    ['6', 64, '55HgDHfXPAT2alm9wGBYfZ4wSwbvPfp5Ckl0DdpNANMj2lPpWfhUgp5km1bq8meJGCDkDGSHYEZyDYoThYWH0/'],
    ['5', 65, 'YozIgwSVowIpd9sIzdd.BcK6cjS1MU.GdG8iD8U6oY7'],
    ['6', 65, 'xYtjX5chkHzQE4H5NNOJGZOup/8WWMu4DAbh0yJlqZHiNhP4VIJKzfJJsHqHPaxwIgxrAm2MvFqJ9WwKDFOnf/'],
    ['5', 96, '53qMMuK55QO1i7aKKuzjaE3qTkJHyYqTTkd0/qFgbZ1'],
    ['6', 96, '5BR.u75DzscnS7Wua0YWKpnXSgi9Ds7ZSWAXijPdsYMK2SXW9Ftzhq6Onf9SdtTO8kWog4tDZ/9EPr/2X1D.4.'],
    ['5', 128, 'tkkQKovHTk0xathHdSQcjAvdRnJs.gwPYYQDQs5f9VB'],
    ['6', 128, 'gMgmpB5vJeEcZwoAK.oBWemFhmunx1texmUNGdSUf7Zh2wFqvTSYmVFxR2ScPvzAbcm2xRvGYjMzS0Ao8.Pqo0'],
    ['5', 256, 'ctE1FPOynzLE/ROguHMKWjT7LecGOxIo0myPRhuhxZB'],
    ['6', 256, 'KikEFlsLunfnWnPlzCl6SAg/fpssdKMQ16oXhwRNIt0v6ZoJ8QjaqTdVe7zYw69CEAgfbGeMCM.YZ5yNoqURM.'],
  ] as const)('$%s$, %i octets', (kind, length, hash) => {
    const whole = `$${kind}$saltsalt$${hash}`
    expect(writeShaCrypt(kind, 'x'.repeat(length), 'saltsalt')).toBe(whole)
    expect(matchesShaCrypt(whole, 'x'.repeat(length))).toBe(true)
    expect(matchesShaCrypt(whole, 'x'.repeat(length + 1))).toBe(false)
  })
})

describe('matchesShaCrypt', () => {
  it('takes fewer than 1000 rounds for 1000', () => {
    const digest = '1ql4cMcFC1mBZJuW3rb6t8J31Xyd5k.5UGOjgzj.zsB'
    for (const rounds of [1000, 10]) expect(matchesShaCrypt(`$5$rounds=${rounds}$a$${digest}`, 'test')).toBe(true)
    expect(matchesShaCrypt(`$5$rounds=1001$a$${digest}`, 'test')).toBe(false)
  })

  it.each(['', '$6$', '$6$a$', '$1$a$b', `$6$rounds=x$a$${'a'.repeat(86)}`, '$6$a$b$c'])('is false for %j', (hash) => {
    expect(matchesShaCrypt(hash, 'test')).toBe(false)
  })
})
