// Limits of a message's header section, decided before anything parses it. Readers of headers (ours and mailauth) may count on them.

/**
 * Octets of the header section with its empty line. Postfix keeps 100 KiB per field; whole sections of real mail stay under 64 KiB,
 * and some DKIM and ARC verifiers take time that grows with the square of folded lines.
 */
export const HEADER_SECTION_OCTETS = 128 * 1024

/** Lines of the header section, so also the most fields: real mail has under 300, and 40 000 folded lines stall a verifier for seconds. */
export const HEADER_LINES = 1000

/**
 * What one of our nodes may have put on top of a mail that was within the limits: trace header, results, signatures. The next one takes it,
 * or what the first accepted with 250 would come back.
 */
export const HOP_OCTETS = 16 * 1024
export const HOP_LINES = 200

/** Where our own fields are folded (RFC 5322 2.1.1 SHOULD). */
export const FOLD_COLUMN = 78

/** No line of ours is longer, without CRLF (RFC 5322 2.1.1 MUST). */
export const LINE_OCTETS = 998

/** Past this many times the size limit the rest of a refused message is not even read: the session had better be closed. */
export const DRAIN_FACTOR = 2
