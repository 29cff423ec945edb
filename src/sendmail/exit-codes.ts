// The exit codes of sysexits.h, which callers of sendmail know.

export const EX_OK = 0
/** Wrong use of the command. */
export const EX_USAGE = 64
/** The message is not valid. */
export const EX_DATAERR = 65
/** A recipient does not exist, or the caller has no name. */
export const EX_NOUSER = 67
/** The node refuses for another reason. */
export const EX_UNAVAILABLE = 69
/** The file of a message cannot be created. */
export const EX_CANTCREAT = 73
/** The file of a message cannot be written. */
export const EX_IOERR = 74
/** The caller should try again. */
export const EX_TEMPFAIL = 75
/** The caller may not do this. */
export const EX_NOPERM = 77
/** The settings file is not valid. */
export const EX_CONFIG = 78

/** The exit code for a permanent refusal, from its enhanced status (RFC 3463). */
export function exitCodeOf(enhanced: string): number {
  if (/^5\.1\.[1-6]$/.test(enhanced)) return EX_NOUSER
  if (enhanced.startsWith('5.7.')) return EX_NOPERM
  return enhanced.startsWith('5.6.') || enhanced === '5.3.4' || enhanced === '5.1.7' ? EX_DATAERR : EX_UNAVAILABLE
}
