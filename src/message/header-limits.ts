// Limits of a message's header section, applied before any parsing, so that parsers (those of Waypost and mailauth) can rely on them.

/** Octets of the header section with its empty line. Postfix keeps 100 KiB per field; thousands of addresses in To and Cc take more. */
export const HEADER_SECTION_OCTETS = 256 * 1024

/** Lines of the header section. Mail to a large group can have thousands, one for each address. */
export const HEADER_LINES = 10_000

/**
 * Octets of all From: fields together, some hundred authors. Each author is parsed several times and has a domain, so a longer
 * field takes up to a second.
 */
export const FROM_OCTETS = 8 * 1024

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
