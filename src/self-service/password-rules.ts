// Which new passwords are accepted: length, and a few kinds that guessers try first. There are no rules about kinds of characters (NIST SP
// 800-63B 3.1.1.2).

export interface PasswordRules {
  /** Characters. */
  readonly least: number
  /** Octets that the scheme takes. */
  readonly mostOctets: number
}

export interface NewPassword {
  readonly password: string
  readonly repeated: string
  readonly old: string
  /** Names of the person and of the service, which are easy to guess. */
  readonly names: readonly string[]
}

/** Fewer different characters are a pattern. */
const LEAST_DIFFERENT = 5
/** Rows of keyboards, the alphabet and the digits; each also backwards. */
const rows = [
  'abcdefghijklmnopqrstuvwxyz',
  '01234567890',
  'qwertyuiop',
  'qwertzuiop',
  'azertyuiop',
  'asdfghjkl',
  'zxcvbnm',
]
/** Words at the head of every list of leaked passwords. */
const common = [
  'password',
  'passwort',
  'letmein',
  'welcome',
  'iloveyou',
  'changeme',
  'administrator',
  'qwerty',
  'secret',
]
/** A row or a word counts from this length on. */
const LEAST_RUN = 4
/** Characters that remain when what is easy to guess is left out. */
const LEAST_REST = 4
// oxlint-disable-next-line no-control-regex -- control characters are what is refused
const control = /[\u0000-\u001f\u007f]/

/** Null, or why the password is refused, for the person. */
export function whyRefused(
  { password, repeated, old, names }: NewPassword,
  { least, mostOctets }: PasswordRules,
): string | null {
  if (password !== repeated) return 'The two new passwords differ.'
  if (Array.from(password).length < least)
    return `The new password has fewer than ${least} characters. Several words are easy to remember.`
  if (Buffer.byteLength(password) > mostOctets) return `The new password is longer than ${mostOctets} octets.`
  if (control.test(password)) return 'The new password contains a control character, such as a tab.'
  if (password === old) return 'The new password is the old one.'
  const plain = password.normalize('NFKC').toLowerCase()
  if (new Set(plain).size < LEAST_DIFFERENT)
    return `The new password has fewer than ${LEAST_DIFFERENT} different characters.`
  const named = names.map((name) => name.toLowerCase()).filter((name) => name.length >= LEAST_RUN)
  const rest = without(plain, [...named, ...common])
  return rest.length < LEAST_REST
    ? 'The new password is a name, a common password or a row of keys, which guessers try first.'
    : null
}

/** What remains of the text without these words, rows of keys and repetitions. */
function without(text: string, words: readonly string[]): string {
  let rest = text
  for (const word of words.toSorted((a, b) => b.length - a.length)) rest = rest.replaceAll(word, '')
  rest = withoutRows(rest)
  const once = /^(.{1,12}?)\1+$/su.exec(rest)?.[1]
  return (once ?? rest).replaceAll(/[\s\p{P}]/gu, '')
}

function withoutRows(text: string): string {
  const runs = rows.flatMap((row) => [row, row.split('').toReversed().join('')])
  let rest = ''
  let at = 0
  while (at < text.length) {
    const length = Math.max(0, ...runs.map((run) => runLength(text, at, run)))
    if (length >= LEAST_RUN) at += length
    else rest += text[at++]
  }
  return rest
}

/** How many characters from this position on follow each other in the row. */
function runLength(text: string, from: number, row: string): number {
  const start = row.indexOf(text[from] as string)
  if (start < 0) return 0
  let length = 1
  while (start + length < row.length && text[from + length] === row[start + length]) length++
  return length
}
