// Limits of a message's header section, applied before any parsing, so that parsers (those of Waypost and mailauth) can rely on them.

/**
 * Octets of the header section with its empty line. Postfix keeps 100 KiB per field; whole sections of real mail stay under 64 KiB,
 * and some DKIM and ARC verifiers take time that grows with the square of folded lines.
 */
export const HEADER_SECTION_OCTETS = 128 * 1024

/** Lines of the header section, and so also fields. Real messages have below 300; 40 000 folded lines block a verifier for seconds. */
export const HEADER_LINES = 1000

/**
 * Octets and lines that a fleet node may add to a message within the limits: trace field, results, signatures. The next fleet node accepts
 * them; otherwise a message that the first node accepted would bounce.
 */
export const HOP_OCTETS = 16 * 1024
export const HOP_LINES = 200

/** Column at which fields of this node are folded (RFC 5322 2.1.1 SHOULD). */
export const FOLD_COLUMN = 78

/** Longest line of a field of this node, without CRLF (RFC 5322 2.1.1 MUST). */
export const LINE_OCTETS = 998

/** Multiple of the size limit after which the rest of a refused message is not read: the session is closed instead. */
export const DRAIN_FACTOR = 2
