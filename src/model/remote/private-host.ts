/**
 * Detects hosts that only this machine or its network reaches. A public URL must not name such a
 * host: the request could reach an internal service.
 */

const IPV4 =
  /^(0|10|127|169\.254|172\.(1[6-9]|2\d|3[01])|192\.168|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\./;
/** Loopback, unspecified, unique local, link local, and IPv4 in IPv6. */
const IPV6 = /^\[(::1?|f[cd][0-9a-f]{2}:.*|fe[89ab][0-9a-f]:.*|::ffff:.*)\]$/;
const NAMES = /(^|\.)(localhost|local|internal|intranet|lan|home\.arpa)\.?$/;

/** Expects `hostname` as normalised by `URL`. */
export const isPrivateHost = (hostname: string): boolean =>
  IPV4.test(hostname) ||
  IPV6.test(hostname) ||
  NAMES.test(hostname) ||
  (!hostname.includes('.') && !hostname.startsWith('['));
